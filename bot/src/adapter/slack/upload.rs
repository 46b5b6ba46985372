//! An answer on its way to Slack as a file, in three steps: asking for an address, sending the content there, and posting
//! the file where it belongs (docs: "Working with files").

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{encode, sender::SlackSender};
use crate::{
    chat::{MessageKey, Reply},
    outbox::SendError,
};

#[derive(Serialize)]
struct Wanted<'a> {
    filename: &'a str,
    /// In bytes.
    length: usize,
    /// With it Slack shows the beginning.
    snippet_type: &'static str,
}

#[derive(Deserialize)]
struct Place {
    upload_url: String,
    file_id: String,
}

#[derive(Serialize)]
struct Completion<'a> {
    files: [File; 1],
    channel_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
}

#[derive(Serialize)]
struct File {
    id: String,
    title: String,
}

impl SlackSender {
    /// Posts `reply`, the answer to `run`. Nobody sees anything before the last step.
    pub(super) async fn upload(&self, reply: &Reply, run: &MessageKey) -> Result<(), SendError> {
        let content = encode::file(&reply.text);
        let lines = content.lines().count();
        let title = format!("{lines} {}", if lines == 1 { "line" } else { "lines" });
        let (filename, length) = (file_name(run), content.len());
        let (tokens, web, deadline) = (self.tokens()?, &self.link.web, self.link.timing.post);
        let wanted = Wanted { filename: &filename, length, snippet_type: "text" };
        let method = "files.getUploadURLExternal";
        let place = web.call_with_form::<Place>(method, &tokens.bot, &wanted, deadline).await;
        let Place { upload_url, file_id } = place.map_err(|error| unseen(self.failed(error)))?.body;
        let sent = web.upload(&upload_url, content, deadline).await;
        sent.map_err(|error| unseen(self.failed(error)))?;
        let (channel_id, thread_ts) = (reply.target.channel.as_str(), reply.target.thread.as_deref());
        let completion = Completion { files: [File { id: file_id, title }], channel_id, thread_ts };
        let method = "files.completeUploadExternal";
        let posted = web.call::<IgnoredAny>(method, &tokens.bot, &completion, deadline).await;
        posted.map(|_| ()).map_err(|error| self.failed(error))
    }
}

/// What a step comes to that shows nobody anything.
fn unseen(error: SendError) -> SendError {
    match error {
        SendError::Doubtful(error) => SendError::Retry(error),
        error => error,
    }
}

/// What the file with the answer to `run` is called, by which it is found again.
pub(super) fn file_name(run: &MessageKey) -> String {
    let key: Vec<_> =
        run.0.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    format!("answer-{}.txt", key.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_after_what_it_answers() {
        assert_eq!(file_name(&MessageKey("C1:1712.000100".into())), "answer-C1-1712-000100.txt");
        assert_eq!(file_name(&MessageKey("/12.34.ab".into())), "answer-12-34-ab.txt");
    }
}
