//! Secrets do not leave: random ones, at random places of random texts, in every form that they are looked for in, and
//! through an outbox that splits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{
    fmt::Write,
    ops::Range,
    sync::{Arc, Mutex},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chatops_bot::{
    chat::{MessageKey, Reply, Target, mention},
    mask::Mask,
    outbox::{Delivery, FindError, Mark, Outbox, SendError, Sender},
    report::Metrics,
    secret::Secret,
};
use proptest::{collection::vec, prelude::*, sample::Index};

/// What people may choose for a secret: any printable characters, none of them white space at an end.
const SECRET: &str = "[!-~][ -~é€]{6,198}[!-~]";

/// Text around it, which ends where no character of a secret, as it is or encoded, goes on.
const BEFORE: &str = "([a-z .,€\n]{0,40}ü)?";
const AFTER: &str = "(ü[a-z .,€\n]{0,40})?";

/// Bytes around a secret. With one that begins an escape, the secret might be read as beginning with it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("begins an escape", |byte| !br"%+\&".contains(byte)), 0..40)
}

/// The characters that are chosen as `escape` writes them, and `mark`, with which escapes begin.
fn escaped(secret: &str, chosen: &[Index], mark: char, escape: impl Fn(&mut String, char)) -> String {
    let chosen: Vec<_> = chosen.iter().map(|index| index.index(secret.chars().count())).collect();
    let mut text = String::new();
    for (at, c) in secret.chars().enumerate() {
        if c == mark || chosen.contains(&at) { escape(&mut text, c) } else { text.push(c) }
    }
    text
}

fn percent(text: &mut String, c: char, upper: bool) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        if upper { write!(text, "%{byte:02X}") } else { write!(text, "%{byte:02x}") }.unwrap();
    }
}

fn unquoted(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}

fn json(secret: &str) -> String {
    unquoted(&serde_json::to_string(secret).unwrap()).to_owned()
}

