//! One command of a plugin.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{Argument, Store};
use crate::shared::{durations, visibility::Visibility};

/// One command: what is typed, what it does, what it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.reply) || has(self.store)").message("a command needs a reply, an action (store), or both")
)]
pub struct Command {
    /// What is typed after the prefix: one to four words, e.g. `democmd add`. The longest match wins.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][-a-z0-9]*( [a-z0-9][-a-z0-9]*){0,3}$')").message("must be one to four words of lower case letters, digits and '-', with single spaces between, e.g. \"democmd add\"")
    )]
    pub name: String,

    /// What the command does, for `!help`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub summary: String,

    /// What is typed after the name, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(
        validation = Rule::new("self.filter(a, a.required || a.type != 'Boolean').map(a, a.required ? 0 : 1).isSorted()").message("a required argument must not follow an optional one"),
        validation = Rule::new("self.size() == 0 || self.filter(a, a.rest).size() == 0 || (self.filter(a, a.rest).size() == 1 && self[self.size() - 1].rest)").message("only the last argument may be marked rest: it takes everything that is left of the line"),
        validation = Rule::new("self.filter(a, has(a.repeated) && a.repeated).all(a, a == self[self.size() - 1])").message("only the last argument may be repeated: it takes every value that is left"),
        validation = Rule::new("self.filter(a, has(a.short)).all(a, self.exists_one(b, has(b.short) && b.short == a.short))").message("two arguments must not have the same short name")
    )]
    pub args: Vec<Argument>,

    /// Reads or writes the plugin's own storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,

    /// Template of the answer: Markdown with Jinja syntax. Known in it: `args`, `user`, `channel`, `result` (the action's
    /// outcome).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 10000))]
    pub reply: Option<String>,

    /// Who sees the answer, and where; default: what the ChatBot says in `spec.replies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,

    /// How long it may run before it is stopped and says so. Default, and at most: `spec.commands.timeout` of the ChatBot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "durations::duration")]
    pub timeout: Option<String>,

    /// Running it twice does no more than running it once. Then it is run again where the bot ended in the middle of it;
    /// otherwise whoever typed it is told that its outcome is unknown. It makes no difference with a Redis, to which what
    /// a command writes is written once in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,

    /// Leave the command out of `!help`. It can still be run.
    #[serde(default)]
    pub hidden: bool,
}
