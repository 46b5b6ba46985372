//! Every kind of frame that Slack sends, decoded.

use chatops_bot::{
    adapter::slack::decode::{Content, Disconnect, Frame, Identity, Ignored, decode},
    chat::{Addressing, Audience, Incoming, MessageKey, Reference, ReplyUrl},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::server::{envelope, slash, typed};

fn identity() -> Identity {
    Identity { user_id: "UBOT".into(), bot_id: Some("BBOT".into()) }
}

fn content(frame: &Value) -> Content {
    decode(&frame.to_string(), &identity()).content
}

/// The message that `fields` on top of a typed one make.
fn event(fields: &Value) -> Content {
    let mut event = typed("1.1", "!ping");
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    content(&envelope("e1", &event))
}

fn message(fields: &Value) -> Incoming {
    match event(fields) {
        Content::Message(incoming) => incoming,
        other => panic!("{fields}: {other:?}"),
    }
}

#[test]
fn frames_about_the_socket_are_told_apart() {
    let hello = json!({"type": "hello", "num_connections": 2, "connection_info": {"app_id": "A1"}});
    assert_eq!(content(&hello), Content::Hello { connections: Some(2) });
    for (reason, expected) in [
        ("warning", Disconnect::Refresh),
        ("refresh_requested", Disconnect::Refresh),
        ("some_day", Disconnect::Refresh),
        ("link_disabled", Disconnect::LinkDisabled),
        ("too_many_websockets", Disconnect::TooMany),
    ] {
        let frame = json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "h"}});
        assert_eq!(content(&frame), Content::Disconnect(expected), "{reason}");
    }
}

#[test]
fn who_opens_the_own_page_asks_for_it_once() {
    let opened = |tab: &str| {
        let event =
            json!({"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": tab, "event_ts": "1.5"});
        content(&envelope("e1", &event))
    };
    let Content::Message(home) = opened("home") else { panic!("{:?}", opened("home")) };
    assert!(home.is_home && home.is_unmistakable);
    let target = home.reply_target(Audience::Channel);
    assert_eq!(
        (home.key, target.channel.as_str(), target.is_home),
        (MessageKey("/home.U1.1.5".into()), "U1", true)
    );
    assert_eq!(opened("messages"), Content::Ignored(Ignored::OtherEvent));
}

