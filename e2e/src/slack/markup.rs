//! Slack's text on the wire: what becomes of the words a person types (entities, links, mentions, the `rich_text` block)
//! and, in [`shown`], what people read of the words an app sends. Pure; names are resolved by the caller's look-up.

use serde_json::{Value, json};

use super::{ids, workspace::Workspace};

mod shown;

pub(crate) use shown::shown;

/// A piece of typed text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Span {
    Text(String),
    Link { url: String, label: Option<String> },
    User(String),
    Channel { id: String, name: String },
    Broadcast(&'static str),
}

/// Typed text in its two forms on the wire.
#[derive(Debug)]
pub(crate) struct Typed {
    /// The `text` field.
    pub(crate) text: String,
    /// The `blocks` field: one `rich_text` block.
    pub(crate) blocks: Value,
}

/// Encodes what a person types. Text between triple backticks is taken literally, except for its entities and links.
pub(crate) fn typed(text: &str, workspace: &Workspace) -> Typed {
    let mut wire = String::new();
    let mut elements = Vec::new();
    for (index, part) in text.split("```").enumerate() {
        let is_code = index % 2 == 1;
        let spans = spans(part, if is_code { None } else { Some(workspace) });
        if index > 0 {
            wire.push_str("```");
        }
        wire.extend(spans.iter().map(Span::on_the_wire));
        if !part.is_empty() {
            let kind = if is_code { "rich_text_preformatted" } else { "rich_text_section" };
            let children: Vec<Value> = spans.iter().map(Span::rich_text).collect();
            elements.push(json!({ "type": kind, "elements": children }));
        }
    }
    let blocks = json!([{ "type": "rich_text", "block_id": ids::block(), "elements": elements }]);
    Typed { text: wire, blocks }
}

/// Encodes what follows a slash command of an app that has users, channels and links escaped (docs: "Slash commands",
/// "Escaping").
pub(crate) fn after_command(text: &str, workspace: &Workspace) -> String {
    let spans = spans(text, Some(workspace));
    let encoded = spans.iter().map(|span| match span {
        Span::User(id) => {
            let name = workspace.users.get(id).map(|user| user.name.as_str()).unwrap_or_default();
            format!("<@{id}|{name}>")
        }
        span => span.on_the_wire(),
    });
    encoded.collect()
}

/// Escapes the three characters that Slack's mark-up reserves.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What Slack makes of the `text` an app sends: a bare `&` becomes an entity, bare web addresses become links.
pub(crate) fn normalised(text: &str) -> String {
    if !text.contains('&') && !text.contains("://") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split_inclusive(['<', '>']).enumerate() {
        // `split_inclusive` leaves the bracket at the end: a part that follows a `<` and ends in `>` is a token already.
        let is_token = index > 0 && out.ends_with('<') && part.ends_with('>');
        if is_token {
            out.push_str(part);
            continue;
        }
        for word in part.split_inclusive(char::is_whitespace) {
            let (body, rest) = split_url(word).unwrap_or(("", word));
            if !body.is_empty() {
                out.push_str(&format!("<{body}>"));
            }
            out.push_str(&bare_ampersands_escaped(rest));
        }
    }
    out
}

fn bare_ampersands_escaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_entity = ["amp;", "lt;", "gt;"].iter().any(|entity| part.starts_with(entity));
        out.push_str(if is_entity { "&" } else { "&amp;" });
        out.push_str(part);
    }
    out
}

fn spans(text: &str, names: Option<&Workspace>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut in_code = false;
    for word in text.split_inclusive(|c: char| c.is_whitespace() || c == '(') {
        let plain = in_code || word.contains('`');
        in_code ^= word.matches('`').count() % 2 == 1;
        let (span, rest) = if plain { (None, word) } else { first_span(word, names) };
        spans.extend(span);
        match spans.last_mut() {
            Some(Span::Text(last)) => last.push_str(rest),
            _ if rest.is_empty() => {}
            _ => spans.push(Span::Text(rest.to_owned())),
        }
    }
    spans
}

/// What a word starts with, if that is more than text, and the rest of the word.
fn first_span<'a>(word: &'a str, names: Option<&Workspace>) -> (Option<Span>, &'a str) {
    if let Some((url, rest)) = split_url(word) {
        return (Some(Span::Link { url: url.to_owned(), label: None }), rest);
    }
    if let Some((host, rest)) = split_bare_host(word) {
        return (Some(Span::Link { url: format!("http://{host}"), label: Some(host.to_owned()) }), rest);
    }
    let Some((sigil, name, rest)) = split_name(word) else { return (None, word) };
    let span = names.and_then(|workspace| match (sigil, name) {
        ('@', "here") => Some(Span::Broadcast("here")),
        ('@', "channel") => Some(Span::Broadcast("channel")),
        ('@', "everyone") => Some(Span::Broadcast("everyone")),
        ('@', _) => workspace.user(name).map(|user| Span::User(user.id.clone())),
        _ => workspace.channel(name).map(|c| Span::Channel { id: c.id.clone(), name: c.name.clone() }),
    });
    if span.is_some() { (span, rest) } else { (None, word) }
}

