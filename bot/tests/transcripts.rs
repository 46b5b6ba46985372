//! `chatops-bot test`: transcripts that pass, that fail, and that cannot be read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const PLUGIN: &str = "\
apiVersion: chatops.dev/v1alpha1
kind: BotPlugin
metadata: {name: demo}
spec:
  commands:
  - {name: hello, reply: \"Hello {{ user.mention }}\"}
  - name: keep
    args: [{name: value, required: true}]
    store: {set: {key: it, value: \"{{ args.value }}\"}}
    reply: |
      kept {{ args.value }}

      before: {{ result | default('nothing') }}
  - {name: place, reply: \"{{ channel.id }}, {{ user.id }}\"}
";

/// What it says, what it says is wrong, and its exit status.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    out: String,
    err: String,
    status: i32,
}

fn run(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap(),
    }
}

/// A folder with these files beside a plugin.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("demo.yaml", PLUGIN)].iter().chain(files) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn the_samples_answer_as_their_transcripts_say() {
    let said =
        run(Path::new(REPOSITORY), &["manifests/samples/democmd.chat", "manifests/samples/hello.chat"]);
    assert_eq!((said.err.as_str(), said.status), ("", 0), "{}", said.out);
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(
        lines[..2],
        ["ok      manifests/samples/democmd.chat", "ok      manifests/samples/hello.chat"]
    );
    assert_eq!(lines[2..], ["2 transcripts, 17 lines typed, 0 failed"]);
}

#[test]
fn the_guides_transcript_passes_as_the_guide_says() {
    let guide = fs::read_to_string(format!("{REPOSITORY}/docs/plugins.md")).unwrap();
    let block = |language: &str| {
        let (_, from) = guide.split_once(&format!("```{language}\n")).unwrap();
        from.split_once("```\n").unwrap().0
    };
    let folder = folder(&[("plugin.yaml", block("yaml")), ("capacity.chat", block("chat"))]);
    let said = run(folder.path(), &["-f", "plugin.yaml", "capacity.chat"]);
    assert_eq!(
        said,
        Said {
            out: "ok      capacity.chat\n1 transcript, 5 lines typed, 0 failed\n".into(),
            err: String::new(),
            status: 0,
        }
    );
}

#[test]
fn each_transcript_has_a_bot_of_its_own_and_people_have_their_places() {
    let keeps = "alice: keep 1\n  kept 1\n\n  before: nothing\nbob in #a: !keep 2\n  kept 2\n\n  before: 1\n";
    let places = "alice: place\n  alice, alice\nbob in #general: !place\n  general, bob\nbob in a thread of #x: @dev \
                  place\n  x, bob\nbob in #general: @ops place\n  (no answer)\n";
    let folder = folder(&[("a.chat", keeps), ("b.chat", keeps), ("c.chat", places)]);
    let said = run(folder.path(), &["a.chat", "b.chat", "c.chat"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.out.ends_with("3 transcripts, 8 lines typed, 0 failed\n"), "{}", said.out);
}

const FAILS: &str = "\
# Nobody knows better.
alice: keep x
  kept x

  before: something
alice: hello
  Hello @.* (re)

bob in #general: hello
  ...
bob in #general: !hello
";

#[test]
fn another_answer_than_expected_is_shown_as_a_patch_of_the_transcript() {
    let folder = folder(&[("fails.chat", FAILS), ("passes.chat", "bob: ping\n  pong\n")]);
    let said = run(folder.path(), &["fails.chat", "passes.chat"]);
    assert_eq!((said.err.as_str(), said.status), ("", 1));
    insta::assert_snapshot!(said.out, @r"
    FAILED  fails.chat: 3 of 4 lines
    --- fails.chat
    +++ fails.chat
    @@ -2,10 +2,11 @@
     alice: keep x
       kept x
     
    -  before: something
    +  before: nothing
     alice: hello
       Hello @.* (re)
     
     bob in #general: hello
    -  ...
    +  (no answer)
     bob in #general: !hello
    +  Hello @bob

    ok      passes.chat
    2 transcripts, 5 lines typed, 3 failed
    ");
}

#[test]
fn a_patched_transcript_passes() {
    let folder = folder(&[("fails.chat", FAILS)]);
    let said = run(folder.path(), &["fails.chat"]);
    fs::write(folder.path().join("patch"), &said.out).unwrap();
    let patched =
        Command::new("git").args(["apply", "-p0", "patch"]).current_dir(folder.path()).output().unwrap();
    assert!(patched.status.success(), "{patched:?}");
    let said = run(folder.path(), &["fails.chat"]);
    assert_eq!(said.status, 0, "{}", said.out);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_nothing_is_run() {
    let folder = folder(&[("good.chat", "bob: ping\n  pong\n"), ("bad.chat", "bob: ping\n pong\nwhat?\n")]);
    let said = run(folder.path(), &["bad.chat", "good.chat", "missing.chat"]);
    assert_eq!((said.out.as_str(), said.status), ("", 2));
    insta::assert_snapshot!(said.err, @r#"
    error: an answer is indented by two spaces
     --> bad.chat:2:2
      |
    2 |  pong
      |  ^^^^

    error: nobody types this: write "alice: …" or "alice in #general: …"; an answer is indented by two spaces, and a comment starts with #
     --> bad.chat:3:1
      |
    3 | what?
      | ^^^^^

    error: cannot read missing.chat: No such file or directory (os error 2)
    "#);
}

#[test]
fn plugins_that_cannot_run_fail_the_run_and_what_does_not_work_in_one_is_told() {
    let refused = PLUGIN.replace("reply: |", "replies: |");
    let folder = folder(&[("refused.yml", &refused), ("a.chat", "bob: ping\n  pong\n")]);
    let said = run(folder.path(), &["a.chat"]);
    assert_eq!((said.out.as_str(), said.status), ("", 1), "{}", said.err);
    assert!(said.err.contains("unknown field, did you mean reply?"), "{}", said.err);
    assert!(said.err.contains("refused.yml:10:"), "{}", said.err);

    let broken = PLUGIN.replace("{{ user.mention }}", "{{ user.");
    fs::write(folder.path().join("refused.yml"), broken.replace("name: demo", "name: other")).unwrap();
    fs::remove_file(folder.path().join("demo.yaml")).unwrap();
    let said = run(folder.path(), &["a.chat", "a.chat"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.err.matches("error: BotPlugin").count(), 1, "told once: {}", said.err);
}

#[test]
fn what_is_missing_on_the_command_line_is_told_with_status_2() {
    let folder = folder(&[("a.chat", "bob: ping\n  pong\n")]);
    let chat_bot = format!("{REPOSITORY}/manifests/samples/chatbot.yaml");
    for (arguments, words) in [
        (&["-f", "demo.yaml"][..], "<TRANSCRIPT>"),
        (&["-f", "missing.yaml", "a.chat"], "cannot read missing.yaml"),
        (
            &["--bot", "dev", "-f", &chat_bot, "a.chat"],
            "there is no ChatBot \"dev\" in these files; there is ops",
        ),
        (&["--junit", "no/such/folder.xml", "a.chat"], "cannot write no/such/folder.xml"),
    ] {
        let said = run(folder.path(), arguments);
        assert_eq!(said.status, 2, "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
}

#[test]
fn junits_xml_has_a_suite_a_transcript_and_a_case_a_line() {
    let folder = folder(&[("fails.chat", FAILS), ("passes.chat", "bob: echo <&>\n  <&>\n")]);
    let said = run(folder.path(), &["--junit", "report.xml", "fails.chat", "passes.chat"]);
    assert_eq!(said.status, 1, "{said:?}");
    let xml = fs::read_to_string(folder.path().join("report.xml")).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).expect("well-formed XML");
    assert_eq!((report.tests, report.failures, report.errors), (5, 3, 0), "{xml}");
    let suites = &report.test_suites;
    let counts: Vec<_> = suites.iter().map(|s| (s.name.as_str(), s.tests, s.failures)).collect();
    assert_eq!(counts, [("fails.chat", 4, 3), ("passes.chat", 1, 0)]);
    assert_eq!(suites[1].test_cases[0].name.as_str(), "1: bob: echo <&>");
    assert_eq!(suites[0].test_cases[0].name.as_str(), "2: alice: keep x");
    assert!(xml.contains("-  before: something\n+  before: nothing\n"), "{xml}");
}

#[test]
fn the_guide_for_people_who_type_says_what_happens() {
    let guide = fs::read_to_string(format!("{REPOSITORY}/docs/typing.md")).unwrap();
    let blocks = guide.split("```chat\n").skip(1).map(|block| block.split("```").next().unwrap());
    let transcript: String = blocks.map(|block| format!("{block}\n")).collect();
    assert!(transcript.lines().count() > 50, "{transcript}");
    let folder = folder(&[("typing.chat", &transcript)]);
    let said = run(folder.path(), &["-f", &format!("{REPOSITORY}/manifests/samples"), "typing.chat"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}
