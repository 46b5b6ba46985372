//! The bot's answers to those who administer it: what to type in Kubernetes and in Slack, which have it in hand. Pure.

use chatops_crds::bot_report::{BotReport, StorageKind};
use serde_json::Value;

use super::{built_in, program::Program};
use crate::{
    chat::{Incoming, mention},
    command::{Admin, Arguments, Group, help, shortened},
};

/// How much of a name that does not exist is told, in characters.
const SHOWN: usize = 40;

/// What an answer is about.
struct Asked<'a> {
    program: &'a Program,
    /// The argument `name`.
    name: &'a str,
    report: &'a BotReport,
}

/// The answer to `admin`.
pub(super) fn run(
    admin: Admin,
    program: &Program,
    incoming: &Incoming,
    arguments: &Arguments,
    report: &BotReport,
) -> String {
    let name = arguments.get(Admin::NAME).and_then(Value::as_str).unwrap_or_default();
    let asked = Asked { program, name, report };
    match admin {
        Admin::Plugins => asked.plugins(),
        Admin::PluginInfo => asked.of_plugin(Asked::plugin_info),
        Admin::PluginConfig => asked.of_plugin(Asked::plugin_config),
        Admin::PluginReload => asked.of_plugin(Asked::plugin_reload),
        Admin::PluginRemove => asked.of_plugin(Asked::plugin_remove),
        Admin::PluginUninstall => asked.plugin_remove(),
        Admin::PluginInstall => asked.plugin_install(),
        Admin::PluginSearch => asked.plugin_search(),
        Admin::PluginUpdate => "I take up every change of a plugin by myself, within seconds.".into(),
        Admin::Flow if name.is_empty() => no_flows(),
        Admin::Flow => format!("There is no flow \"{}\": {}", shortened(name, SHOWN), no_flows()),
        Admin::Flows => no_flows(),
        Admin::Backup => asked.backup(),
        Admin::LogTail => asked.log(arguments.get(Admin::LINES).and_then(Value::as_i64)),
        Admin::Restart => asked.kubectl(
            "Kubernetes restarts me without a gap",
            &format!("rollout restart deployment/{}-bot", program.bot),
        ),
        Admin::Shutdown => asked.kubectl(
            "Kubernetes stops me, until suspend is false again",
            &format!("patch chatbot {} --type merge -p '{{\"spec\":{{\"suspend\":true}}}}'", program.bot),
        ),
        room => in_slack(room, &me(report, program), incoming),
    }
}

impl Asked<'_> {
    /// What is said, and the command below it.
    fn kubectl(&self, said: &str, command: &str) -> String {
        format!("{said}:\n```\nkubectl -n {} {command}\n```", self.program.namespace)
    }

    /// The name of a plugin as it was typed, if it can be one; nothing else gets into a command that people copy.
    fn safe_name(&self) -> &str {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !self.name.is_empty() && self.name.chars().all(is_name) { self.name } else { "NAME" }
    }

    fn groups(&self) -> impl Iterator<Item = (&str, &Group<super::Runs>)> {
        let groups = self.program.catalogue.groups().iter();
        groups.filter_map(|group| Some((group.plugin.as_deref()?, group)))
    }

    /// What `tell` says of the plugin that is named, if there is one.
    fn of_plugin(&self, tell: impl Fn(&Self) -> String) -> String {
        if self.groups().any(|(name, _)| name == self.name) {
            return tell(self);
        }
        let prefix = &self.program.catalogue.call;
        format!(
            "There is no plugin \"{}\". Type {prefix}plugins to see which I have.",
            shortened(self.name, SHOWN)
        )
    }

    fn plugins(&self) -> String {
        self.kubectl(
            &format!("{}\nEach is a BotPlugin in Kubernetes", built_in::plugins(self.report)),
            "get botplugins",
        )
    }

    fn plugin_info(&self) -> String {
        let group = self.groups().find(|(name, _)| *name == self.name);
        let commands = group.map(|(_, group)| help::commands(&self.program.catalogue.call, group));
        let report = self.report.plugins.iter().find(|plugin| plugin.name == self.name);
        let faults = report.map(built_in::faults).unwrap_or_default();
        let said = format!("{}{faults}\nAll of it", commands.unwrap_or_default());
        self.kubectl(&said, &format!("get botplugin {} -o yaml", self.safe_name()))
    }

    fn plugin_config(&self) -> String {
        let said = "What a plugin does is declared in Kubernetes, and a change is at work within seconds";
        self.kubectl(said, &format!("edit botplugin {}", self.safe_name()))
    }

    fn plugin_reload(&self) -> String {
        let said = "I take up every change of a plugin by myself, within seconds. How it is";
        self.kubectl(said, &format!("get botplugin {}", self.safe_name()))
    }

    fn plugin_remove(&self) -> String {
        let name = self.safe_name();
        self.kubectl("Kubernetes takes a plugin away", &format!("delete botplugin {name}"))
    }

    fn plugin_install(&self) -> String {
        let said =
            "Kubernetes adds a plugin, and I load it if spec.plugins.selector of my ChatBot selects it";
        self.kubectl(said, "apply -f FILE")
    }

    fn plugin_search(&self) -> String {
        let prefix = &self.program.catalogue.call;
        let said = format!("Type {prefix}apropos and a word to find commands that I have. All plugins here");
        self.kubectl(&said, "get botplugins")
    }

    fn backup(&self) -> String {
        let bot = &self.program.bot;
        match self.report.storage.kind {
            StorageKind::Memory => "What my plugins keep is in memory, and gone when I restart.".into(),
            StorageKind::Redis => self.kubectl(
                "This saves what my plugins keep",
                &format!("exec deploy/{bot}-bot -- chatops-bot storage export > {bot}.jsonl"),
            ),
            StorageKind::Embedded => self.kubectl(
                "What my plugins keep is in a file that only I can open while I run. Suspend me, and then save the \
                 volume as docs/storage.md says",
                &format!("patch chatbot {bot} --type merge -p '{{\"spec\":{{\"suspend\":true}}}}'"),
            ),
        }
    }

    fn log(&self, lines: Option<i64>) -> String {
        let command =
            format!("logs deployment/{}-bot --tail={}", self.program.bot, lines.unwrap_or(20).max(1));
        self.kubectl("Kubernetes has my log", &command)
    }
}

/// What a person in Slack types instead.
fn in_slack(room: Admin, me: &str, incoming: &Incoming) -> String {
    match room {
        Admin::RoomJoin => format!("Bring me into a channel from within it: type /invite {me} there."),
        Admin::RoomLeave => format!("Take me out of a channel from within it: type /remove {me} there."),
        Admin::RoomList => {
            format!("Slack lists the channels that I am in: click on {me}, and then on Channels.")
        }
        Admin::RoomInvite => {
            let you = mention(&incoming.user.id);
            format!(
                "Slack brings people into a channel from within it: type /invite and who, as in /invite {you}."
            )
        }
        Admin::RoomOccupants => "Slack shows who is in a channel: type /who in it.".into(),
        Admin::RoomTopic => "Slack changes the topic of a channel: type /topic and the new one in it.".into(),
        Admin::RoomDestroy => "Slack archives a channel: type /archive in it, if you may.".into(),
        _ => "Slack makes channels: press + beside Channels, then bring me in with /invite.".into(),
    }
}

/// How people call the bot in Slack.
fn me(report: &BotReport, program: &Program) -> String {
    match &report.slack.workspace {
        Some(workspace) => mention(&workspace.bot_user_id),
        None => format!("@{}", program.bot),
    }
}

fn no_flows() -> String {
    "I have no flows: a command does all that it does at once.".into()
}
