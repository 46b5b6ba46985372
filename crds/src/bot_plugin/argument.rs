//! One argument of a command.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One argument of a command, typed by position, as `--name value` or as `-n value`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(self.required && has(self.default))").message("a required argument cannot have a default"),
    validation = Rule::new("(self.type == 'Enum') == has(self.values)").message("type Enum needs values, and no other type has them"),
    validation = Rule::new("self.type in ['Integer', 'Number', 'Size', 'Duration'] || !(has(self.min) || has(self.max))").message("only an Integer, a Number, a Size (in bytes) or a Duration (in seconds) has min and max"),
    validation = Rule::new("!has(self.min) || !has(self.max) || self.min <= self.max").message("min must not be greater than max"),
    validation = Rule::new("self.type == 'String' || !(has(self.maxLength) || has(self.pattern))").message("only a String has maxLength and pattern"),
    validation = Rule::new("!has(self.default) || !has(self.maxLength) || self.default.size() <= self.maxLength").message("default must not be longer than maxLength"),
    validation = Rule::new("self.type in ['String', 'JSON'] || !self.rest").message("only a String or JSON takes the rest of the line"),
    validation = Rule::new("!(has(self.repeated) && self.repeated) || !(self.rest || self.type == 'Boolean')").message("a Boolean and an argument that takes the rest of the line cannot be repeated"),
    validation = Rule::new("!has(self.default) || self.type != 'Enum' || !has(self.values) || self.default in self.values").message("default must be one of values"),
    validation = Rule::new("!has(self.default) || self.type != 'Boolean' || self.default in ['true', 'false']").message("the default of a Boolean must be true or false"),
    validation = Rule::new("!has(self.default) || self.type != 'Integer' || self.default.matches('^-?[0-9]{1,18}$')").message("the default of an Integer must be a whole number"),
    validation = Rule::new("!has(self.default) || self.type != 'Number' || self.default.matches('^-?[0-9]{1,18}([.][0-9]{1,18})?$')").message("the default of a Number must be a number such as 2 or 0.5"),
    validation = Rule::new("!has(self.default) || self.type != 'Duration' || self.default.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')").message("the default of a Duration must be a duration such as 90s or 1h30m"),
    validation = Rule::new("!has(self.default) || self.type != 'Size' || self.default.matches('^[0-9]{1,15}([.][0-9]{1,9})?([kMGTP]i?|Ki)?$')").message("the default of a Size must be a size such as 512Mi or 2G"),
    validation = Rule::new("!has(self.default) || self.type != 'Date' || self.default.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')").message("the default of a Date must be a date such as 2026-01-31"),
    validation = Rule::new("!has(self.default) || !(self.type in ['User', 'Channel']) || self.default.matches('^[A-Z0-9]+$')").message("the default of a User or a Channel must be an id such as U012AB3CD: names change"),
    validation = Rule::new("!has(self.default) || !(has(self.min) || has(self.max)) || !self.default.matches('^-?[0-9]{1,18}([.][0-9]{1,18})?$') || ((!has(self.min) || double(self.default) >= double(self.min)) && (!has(self.max) || double(self.default) <= double(self.max)))").message("default must not be less than min or greater than max")
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

    /// What can be typed here, and what templates get: text, a number, true or false, one of `values`, the seconds of a
    /// Duration, the bytes of a Size, `id` and `mention` of a User or a Channel. Anything else is refused with the reason
    /// before the command runs.
    #[serde(default, rename = "type")]
    pub kind: ArgumentType,

    /// What an Enum can be. Upper and lower case are the same to those who type it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub values: Option<Vec<String>>,

    /// Smallest Integer or Number, bytes of a Size, or seconds of a Duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,

    /// Greatest Integer or Number, bytes of a Size, or seconds of a Duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,

    /// Longest String, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 40000))]
    pub max_length: Option<i32>,

    /// What a String must be as a whole, as a regular expression (RE2 syntax), e.g. `INC-[0-9]+`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub pattern: Option<String>,

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

    /// Can be typed several times, by position and by name, and is a list in templates, empty if it is not typed. Only the
    /// last argument can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ArgumentType {
    /// Any text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false: `--name` is true, `--name=no` false. One that is not required is typed by its name only, and false
    /// without it.
    Boolean,
    /// One of the argument's values.
    Enum,
    /// A time such as `90s` or `1h30m`.
    Duration,
    /// An amount of data such as `512Mi`, `2G` or `100` (bytes).
    Size,
    /// A day such as `2026-01-31`.
    Date,
    /// Somebody, by mention or by id.
    User,
    /// A channel, by its name behind `#` or by id.
    Channel,
    /// Anything in JSON, in a block of code if it has spaces, or as the rest of the line.
    #[serde(rename = "JSON")]
    Json,
}
