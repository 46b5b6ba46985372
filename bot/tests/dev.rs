//! `chatops-bot dev`, driven through a pipe like a person would.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[allow(dead_code, reason = "the tests of storage need more of it")]
#[path = "support/redis_server.rs"]
mod redis_server;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use redis_server::RedisServer;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn sample(name: &str) -> String {
    format!("{}/../manifests/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A conversation over a pipe. The process is stopped when it is dropped.
struct Conversation {
    process: Child,
    /// None once the input ended.
    typed: Option<ChildStdin>,
    printed: Receiver<String>,
}

impl Conversation {
    fn start(arguments: &[&str]) -> Conversation {
        Self::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Conversation {
        let mut process = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
            .arg("dev")
            .args(arguments)
            .env("USER", "alice")
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let typed = process.stdin.take();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, printed) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Conversation { process, typed, printed }
    }

    /// Types a line and returns the first line of the answer.
    fn asks(&mut self, line: &str) -> String {
        writeln!(self.typed.as_ref().unwrap(), "{line}").unwrap();
        self.printed.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{line:?} is not answered"))
    }

    /// Asks until the answer is `expected`.
    fn asks_until(&mut self, line: &str, expected: &str) {
        let start = Instant::now();
        loop {
            let answer = self.asks(line);
            if answer == expected {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{line:?} is answered {answer:?}, not {expected:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the input; returns what was printed since, and whether the program succeeded.
    fn ends(mut self) -> (Vec<String>, bool) {
        drop(self.typed.take());
        let rest = std::iter::from_fn(|| self.printed.recv_timeout(PATIENCE).ok()).collect();
        (rest, self.process.wait().unwrap().success())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_conversation_of_the_demo() {
    let mut dev = Conversation::start(&["-f", &sample("democmd.yaml"), "-f", &sample("hello.yaml")]);
    assert_eq!(dev.asks("!hello"), "Hello @alice :wave:");
    assert_eq!(dev.asks("!democmd add colour blue"), "colour saved");
    assert_eq!(dev.asks("!democmd get colour"), "blue");
    assert_eq!(dev.asks("democmd_get colour"), "blue");
    assert_eq!(dev.asks("DemoCmd GET colour"), "blue");
    assert_eq!(dev.asks("!democmd add text it's \"all\" one   text"), "text saved");
    assert_eq!(dev.asks("!democmd get text"), "it's \"all\" one   text");
    assert_eq!(dev.asks("!democmd list"), "colour: blue");
    assert_eq!(dev.printed.recv_timeout(PATIENCE).unwrap(), "text: it's \"all\" one   text");
    assert_eq!(dev.asks("!democmd delete colour"), "colour deleted");
    assert_eq!(dev.asks("!democmd delete colour"), "colour not found");
    assert_eq!(dev.asks("!democmd get colour"), "colour not found");
    assert_eq!(dev.ends(), (vec![], true));
}

#[test]
fn markdown_is_shown_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.yaml");
    fs::write(&file, plugin("# Own\\n- *one*\\n")).unwrap();
    let dev = Conversation::start(&["-f", file.to_str().unwrap()]);
    writeln!(dev.typed.as_ref().unwrap(), "!own").unwrap();
    assert_eq!(dev.ends(), (vec!["# Own".to_owned(), "- *one*".to_owned()], true));
}

#[test]
fn what_is_mistyped_is_answered_with_what_is_meant() {
    let mut dev = Conversation::start(&["-f", &sample("democmd.yaml")]);
    assert_eq!(
        dev.asks("!demcmd add x y"),
        r#"Command "demcmd add" not found. Did you mean "!democmd add"?"#
    );
    assert_eq!(dev.asks("nonsense"), r#"Command "nonsense" not found. Type !help to see all commands."#);
    assert_eq!(dev.asks("!democmd add"), r#""key" and "value" are missing."#);
    let usage = dev.printed.recv_timeout(PATIENCE).unwrap();
    assert_eq!(usage, "Usage: !democmd add <key> <value…>");
    assert_eq!(dev.asks("!"), "Yes? Type !help to see what I can do.");
}

#[test]
fn help_lists_what_the_files_declare() {
    let dev = Conversation::start(&["-f", &sample("democmd.yaml")]);
    writeln!(dev.typed.as_ref().unwrap(), "help\nhelp democmd").unwrap();
    let (help, _) = dev.ends();
    assert!(help.contains(&"• !democmd add – Remember a value".to_owned()), "{help:?}");
    assert!(help.contains(&"• !ping – See whether I am there".to_owned()), "{help:?}");
    assert_eq!(help.iter().filter(|line| *line == "democmd – Remembers values.").count(), 2, "{help:?}");
}

#[test]
fn the_samples_folder_is_a_bot() {
    let mut dev = Conversation::start(&["-f", &sample("")]);
    assert_eq!(dev.asks("about"), "I am ops, a ChatOps bot, version 0.1.0. Type !help to see what I can do.");
}

fn plugin(reply: &str) -> String {
    format!(
        "apiVersion: chatops.dev/v1alpha1\nkind: BotPlugin\nmetadata: {{name: own}}\nspec: {{commands: [{{name: own, \
         reply: \"{reply}\"}}]}}\n"
    )
}

#[test]
fn a_change_of_a_file_is_taken_up_and_a_broken_one_keeps_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.yaml");
    fs::write(&file, plugin("one")).unwrap();
    let mut dev = Conversation::start(&["-f", folder.path().to_str().unwrap()]);
    assert_eq!(dev.asks("own"), "one");
    fs::write(&file, plugin("two")).unwrap();
    dev.asks_until("own", "two");
    fs::write(&file, "broken: [").unwrap();
    fs::write(folder.path().join("other.yaml"), plugin("three").replace("own", "another")).unwrap();
    assert_eq!(dev.asks("own"), "two");
    fs::write(&file, plugin("four")).unwrap();
    dev.asks_until("another", "three");
    assert_eq!(dev.asks("own"), "four");
}

#[test]
fn a_bot_that_listens_to_mentions_alone_still_answers_here() {
    let folder = tempfile::tempdir().unwrap();
    let bot = fs::read_to_string(sample("chatbot.yaml")).unwrap();
    let mentions = bot.replace("spec:\n", "spec:\n  commands: {addressedBy: [Mention]}\n");
    assert_ne!(mentions, bot);
    fs::write(folder.path().join("bot.yaml"), mentions).unwrap();
    fs::write(folder.path().join("plugin.yaml"), plugin("one")).unwrap();
    let mut dev = Conversation::start(&["-f", folder.path().to_str().unwrap()]);
    assert_eq!(dev.asks("own"), "one");
    assert_eq!(dev.asks("nonsense"), r#"Command "nonsense" not found. Type @ops help to see all commands."#);
}

#[test]
fn data_stay_in_redis_if_that_is_wanted() {
    let server = RedisServer::start("");
    let arguments = ["-f", &sample("democmd.yaml"), "--redis", &server.address()];
    let mut dev = Conversation::start(&arguments);
    assert_eq!(dev.asks("!democmd add colour blue"), "colour saved");
    drop(dev);
    assert_eq!(Conversation::start(&arguments).asks("!democmd get colour"), "blue");
}

#[test]
fn a_secret_of_the_bot_and_what_looks_like_a_token_are_never_said() {
    let (server, secret) = (RedisServer::start("--requirepass correct-horse"), "correct-horse");
    let arguments = ["-f", &sample("democmd.yaml"), "--redis", &server.address()];
    let mut dev = Conversation::start_with(&arguments, &[("REDIS_PASSWORD", secret)]);
    dev.asks_until("!democmd add colour blue", "colour saved");
    assert_eq!(dev.asks(&format!("!echo it is {secret}, really")), "it is ***, really");
    assert_eq!(dev.asks("!echo kubectl says Y29ycmVjdC1ob3JzZQ=="), "kubectl says ***==");
    assert_eq!(dev.asks("!echo redis://:correct%2Dhorse@redis"), "redis://:***@redis");
    assert_eq!(dev.asks("!echo xoxb-123456789012-abcdefghijkl"), "***");
    assert_eq!(dev.asks(&format!("!democmd add {secret} x")), "*** saved");
    assert_eq!(dev.asks("!democmd add token-name x"), "token-name saved");
}

#[test]
fn yaml_that_the_api_server_would_refuse_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.yaml"), plugin("one").replace("reply", "answer")).unwrap();
    let dev = Conversation::start(&["-f", folder.path().to_str().unwrap()]);
    assert_eq!(dev.ends(), (vec![], false));
}

/// The first plugin of the guide, and the conversation with it: what is typed, and every line that is answered.
fn guide() -> (String, Vec<String>, Vec<String>) {
    let guide = fs::read_to_string(format!("{}/../docs/plugins.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (_, from) = guide.split_once("```yaml\n").unwrap();
    let (plugin, after) = from.split_once("```\n").unwrap();
    let (mut typed, mut answered) = (Vec::new(), Vec::new());
    for line in after.lines().skip_while(|line| line.is_empty()).take_while(|line| line.starts_with("    ")) {
        let answer = match line.trim().split_once("   ") {
            Some((command, answer)) => {
                typed.push(command.to_owned());
                answer.trim()
            }
            None if line.trim().starts_with('!') => {
                typed.push(line.trim().to_owned());
                continue;
            }
            None => line.trim(),
        };
        answered.push(answer.to_owned());
    }
    (plugin.to_owned(), typed, answered)
}

#[test]
fn the_guides_example_answers_as_the_guide_says() {
    let (plugin, typed, answered) = guide();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.yaml");
    fs::write(&file, plugin).unwrap();
    let conversation = Conversation::start(&["-f", file.to_str().unwrap()]);
    for line in &typed {
        writeln!(conversation.typed.as_ref().unwrap(), "{line}").unwrap();
    }
    assert_eq!(typed.len(), 3);
    assert_eq!(conversation.ends(), (answered, true));
}
