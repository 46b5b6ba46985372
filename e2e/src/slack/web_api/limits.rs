//! What Slack says of a part of a message or a view that is too long, too many or missing.

use serde_json::Value;

/// What is wrong, and where below the blocks or the view.
#[derive(Debug)]
pub(super) struct Problem {
    message: String,
    at: String,
}

impl Problem {
    pub(super) fn new(message: &str, at: &str) -> Problem {
        Problem { message: message.to_owned(), at: at.to_owned() }
    }

    /// In Slack's words, where the part is below `root`.
    pub(super) fn below(&self, root: &str) -> String {
        format!("{} [json-pointer:{root}{}]", self.message, self.at)
    }
}

/// Checks a text object.
pub(super) fn text(object: &Value, most: usize, at: &str) -> Result<(), Problem> {
    let text = object["text"].as_str().ok_or_else(|| Problem::new("missing required field: text", at))?;
    match text.chars().count() {
        0 => Err(Problem::new("must be more than 0 characters", &format!("{at}/text"))),
        length if length > most => Err(too_long(most, &format!("{at}/text"))),
        _ => Ok(()),
    }
}

pub(super) fn too_long(most: usize, at: &str) -> Problem {
    Problem::new(&format!("must be less than {} characters", most + 1), at)
}

pub(super) fn too_many(most: usize, at: &str) -> Problem {
    Problem::new(&format!("no more than {most} items allowed"), at)
}
