//! Our block comes and goes, and the rest of the file stays.

use proptest::prelude::*;

use super::*;

fn stub(zones: &[&str], upstreams: &[&str]) -> StubZones {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    StubZones::parse(&owned(zones), &owned(upstreams), "cluster.local").unwrap()
}

fn slack() -> StubZones {
    stub(&["slack.com", "slack-edge.com"], &["8.8.8.8", "1.1.1.1"])
}

const KUBEADM: &str = ".:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    reload
}
";

#[test]
fn the_block_stands_before_the_file() {
    let expected = format!(
        "{BEGIN}\nslack.com:53 slack-edge.com:53 {{\n    errors\n    cache 30\n    forward . 8.8.8.8 1.1.1.1\n}}\n{END}\n{KUBEADM}"
    );
    assert_eq!(apply(KUBEADM, &slack()).unwrap(), expected);
    assert_eq!(undo(&expected).unwrap(), KUBEADM);
}

#[test]
fn a_foreign_block_of_the_same_zone_is_a_conflict_however_it_is_written() {
    for key in [
        "slack.com",
        "slack.com:53",
        "SLACK.com.",
        "dns://slack.com",
        "dns://Slack.com.:53",
        "example.com slack.com",
        "example.com, slack.com:53",
        "example.com,\nslack-edge.com",
        "\"slack.com\"",
    ] {
        let text = format!("{KUBEADM}\n{key} {{\n    forward . 10.0.0.1\n}}\n");
        assert!(
            matches!(apply(&text, &slack()), Err(Error::Taken(_))),
            "{key}: {:?}",
            apply(&text, &slack())
        );
    }
}

#[test]
fn what_only_looks_like_the_same_zone_is_no_conflict() {
    for other in [
        "files.slack.com { }",
        "slack.com.example { }",
        "slack.com:5353 { }",
        "tls://slack.com { }",
        "# slack.com { }",
        "(slack.com) { }",
        "a.example {\n    rewrite name slack.com x\n}",
    ] {
        let text = format!("{KUBEADM}\n{other}\n");
        assert!(apply(&text, &slack()).is_ok(), "{other}: {:?}", apply(&text, &slack()));
    }
}

#[test]
fn the_block_serves_on_the_port_on_which_the_cluster_asks() {
    let edited = apply(&KUBEADM.replacen(".:53", ".:5353", 1), &slack()).unwrap();
    assert!(edited.contains("slack.com:5353 slack-edge.com:5353 {"), "{edited}");
}

#[test]
fn a_file_that_would_break_is_refused_and_not_touched() {
    for (text, wanted) in [
        (".:53\nforward . 8.8.8.8\n", Error::NoBraces(".:53".into())),
        (".:53 {\n    bind 169.254.20.10\n}\n", Error::Bind(".:53".into())),
        ("{$ZONE} { }\n", Error::Environment("{$ZONE}".into())),
        (".:53 {\n", Error::Unbalanced { line: 1 }),
        ("# BEGIN chatops-operator\n.:53 { }\n", Error::Markers),
        (".:53 { }\n# END chatops-operator\n", Error::Markers),
    ] {
        assert_eq!(apply(text, &slack()), Err(wanted), "{text:?}");
    }
}

#[test]
fn a_line_that_looks_like_ours_inside_of_quotes_is_not_ours() {
    let text = ".:53 {\n    a \"\n# BEGIN chatops-operator\n\"\n}\n";
    let edited = apply(text, &slack()).unwrap();
    assert_eq!(undo(&edited).unwrap(), text);
}

#[test]
fn what_others_change_around_our_block_stays() {
    let edited = apply(KUBEADM, &slack()).unwrap();
    let foreign = format!(
        "# mine\n{}x.example {{ }}\n",
        edited.replacen("cache 30\n    reload", "cache 60\n    reload", 1)
    );
    let rest = undo(&foreign).unwrap();
    assert_eq!(rest, format!("# mine\n{}x.example {{ }}\n", KUBEADM.replacen("cache 30", "cache 60", 1)));
}

#[test]
fn something_of_others_before_our_block_does_not_move_it_and_inside_of_theirs_it_does_not_stay() {
    let edited = apply(KUBEADM, &slack()).unwrap();
    let foreign = format!("# mine\nx.example {{ }}\n{edited}");
    assert_eq!(apply(&foreign, &slack()).as_deref(), Ok(foreign.as_str()));
    let block = edited.strip_suffix(KUBEADM).unwrap();
    let nested = KUBEADM.replacen("    errors\n", &format!("    errors\n{block}"), 1);
    assert_eq!(apply(&nested, &slack()).as_deref(), Ok(edited.as_str()));
}

