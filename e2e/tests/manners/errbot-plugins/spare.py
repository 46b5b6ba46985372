"""A plugin that can be done without."""

from errbot import BotPlugin, botcmd


class Spare(BotPlugin):
    """A plugin that can be done without."""

    @botcmd
    def spare(self, _, args):
        """See whether the plugin is there"""
        return "here"
