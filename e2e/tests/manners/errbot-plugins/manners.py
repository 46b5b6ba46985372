"""The commands of ../plugins.yaml, for Errbot: arguments are declared where ours are, and free text is left free."""

from errbot import BotPlugin, arg_botcmd, botcmd


class Manners(BotPlugin):
    """Commands to be typed at two bots."""

    @arg_botcmd("value", nargs="+", type=str)
    @arg_botcmd("key", type=str)
    def democmd_add(self, _, key, value):
        """Remember a value"""
        self[key] = " ".join(value)
        return f"{key} saved"

    @arg_botcmd("key", type=str)
    def democmd_get(self, _, key):
        """Tell a value"""
        return self.get(key, f"{key} is unknown")

    @botcmd
    def democmd_list(self, _, args):
        """List all values"""
        return "\n".join(f"{key}: {value}" for key, value in self.items()) or "Nothing is remembered yet."

    @arg_botcmd("--dry-run", action="store_true")
    @arg_botcmd("--namespace", "-n", type=str, default="default")
    @arg_botcmd("app", type=str)
    def deploy(self, _, app, namespace, dry_run):
        """Roll out an app"""
        return f"{app} to {namespace}{' in theory' if dry_run else ''}"

    @arg_botcmd("app", type=str)
    def deploy_status(self, _, app):
        """Tell how an app is"""
        return f"{app} is fine"

    @arg_botcmd("replicas", type=int)
    @arg_botcmd("app", type=str)
    def scale(self, _, app, replicas):
        """Change how many there are of an app"""
        return f"{app}: {replicas}"

    @botcmd
    def say(self, _, args):
        """Say something"""
        return args

    @botcmd
    def fails(self, _, args):
        """Go wrong"""
        raise RuntimeError("as it should")

    @botcmd(hidden=True)
    def hush(self, _, args):
        """Not for everybody's eyes"""
        return "hushed"

    @botcmd(historize=False, hidden=True)
    def marker(self, _, args):
        """Typed behind each line by errbot_manners.py"""
        return args