#[test]
fn a_file_says_whether_it_reloads_and_what_it_imports() {
    let text =
        "(s) {\n reload 2s\n}\nimport custom/*.server\n.:1053 {\n import s\n import custom/*.override\n}\n";
    let read = read(text).unwrap();
    assert_eq!(read, Read { reloads: true, imports: vec!["custom/*.server".into()], port: 1053 });
    assert!(!super::read(". { }").unwrap().reloads);
}

/// Corefiles that CoreDNS would take, in every style, and the odd ones beside.
fn corefile() -> impl Strategy<Value = String> {
    let newline = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n"), Just(" # c { \n"), Just("\t\n")];
    let key = prop_oneof![
        "[a-z]{1,6}\\.example(:53|:5353)?",
        Just(".:53".to_owned()),
        Just(".".to_owned()),
        Just("tls://.".to_owned()),
    ];
    let line = prop_oneof![
        Just("errors".to_owned()),
        Just("reload".to_owned()),
        Just("import custom/*.override".to_owned()),
        Just("log { \n class all\n }".to_owned()),
        "hosts \"x[a-z# {}]{0,8}\"",
        "[a-z]{2,8} [a-z0-9./]{1,8}",
        "# [ -~]{0,12}",
    ];
    let block = (prop::collection::vec(key, 1..3), prop::collection::vec(line, 0..4), newline.clone())
        .prop_map(|(keys, lines, n)| {
            format!(
                "{} {{{n}{}}}{n}",
                keys.join(", "),
                lines.iter().map(|l| format!("  {l}{n}")).collect::<String>()
            )
        });
    let part = prop_oneof![
        4 => block,
        1 => Just("(snip) {\n  errors\n}\n".to_owned()),
        1 => Just("import custom/*.server\n".to_owned()),
        1 => "# [ -~]{0,20}\r?\n",
        1 => "[ \t\n]{0,4}",
    ];
    ("\u{feff}?", prop::collection::vec(part, 0..5), "(# no final newline|)")
        .prop_map(|(mark, parts, end)| format!("{mark}{}{end}", parts.concat()))
}

/// Anything at all, much of it close to a Corefile.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        corefile(),
        "\\PC{0,80}",
        "([{}\"#\\\\ \r\n.a:]|slack\\.com|import|# BEGIN chatops-operator|# END chatops-operator|\n){0,40}",
    ]
}

proptest! {
    #[test]
    fn taken_out_again_the_file_is_byte_for_byte_what_it_was(text in corefile()) {
        let edited = apply(&text, &slack());
        prop_assert!(edited.is_ok() || !matches!(edited, Err(Error::Unbalanced { .. })), "{edited:?}");
        if let Ok(edited) = edited {
            prop_assert_eq!(undo(&edited).unwrap(), text);
        }
    }

    #[test]
    fn any_file_is_either_refused_or_restored(text in anything()) {
        if let Ok(edited) = apply(&text, &slack()) {
            prop_assert_eq!(undo(&edited), undo(&text));
            prop_assert_eq!(undo(&undo(&edited).unwrap()), undo(&text), "twice is once");
        }
    }

    #[test]
    fn applied_twice_is_once_and_a_later_choice_replaces_the_former(text in anything()) {
        let (old, new) = (slack(), stub(&["slack.com"], &["9.9.9.9:5353"]));
        if let Ok(edited) = apply(&text, &old) {
            prop_assert_eq!(apply(&edited, &old), Ok(edited.clone()));
            prop_assert_eq!(apply(&edited, &new), apply(&text, &new));
        }
    }

    #[test]
    fn the_other_blocks_are_the_same_before_and_after(text in anything()) {
        if let Ok(edited) = apply(&text, &slack()) {
            let mut before = Blocks::parse(&lex(&undo(&text).unwrap())).unwrap();
            let after = Blocks::parse(&lex(&edited)).unwrap();
            let ours = after.servers.iter().position(|server| server.keys[0].zone == "slack.com").unwrap();
            before.servers.insert(ours, after.servers[ours].clone());
            prop_assert_eq!(before, after);
        }
    }
}
