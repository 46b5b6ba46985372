//! The fix as a condition prints it: taken out of the message, applied, and nothing else.

use chatops_crds::ChatBot;
use serde_json::Value;

use crate::support::World;

/// What stands between backticks in a message.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// The last YAML in a message, with what only the reader knows filled in.
fn yaml(message: &str, filled_in: &[(&str, &str)]) -> Value {
    let quoted = quoted(message);
    let yaml = quoted.last().unwrap_or_else(|| panic!("no fix in {message:?}"));
    let text = filled_in.iter().fold((*yaml).to_owned(), |text, (word, value)| text.replace(word, value));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

/// Applies the fix of a message: an object of its own, or a merge patch of the ChatBot.
pub async fn apply(world: &World, message: &str, filled_in: &[(&str, &str)]) {
    let fix = yaml(message, filled_in);
    if fix.get("kind").is_some() {
        world.apply(&fix).await;
    } else {
        world.patch::<ChatBot>("ops", fix).await;
    }
}