#[test]
fn a_reaction_to_a_message_is_one_and_nothing_else_is() {
    let reacts = |fields: Value| {
        let mut event = json!({
            "type": "reaction_added", "user": "U1", "reaction": "ticket", "event_ts": "7.5",
            "item": {"type": "message", "channel": "C1", "ts": "5.5"},
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        content(&envelope("e1", &event))
    };
    let Content::Reaction { incoming, on } = reacts(json!({})) else { panic!("{:?}", reacts(json!({}))) };
    assert_eq!((on.as_str(), incoming.reaction.as_deref()), ("5.5", Some("ticket")));
    assert_eq!((incoming.key, incoming.typed_at), (MessageKey("/reaction.C1.U1.7.5".into()), 7_500));
    assert_eq!(reacts(json!({"user": "UBOT"})), Content::Ignored(Ignored::Own));
    assert_eq!(
        reacts(json!({"item": {"type": "file", "file": "F1"}})),
        Content::Ignored(Ignored::OtherEvent)
    );
    assert_eq!(reacts(json!({"item": {"type": "message"}})), Content::Ignored(Ignored::Malformed));
}

#[test]
fn messages_that_a_person_typed_are_taken_whatever_else_they_are() {
    for subtype in ["thread_broadcast", "file_share", "me_message"] {
        assert_eq!(message(&json!({"subtype": subtype})).text, "!ping", "{subtype}");
    }
    assert_eq!(message(&json!({"item": "of another form"})).text, "!ping");
    let in_thread = message(&json!({"thread_ts": "1.0"}));
    assert_eq!(in_thread.thread.as_deref(), Some("1.0"));
    assert_eq!(in_thread.reply_target(Audience::Channel).thread.as_deref(), Some("1.0"));
}

#[test]
fn what_nobody_typed_is_ignored() {
    for (fields, reason) in [
        (json!({"subtype": "message_changed", "message": {"text": "!ping"}, "user": null}), Ignored::Notice),
        (json!({"subtype": "message_deleted"}), Ignored::Notice),
        (json!({"subtype": "channel_join"}), Ignored::Notice),
        (json!({"subtype": "bot_message", "bot_id": "B2", "user": null}), Ignored::Notice),
        (json!({"edited": {"user": "U1", "ts": "1.2"}}), Ignored::Notice),
        (json!({"user": "UBOT"}), Ignored::Own),
        (json!({"bot_id": "BBOT", "user": "U9"}), Ignored::Own),
        (json!({"bot_id": "B2"}), Ignored::Bot),
        (json!({"bot_id": "B2", "user": null}), Ignored::Bot),
        (json!({"user": "USLACKBOT"}), Ignored::Bot),
        (json!({"text": " \n"}), Ignored::Empty),
        (json!({"text": null}), Ignored::Empty),
        (json!({"ts": null}), Ignored::Malformed),
        (json!({"type": "reaction_added"}), Ignored::OtherEvent),
    ] {
        assert_eq!(event(&fields), Content::Ignored(reason), "{fields}");
    }
}

#[test]
fn a_leading_mention_of_the_bot_is_taken_off() {
    for text in ["<@UBOT> ping", " <@UBOT|ops>: ping", "<@UBOT>, ping", "<@UBOT>ping", "<@UBOT>\nping"] {
        for kind in ["message", "app_mention"] {
            let incoming = message(&json!({"type": kind, "text": text}));
            assert_eq!(
                (incoming.addressing, incoming.text.as_str()),
                (Addressing::Mention, "ping"),
                "{kind} {text}"
            );
        }
    }
    assert_eq!(message(&json!({"text": "<@UBOT>"})).text, "");
    assert_eq!(message(&json!({"text": "<@UBOT> !ping"})).text, "!ping");
}

#[test]
fn another_mention_is_part_of_the_text() {
    for (text, decoded) in [
        ("hey <@UBOT> ping", "hey @UBOT ping"),
        ("<@U2> <@UBOT> ping", "@U2 @UBOT ping"),
        ("<@UBOTTOM> ping", "@UBOTTOM ping"),
    ] {
        let incoming = message(&json!({"type": "app_mention", "text": text}));
        assert_eq!((incoming.addressing, incoming.text.as_str()), (Addressing::Channel, decoded));
    }
}

#[test]
fn a_direct_message_is_known_by_its_channel() {
    for kind in [json!("im"), json!("app_home"), json!(null)] {
        let fields = json!({"channel": "D1", "channel_type": kind});
        let incoming = message(&fields);
        assert!(incoming.channel.is_direct);
        assert_eq!(incoming.addressing, Addressing::Direct);
    }
    let group = message(&json!({"channel": "G1", "channel_type": "mpim"}));
    assert_eq!((group.channel.is_direct, group.addressing), (false, Addressing::Channel));
    let mentioned = message(&json!({"channel": "D1", "channel_type": "im", "text": "<@UBOT> ping"}));
    assert_eq!((mentioned.addressing, mentioned.text.as_str()), (Addressing::Direct, "ping"));
}

/// The slash command that `fields` on top of `/ops ping` make.
fn command(fields: &Value) -> Content {
    let mut frame = slash("e1", "123.4.ab", "ping");
    frame["payload"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    content(&frame)
}

fn called(fields: &Value) -> Incoming {
    match command(fields) {
        Content::Slash(incoming) => incoming,
        other => panic!("{fields}: {other:?}"),
    }
}

#[test]
fn a_slash_command_is_said_to_the_bot_and_named_by_its_trigger() {
    let incoming = called(&json!({}));
    assert_eq!(incoming.key, MessageKey("/123.4.ab".into()));
    assert_eq!((incoming.user.id.as_str(), incoming.user.name.as_deref()), ("U1", Some("jo")));
    assert_eq!((incoming.channel.id.as_str(), incoming.channel.is_direct), ("C1", false));
    assert_eq!((incoming.addressing, incoming.text.as_str()), (Addressing::Mention, "ping"));
    assert_eq!((incoming.thread.as_deref(), incoming.typed_at), (None, 0));
    let url = "https://hooks.slack.example/commands/T1/1/secret";
    assert_eq!(incoming.reply_target(Audience::Channel).reply_url, Some(ReplyUrl(url.into())));
    assert!(!format!("{incoming:?}").contains("secret"));
    let direct = called(&json!({"channel_id": "D1", "channel_name": "directmessage"}));
    assert_eq!((direct.channel.is_direct, direct.addressing), (true, Addressing::Direct));
}

#[test]
fn what_follows_a_slash_command_is_decoded_and_may_be_nothing() {
    let incoming = called(&json!({"text": "tell <@U2|sam> in <#C2|ops> a &lt; b &amp;&amp; c"}));
    assert_eq!(incoming.text, "tell @sam in #ops a < b && c");
    let reference = |text: &str, id: &str| Reference { text: text.into(), id: id.into() };
    assert_eq!(incoming.references, [reference("@sam", "U2"), reference("#ops", "C2")]);
    assert_eq!(called(&json!({"text": "tell @sam in #ops"})).text, "tell @sam in #ops");
    for text in [json!(""), json!(null)] {
        assert_eq!(called(&json!({"text": text})).text, "");
    }
}

#[test]
fn a_slash_command_that_names_nobody_or_nothing_is_ignored() {
    for field in ["trigger_id", "user_id", "channel_id"] {
        assert_eq!(command(&json!({field: null})), Content::Ignored(Ignored::Malformed), "{field}");
    }
    assert_eq!(called(&json!({"response_url": null, "user_name": 5})).reply_url, None);
}

#[test]
fn a_slash_command_is_kept_with_its_address_for_answers_and_read_again() {
    let incoming = called(&json!({}));
    let kept = serde_json::to_string(&incoming).unwrap();
    assert_eq!(serde_json::from_str::<Incoming>(&kept).unwrap(), incoming);
    let typed = serde_json::to_string(&message(&json!({}))).unwrap();
    assert!(!typed.contains("reply_url"), "{typed}");
    assert_eq!(serde_json::from_str::<Incoming>(&typed).unwrap().reply_url, None);
}

#[test]
fn a_time_stamp_beyond_all_time_brings_nothing_down() {
    assert_eq!(message(&json!({"ts": "18446744073709551615.999"})).typed_at, u64::MAX);
}

#[test]
fn an_unknown_frame_is_acknowledged_and_ignored() {
    let frame = json!({"envelope_id": "e1", "type": "telepathy", "payload": {"event": [1, 2]}}).to_string();
    let ignored = Content::Ignored(Ignored::Malformed);
    assert_eq!(decode(&frame, &identity()), Frame { envelope_id: Some("e1".into()), content: ignored });
}

proptest! {
    #[test]
    fn no_frame_brings_the_decoder_down(frame in "[\\[\\]{}\":,a-z0-9<>@_ ]{0,200}") {
        decode(&frame, &identity());
    }

    #[test]
    fn any_text_that_a_person_types_is_decoded(text in any::<String>()) {
        event(&json!({"text": text}));
    }
}
