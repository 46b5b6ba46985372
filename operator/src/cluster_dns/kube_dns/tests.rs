//! Our entries come and go, and the rest of the value stays.

use proptest::prelude::*;

use super::*;

fn stub(zones: &[&str], upstreams: &[&str]) -> StubZones {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    StubZones::parse(&owned(zones), &owned(upstreams), "cluster.local").unwrap()
}

fn slack() -> StubZones {
    stub(&["slack.com", "slack-edge.com"], &["8.8.8.8", "1.1.1.1"])
}

const OURS: &str = r#""slack.com":["8.8.8.8","1.1.1.1"],"slack-edge.com":["8.8.8.8","1.1.1.1"]"#;

#[test]
fn entries_go_to_the_front_and_nothing_else_moves() {
    let theirs = "{ \"acme.local\" : [\"10.0.0.1\"] }\n";
    let edited = apply(Some(theirs), &slack(), None).unwrap();
    assert_eq!(edited, format!("{{{OURS}, \"acme.local\" : [\"10.0.0.1\"] }}\n"));
    assert_eq!(apply(None, &slack(), None).unwrap(), format!("{{{OURS}}}"));
}

#[test]
fn a_foreign_value_of_one_of_the_zones_is_a_conflict() {
    for theirs in
        [r#"{"slack.com":["10.0.0.1"]}"#, r#"{"Slack.com":[]}"#, r#"{"a.b":[],"slack-edge.com":["8.8.8.8"]}"#]
    {
        assert!(matches!(apply(Some(theirs), &slack(), None), Err(Error::Taken { .. })), "{theirs}");
    }
}

#[test]
fn an_equal_foreign_value_is_enough_and_stays_theirs() {
    let theirs = format!("{{{OURS}}}");
    assert_eq!(apply(Some(&theirs), &slack(), None).unwrap(), theirs);
}

#[test]
fn what_kube_dns_would_not_read_is_refused_and_not_touched() {
    for theirs in [
        "{",
        "[]",
        "{'slack.com': ['8.8.8.8']}",
        r#"{"a.b": "10.0.0.1"}"#,
        r#"{"a.b": [1]}"#,
        "{} {}",
        "null",
        "",
        " \n",
    ] {
        assert_eq!(apply(Some(theirs), &slack(), None), Err(Error::Invalid), "{theirs}");
        assert_eq!(undo(theirs, &slack()), theirs);
    }
}

#[test]
fn an_entry_that_somebody_changed_is_theirs() {
    let edited = apply(None, &slack(), None).unwrap();
    let foreign = edited.replacen("8.8.8.8", "10.0.0.1", 1);
    assert_eq!(undo(&foreign, &slack()), r#"{"slack.com":["10.0.0.1","1.1.1.1"]}"#);
    assert!(matches!(apply(Some(&foreign), &slack(), Some(&slack())), Err(Error::Taken { .. })));
}

#[test]
fn other_zones_and_other_upstreams_replace_the_former_ones() {
    let theirs = r#"{"a.b":["10.0.0.1"]}"#;
    let old = apply(Some(theirs), &slack(), None).unwrap();
    for new in [stub(&["slack.com"], &["9.9.9.9"]), stub(&["x.slack.com"], &["8.8.8.8"])] {
        assert_eq!(apply(Some(&old), &new, Some(&slack())), apply(Some(theirs), &new, None));
    }
}

#[test]
fn entries_are_found_wherever_somebody_moved_them() {
    let pretty = "{\n  \"a.b\": [\"10.0.0.1\"],\n  \"slack-edge.com\": [ \"8.8.8.8\", \"1.1.1.1\" ],\n  \"slack.com\": [\"8.8.8.8\", \"1.1.1.1\"]\n}";
    assert_eq!(undo(pretty, &slack()), "{\n  \"a.b\": [\"10.0.0.1\"]\n}");
}

fn theirs() -> impl Strategy<Value = String> {
    let space = "[ \t\r\n]{0,3}";
    let entry = (
        space,
        "[a-z]{1,5}\\.(local|example)",
        space,
        prop::collection::vec("10\\.0\\.0\\.[0-9]{1,2}", 0..3),
        space,
    )
        .prop_map(|(a, zone, b, addresses, c)| format!("{a}\"{zone}\"{b}:{c}{}", json!(addresses)));
    (space, prop::collection::vec(entry, 0..4), space, space)
        .prop_map(|(a, entries, b, c)| format!("{a}{{{}{b}}}{c}", entries.join(",")))
}

proptest! {
    #[test]
    fn taken_out_again_the_value_is_byte_for_byte_what_it_was(text in theirs()) {
        let edited = apply(Some(&text), &slack(), None).unwrap();
        serde_json::from_str::<std::collections::BTreeMap<String, Vec<String>>>(&edited).unwrap();
        prop_assert_eq!(undo(&edited, &slack()), text.clone());
        prop_assert_eq!(apply(Some(&edited), &slack(), Some(&slack())), Ok(edited.clone()), "twice is once");
        prop_assert_eq!(apply(Some(&text), &slack(), Some(&slack())), Ok(edited), "a lost edit is made again");
    }

    #[test]
    fn foreign_entries_added_meanwhile_stay(text in theirs(), front in any::<bool>()) {
        let edited = apply(Some(&text), &slack(), None).unwrap();
        let new = r#""new.example":["10.9.9.9"]"#;
        let foreign = if front {
            edited.replacen('{', &format!("{{{new},"), 1)
        } else {
            let end = edited.rfind('}').unwrap();
            format!("{},{new}{}", &edited[..end], &edited[end..])
        };
        let rest = undo(&foreign, &slack());
        let read = |text: &str| serde_json::from_str::<std::collections::BTreeMap<String, Vec<String>>>(text).unwrap();
        let mut wanted = read(&text);
        wanted.insert("new.example".into(), vec!["10.9.9.9".into()]);
        prop_assert_eq!(read(&rest), wanted);
    }

    #[test]
    fn any_text_is_either_refused_or_restored(text in "([{}\\[\\]\":, a]|\"slack\\.com\"|\"8\\.8\\.8\\.8\"){0,24}") {
        if let Ok(edited) = apply(Some(&text), &slack(), None)
            && edited != text
            && !text.contains("slack.com")
        {
            prop_assert_eq!(undo(&edited, &slack()), text);
        }
    }
}
