//! Neutral answers → `chat.postMessage`. Whatever would be mark-up for Slack is escaped, so that no answer notifies a
//! channel or hides a link; only a neutral mention becomes one. Pure.

use serde::Serialize;
use serde_json::json;
use slack_morphism::{
    SlackMessageContent,
    api::{SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest},
    blocks::SlackBlock,
};

use super::{form, metadata::Metadata, rich_text};
use crate::{
    chat::{
        Message, Reply, Sign, Span, plain, spans,
        text::{is_mark, without_markdown},
    },
    markdown,
    outbox::Mark,
};

/// A request that posts a message, with the metadata that slack-morphism does not know.
#[derive(Debug, Serialize)]
pub struct Post {
    #[serde(flatten)]
    request: SlackApiChatPostMessageRequest,
    metadata: Metadata,
}

fn content(reply: &Reply) -> SlackMessageContent {
    SlackMessageContent::new().with_text(text(&reply.text)).opt_blocks(blocks(reply))
}

/// What a text alone does not show. Where there is something, the text is what notifications show.
fn blocks(reply: &Reply) -> Option<Vec<SlackBlock>> {
    let form = reply.lacking.as_deref().and_then(|line| form::offer(&text(&reply.text), line));
    form.or_else(|| {
        let blocks = markdown::blocks(&reply.text).filter(|blocks| !blocks.is_empty())?;
        Some(vec![rich_text::block(&blocks).into()])
    })
}

/// The same answer without what Slack refused: text alone, as it is written.
pub fn without_blocks(reply: &Reply) -> Reply {
    Reply { lacking: None, text: without_markdown(&reply.text), ..reply.clone() }
}

/// The request that posts `reply`, which carries `marks`.
pub fn post_message(reply: &Reply, marks: &[Mark]) -> Post {
    let request = SlackApiChatPostMessageRequest::new(reply.target.channel.clone().into(), content(reply))
        .opt_thread_ts(reply.target.thread.clone().map(Into::into))
        .with_unfurl_links(false)
        .with_unfurl_media(false);
    Post { request, metadata: Metadata::of(marks) }
}

/// The request that shows `reply` to `user` only. Nothing finds such a message again.
pub fn post_ephemeral(reply: &Reply, user: &str) -> SlackApiChatPostEphemeralRequest {
    SlackApiChatPostEphemeralRequest::new(reply.target.channel.clone().into(), user.into(), content(reply))
        .opt_thread_ts(reply.target.thread.clone().map(Into::into))
}

/// The request that shows `reply` as the bot's own page.
pub fn publish(reply: &Reply) -> serde_json::Value {
    let blocks = markdown::blocks(&reply.text).unwrap_or_else(|| markdown::lines(&reply.text));
    json!({
        "user_id": reply.target.channel,
        "view": { "type": "home", "blocks": [SlackBlock::from(rich_text::block(&blocks))] },
    })
}

/// A request of `reactions.add` and `reactions.remove`.
#[derive(Debug, Serialize)]
pub struct Reaction<'a> {
    channel: &'a str,
    timestamp: &'a str,
    name: &'static str,
}

/// The emoji that shows `sign` on `message`.
pub fn reaction(message: &Message, sign: Sign) -> Reaction<'_> {
    let name = match sign {
        Sign::Working => "eyes",
        Sign::Succeeded => "white_check_mark",
        Sign::Failed => "x",
    };
    Reaction { channel: &message.channel, timestamp: &message.id, name }
}

/// An answer to a slash command that goes by its acknowledgement or its response URL (docs: "Handling user interaction").
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    response_type: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<SlackBlock>>,
}

/// The answer `reply` for everybody in its channel, as if it were posted. In a direct message, where only the asker may
/// see it, the two who talk may both be people: there it is for the asker alone.
pub fn response(reply: &Reply) -> Response {
    let is_private = reply.target.only.is_some() || reply.target.channel.starts_with('D');
    let response_type = if is_private { "ephemeral" } else { "in_channel" };
    Response { response_type, text: text(&reply.text), blocks: blocks(reply) }
}

/// An answer for the asker alone.
pub fn private_response(neutral: &str) -> Response {
    Response { response_type: "ephemeral", text: text(neutral), blocks: None }
}

/// What a file shows of neutral text: what it says, without the fences around all of it.
pub fn file(neutral: &str) -> String {
    let text = plain(neutral);
    let text = text.trim_end();
    let fenced = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match fenced {
        Some(code) if !code.contains("```") => code.strip_prefix('\n').unwrap_or(code).to_owned(),
        _ => text.to_owned(),
    }
}