fn slack(secret: &str) -> String {
    secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The digits of `group.0` in which there is a bit of the bytes `secret`, of which `group.1` make a group.
fn digits(secret: Range<usize>, group: (usize, usize)) -> Range<usize> {
    secret.start * group.0 / group.1..(secret.end * group.0).div_ceil(group.1)
}

proptest! {
    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_however_it_is_escaped(
        secret in SECRET, before in BEFORE, after in AFTER, chosen in vec(any::<Index>(), 1..9), upper: bool,
    ) {
        let mask = Mask::new([&secret]);
        let every_one: String = secret.chars().fold(String::new(), |mut text, c| {
            percent(&mut text, c, upper);
            text
        });
        let forms = [
            secret.clone(),
            every_one,
            escaped(&secret, &chosen, '%', |text, c| percent(text, c, upper)),
            serde_urlencoded::to_string([("", &secret)]).unwrap()[1..].to_owned(),
            json(&secret),
            json(&json(&secret)),
            unquoted(&format!("{secret:?}")).to_owned(),
            escaped(&secret, &chosen, '\\', |text, c| write!(text, "\\u{:04x}", u32::from(c)).unwrap()),
            slack(&secret),
            escaped(&secret, &chosen, '&', |text, c| write!(text, "&#{};", u32::from(c)).unwrap()),
            hex(secret.as_bytes()),
            hex(secret.as_bytes()).to_uppercase(),
        ];
        for form in forms {
            let text = format!("{before}{form}{after}");
            prop_assert_eq!(mask.apply(&text), format!("{before}***{after}"), "{}", text);
        }
    }

    #[test]
    fn no_bit_of_a_secret_stays_in_base64_or_hexadecimal_of_what_it_stands_in(
        secret in SECRET, before in bytes(), after in bytes(),
        around in BEFORE, behind in AFTER,
    ) {
        let mask = Mask::new([&secret]);
        let place = before.len()..before.len() + secret.len();
        let bytes = [&before, secret.as_bytes(), &after].concat();
        for (code, group) in [
            (STANDARD.encode(&bytes), (4, 3)),
            (URL_SAFE_NO_PAD.encode(&bytes), (4, 3)),
            (hex(&bytes), (2, 1)),
        ] {
            let digits = digits(place.clone(), group);
            let expected = format!("{around}{}***{}{behind}", &code[..digits.start], &code[digits.end..]);
            let text = format!("{around}{code}{behind}");
            prop_assert_eq!(mask.apply(&text), expected);
        }
    }

    #[test]
    fn no_bit_of_a_secret_stays_in_base64_that_is_wrapped_over_lines(
        secret in SECRET, before in bytes(), columns in 4usize..90, indent in " {0,4}",
    ) {
        let code = STANDARD.encode([&before, secret.as_bytes()].concat());
        let lines: Vec<_> = code.as_bytes().chunks(columns).map(|line| str::from_utf8(line).unwrap()).collect();
        let text = format!("data:\n{indent}{}", lines.join(&format!("\n{indent}")));
        let masked = Mask::new([&secret]).apply(&text).into_owned();
        let digits = digits(before.len()..before.len() + secret.len(), (4, 3));
        let left: String = masked.split_whitespace().skip(1).collect();
        prop_assert_eq!(left, format!("{}***{}", &code[..digits.start], &code[digits.end..]));
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is_and_masking_twice_is_masking_once(
        secret in "[0-9]{8,20}", text in "[a-z%&+\\\\/=é€\u{e000}\u{e001} \n]{0,200}", at: Index,
    ) {
        let mask = Mask::new([&secret]);
        prop_assert_eq!(mask.apply(&text), text.as_str());
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let masked = mask.apply(&format!("{}{secret}{}", &text[..at], &text[at..])).into_owned();
        prop_assert_eq!(mask.apply(&masked), masked.as_str());
        prop_assert!(!masked.contains(|c: char| c.is_ascii_digit()));
    }
}

/// Collects what is sent.
#[derive(Clone)]
struct Listener {
    max_chars: usize,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Sender for Listener {
    async fn send(&self, reply: &Reply, _: &[Mark]) -> Result<(), SendError> {
        self.heard.lock().unwrap().push(reply.text.clone());
        Ok(())
    }

    async fn find(&self, _: &Target, _: &[MessageKey]) -> Result<Vec<Mark>, FindError> {
        Err(FindError::Hidden)
    }

    fn max_chars(&self) -> usize {
        self.max_chars
    }
}

/// The messages in which `text` is sent.
fn sent(text: String, max_chars: usize) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let outbox = Outbox::start(Listener { max_chars, heard: heard.clone() }, Metrics::new());
        let target = Target { channel: "C1".into(), ..Target::default() };
        let delivery = Delivery::new(Reply::new(target, text), MessageKey("C1:1".into()));
        outbox.deliver(delivery).await.await.unwrap();
        heard.lock().unwrap().clone()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_secret_that_a_message_would_end_in_is_in_neither_of_the_two(
        secret in "[A-Z0-9]{8,100}", lines in vec("[a-z é€]{0,60}", 1..20), at: Index, max_chars in 64usize..300,
    ) {
        let _read = Secret::new(secret.clone());
        let text = lines.join("\n");
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let messages = sent(format!("{}{secret}{}", &text[..at], &text[at..]), max_chars);
        prop_assert!(messages.concat().contains("***"));
        for message in messages {
            let is_of_secret = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            prop_assert!(!message.contains(is_of_secret), "{}", message);
        }
    }
}

#[test]
fn mentions_survive() {
    let secret = Secret::new("correct horse battery staple");
    let text = format!("{} said {} to {}", mention("U1"), secret.expose(), mention("U2"));
    assert_eq!(sent(text, 4_000), [format!("{} said *** to {}", mention("U1"), mention("U2"))]);
}
