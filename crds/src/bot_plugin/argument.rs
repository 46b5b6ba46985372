//! One argument of a command.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// One argument of a command, typed by position, as `--name value` or as `-n value`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(self.required && has(self.default))").message("a required argument cannot have a default")
)]
pub struct Argument {
    /// Name in usage lines, as `--name`, and in templates as `args.name`.
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z][a-z0-9_]*$')").message("must start with a lower case letter and contain only lower case letters, digits and '_': templates use it as args.name")
    )]
    pub name: String,

    /// What to type here, for `!help`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub summary: String,

    /// One letter for `-x value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-zA-Z]$')").message("must be one letter")
    )]
    pub short: Option<String>,

    /// The command cannot run without it.
    #[serde(default)]
    pub required: bool,

    /// Value when it is not typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub default: Option<String>,

    /// Takes the rest of the line as it was typed, quotes and spaces included. Only the last argument can.
    #[serde(default)]
    pub rest: bool,
}