/// Neutral text in Slack's mark-up.
pub fn text(neutral: &str) -> String {
    let mut encoded = String::with_capacity(neutral.len());
    for span in spans(neutral) {
        match span {
            Span::Mention(id) if is_id(id) => {
                encoded.push_str("<@");
                encoded.push_str(id);
                encoded.push('>');
            }
            Span::Channel(id) if is_id(id) => {
                encoded.push_str("<#");
                encoded.push_str(id);
                encoded.push('>');
            }
            Span::Text(text) | Span::Mention(text) | Span::Channel(text) => {
                for c in text.chars().filter(|c| !is_mark(*c)) {
                    match escape(c) {
                        Some(escape) => encoded.push_str(escape),
                        None => encoded.push(c),
                    }
                }
            }
        }
    }
    encoded
}

/// How many characters `c` of neutral text becomes at most. What opens and closes a mention becomes two and one, and marks
/// of Markdown become nothing.
pub fn width(c: char) -> usize {
    match c {
        '\u{E000}' => 2,
        _ if is_mark(c) => 0,
        _ => escape(c).map_or(1, str::len),
    }
}

/// Slack's three escapes (docs: "Formatting message text").
fn escape(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// Whether it has the form of a user id, so that a plugin cannot slip other mark-up in.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::{MessageKey, Target, mention, mention_channel};

    #[test]
    fn mark_up_is_escaped_and_a_mention_is_one() {
        let neutral = format!("<!channel> {} & <http://a|b>", mention("U1"));
        assert_eq!(text(&neutral), "&lt;!channel&gt; <@U1> &amp; &lt;http://a|b&gt;");
        assert_eq!(text(&mention_channel("C1")), "<#C1>");
    }

    #[test]
    fn a_mention_of_something_that_is_no_user_is_escaped() {
        assert_eq!(text(&mention("!here")), "!here");
        assert_eq!(text(&mention_channel("C1|<x>")), "C1|&lt;x&gt;");
        assert_eq!(text(&mention("U1|<x>")), "U1|&lt;x&gt;");
    }

    #[test]
    fn an_answer_goes_to_its_thread_and_unfurls_nothing() {
        let target = Target { channel: "C1".into(), thread: Some("1.2".into()), ..Target::default() };
        let marks = [Mark { run: MessageKey("C1:1.2".into()), part: 0 }];
        let reply = Reply::new(target, "pong");
        let request = serde_json::to_value(post_message(&reply, &marks)).unwrap();
        let expected = json!({
            "channel": "C1", "thread_ts": "1.2", "text": "pong", "unfurl_links": false, "unfurl_media": false,
            "metadata": { "event_type": "chatops_answer", "event_payload": { "answers": ["C1:1.2#0"] } },
        });
        assert_eq!(request, expected);
    }

    #[test]
    fn an_answer_for_one_person_says_who_that_is() {
        let target =
            Target { channel: "C1".into(), thread: None, only: Some("U1".into()), ..Target::default() };
        let request = post_ephemeral(&Reply::new(target, "<pong>"), "U1");
        let expected = json!({ "channel": "C1", "user": "U1", "text": "&lt;pong&gt;" });
        assert_eq!(serde_json::to_value(request).unwrap(), expected);
    }

    #[test]
    fn an_answer_to_a_slash_command_is_for_those_who_would_see_it_posted() {
        for (channel, expected) in [("C1", "in_channel"), ("G1", "in_channel"), ("D1", "ephemeral")] {
            let target = Target { channel: channel.into(), ..Target::default() };
            let response = response(&Reply::new(target, "a < b"));
            let response = serde_json::to_value(response).unwrap();
            assert_eq!(response, json!({ "response_type": expected, "text": "a &lt; b" }));
        }
    }

    #[test]
    fn marks_of_markdown_show_nothing_and_take_no_room() {
        let neutral = crate::chat::text::markdown(&crate::chat::text::value("ab"));
        assert_eq!((text(&neutral).as_str(), neutral.chars().map(width).sum::<usize>()), ("ab", 2));
    }

    #[test]
    fn a_file_shows_what_is_in_the_fences_around_all_of_it() {
        assert_eq!(file("```\na <b>\n  c\n```\n"), "a <b>\n  c\n");
        assert_eq!(file(&format!("{}:\n```\na\n```", mention("U1"))), "@U1:\n```\na\n```");
        assert_eq!(file("```\na\n``` and ```\nb\n```"), "```\na\n``` and ```\nb\n```");
    }

    proptest! {
        #[test]
        fn the_width_of_characters_bounds_the_length_of_the_text(neutral in "[<>&a€\u{e000}\u{e001}]{0,60}") {
            let bound: usize = neutral.chars().map(width).sum();
            prop_assert!(text(&neutral).chars().count() <= bound);
        }
    }
}