/// `@name` or `#name` at the start of a word.
fn split_name(word: &str) -> Option<(char, &str, &str)> {
    let sigil = word.chars().next().filter(|c| matches!(c, '@' | '#'))?;
    let body = &word[1..];
    let end = body.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(body.len());
    let end = body[..end].trim_end_matches('.').len();
    (end > 0).then(|| (sigil, &body[..end], &body[end..]))
}

/// A web address at the start of a word; punctuation at its end stays outside, as Slack does.
fn split_url(word: &str) -> Option<(&str, &str)> {
    if !["http://", "https://"].iter().any(|scheme| word.starts_with(scheme) && word.len() > scheme.len()) {
        return None;
    }
    let end = word.find(|c: char| c.is_whitespace() || "<>|\"`".contains(c)).unwrap_or(word.len());
    let end = word[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']).len();
    Some((&word[..end], &word[end..]))
}

/// `example.com` at the start of a word: Slack links names under the well-known top-level domains.
fn split_bare_host(word: &str) -> Option<(&str, &str)> {
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c))).unwrap_or(word.len());
    let host = word[..end].trim_end_matches('.');
    let (name, domain) = host.rsplit_once('.')?;
    let is_host = !name.is_empty() && ["com", "org", "net", "io", "dev"].contains(&domain);
    is_host.then(|| (host, &word[host.len()..]))
}

impl Span {
    fn on_the_wire(&self) -> String {
        match self {
            Self::Text(text) => escape(text),
            Self::Link { url, label: None } => format!("<{}>", escape(url)),
            Self::Link { url, label: Some(label) } => format!("<{}|{}>", escape(url), escape(label)),
            Self::User(id) => format!("<@{id}>"),
            Self::Channel { id, name } => format!("<#{id}|{name}>"),
            Self::Broadcast(range) => format!("<!{range}>"),
        }
    }

    fn rich_text(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "type": "text", "text": text }),
            Self::Link { url, label: None } => json!({ "type": "link", "url": url }),
            Self::Link { url, label: Some(label) } => json!({ "type": "link", "url": url, "text": label }),
            Self::User(id) => json!({ "type": "user", "user_id": id }),
            Self::Channel { id, .. } => json!({ "type": "channel", "channel_id": id }),
            Self::Broadcast(range) => json!({ "type": "broadcast", "range": range }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> String {
        let workspace = Workspace::new("ops");
        let bot = workspace.app.user_id.clone();
        let ops = workspace.channel("#ops").unwrap().id.clone();
        typed(text, &workspace).text.replace(&bot, "UBOT").replace(&ops, "COPS")
    }

    #[test]
    fn typed_text_is_encoded_as_slack_encodes_it() {
        let cases = [
            ("a < b && b > c", "a &lt; b &amp;&amp; b &gt; c"),
            ("see http://a.example/x?y=1&z=2.", "see <http://a.example/x?y=1&amp;z=2>."),
            ("open example.com now", "open <http://example.com|example.com> now"),
            ("@ops, look at #ops", "<@UBOT>, look at <#COPS|ops>"),
            ("@nobody and @here", "@nobody and <!here>"),
            ("run `@ops <x>` please", "run `@ops &lt;x&gt;` please"),
            ("```@ops\n  a & b```", "```@ops\n  a &amp; b```"),
            ("two  spaces\nand a line", "two  spaces\nand a line"),
        ];
        for (typed, expected) in cases {
            assert_eq!(wire(typed), expected, "typed: {typed}");
        }
    }

    #[test]
    fn people_read_what_they_typed() {
        let workspace = Workspace::new("ops");
        for text in [
            "a < b && c",
            "@ops deploy #ops http://a.example/?b=1&c",
            "`x` ```y & z```",
            "it's “quoted” — ok",
        ] {
            let typed = typed(text, &workspace);
            assert_eq!(shown(&typed.text, None, None, &workspace), text);
            // A block of code stands on lines of its own.
            let in_blocks = shown("", Some(&typed.blocks), None, &workspace).replace('\n', "");
            assert_eq!(in_blocks, text);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_reads_the_same(text in "([a-z@#&<>|`.,()*!/:é“ \\n]|https?://|@ops|#ops|&amp;|<@U1>|a\\.com){0,30}") {
            let workspace = Workspace::new("ops");
            let typed = typed(&text, &workspace);
            proptest::prop_assert_eq!(shown(&typed.text, None, None, &workspace), text);
        }
    }

    #[test]
    fn an_apps_bare_ampersands_and_addresses_are_normalised_and_its_tokens_are_kept() {
        assert_eq!(normalised("a & b &lt; <@U1> <http://x|y>"), "a &amp; b &lt; <@U1> <http://x|y>");
        assert_eq!(normalised("see https://x.example/a?b=1 now"), "see <https://x.example/a?b=1> now");
    }
}
