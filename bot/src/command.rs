//! From what somebody typed to the command it means, and from commands to the text that explains them. Pure: knows
//! neither how a command is run nor which platform it was typed on.

mod address;
mod admin;
mod arguments;
mod built_in;
mod catalogue;
mod enumeration;
mod form;
pub mod help;
mod route;
mod shortened;
mod suggest;
mod tokenize;
mod value;

pub use admin::Admin;
pub use arguments::{
    Arguments, InvalidArgument, WrongArguments, check as check_argument, parse as parse_arguments,
};
pub use built_in::BuiltIn;
pub use catalogue::{Catalogue, Entry, Group, Words};
pub use form::{form, line as filled_line};
pub use route::{Routed, route};
pub use shortened::shortened;
pub use suggest::{Suggestion, best as best_matches};
pub use tokenize::{Token, Tokens};
