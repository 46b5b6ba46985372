//! The simulator is held to what Slack's own clients accept: one bot, written with `slack_sdk`, `slack_bolt` and
//! `@slack/bolt` (see `sdks/README.md`), has the same conversation in it. `scripts/sdks.sh` installs the clients.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use chatops_e2e::{
    installed,
    slack::{Action, Fault, Message, Simulator},
};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

/// Starting Python or Node and connecting takes a second or two on an idle machine.
const START: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(20);
/// Bolt for JavaScript waits five seconds before it connects again.
const RECONNECT: Duration = Duration::from_secs(60);
const CHANNEL: &str = "#general";

/// One of the bots as a process; ends with the test.
struct Bot {
    process: Child,
    log: PathBuf,
}

impl Bot {
    fn start(name: &str, slack: &Simulator, program: &Path, script: &str) -> anyhow::Result<Self> {
        let log =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.log", slack.address().port()));
        let output = File::create(&log)?;
        let process = Command::new(program)
            .arg(folder().join("sdks").join(script))
            .env("SLACK_API_URL", format!("{}/", slack.api_url()))
            .env("SLACK_BOT_TOKEN", slack.bot_token())
            .env("SLACK_APP_TOKEN", slack.app_token())
            .env("NODE_PATH", installed::sdks()?.join("node/node_modules"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { process, log })
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the bot through everything; what the bot printed is part of the error.
async fn converse_with(name: &str, program: fn(&Path) -> PathBuf, script: &str) -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).time_factor(20.0).start().await?;
    let bot = Bot::start(name, &slack, &program(&installed::sdks()?), script)?;
    let result = conversation(&slack).await;
    result.with_context(|| format!("{name} printed:\n{}", fs::read_to_string(&bot.log).unwrap_or_default()))
}

async fn conversation(slack: &Simulator) -> anyhow::Result<()> {
    slack.wait_for_sockets(1, START).await?;
    understands_what_is_typed(slack).await?;
    threads_edits_and_reactions_work(slack).await?;
    files_arrive(slack).await?;
    answers_are_decoded(slack).await?;
    commands_and_clicks_are_answered(slack).await?;
    forms_are_opened_and_filled_in(slack).await?;
    the_own_page_is_published(slack).await?;
    connects_again_after_a_refresh_and_a_cut(slack).await?;
    waits_out_rate_limits(slack).await
}

async fn ask(slack: &Simulator, text: &str) -> anyhow::Result<Message> {
    let question = slack.user("alice").types(CHANNEL, text).await?;
    slack.wait_for_reply(&question, ANSWER).await
}

async fn understands_what_is_typed(slack: &Simulator) -> anyhow::Result<()> {
    for text in ["hello", "a < b & c > d", "it's “quoted” – and http://a.example/?b=1&c", "two\nlines"]
    {
        ensure!(ask(slack, &format!("!echo {text}")).await?.text == text, "not echoed as typed: {text}");
    }
    let mentioned = ask(slack, "@ops how are you").await?;
    ensure!(mentioned.text == format!("mentioned in {}", mentioned.channel), "{}", mentioned.text);

    ensure!(ask(slack, "!echo !echo loop").await?.text == "!echo loop");
    let asked = slack.user("bob").types(CHANNEL, "!echo once").await?;
    slack.wait_for_reply(&asked, ANSWER).await?;
    slack.user("bob").edits(&asked, "!echo twice").await?;
    slack.user("bob").deletes(&asked).await?;
    let direct = slack.user("carol").direct_message("!echo hidden").await?;
    ensure!(slack.wait_for_reply(&direct, ANSWER).await?.text == "hidden");
    let all = slack.messages(CHANNEL)?;
    ensure!(!all.iter().any(|message| message.text == "loop"), "the bot answered itself");
    ensure!(!all.iter().any(|message| message.text == "twice"), "the bot ran an edited message");
    Ok(())
}

async fn threads_edits_and_reactions_work(slack: &Simulator) -> anyhow::Result<()> {
    let question = slack.user("alice").types(CHANNEL, "!thread").await?;
    let reply = slack.wait_for_reply(&question, ANSWER).await?;
    ensure!(reply.thread_ts == Some(question.ts), "not in the thread: {reply:?}");
    let inside = slack.user("bob").types_in_thread(&reply, "!echo inside").await?;
    ensure!(slack.wait_for_reply(&inside, ANSWER).await?.thread_ts == Some(question.ts));

    let working = ask(slack, "!edit").await?;
    let is_done = |message: Message| (message.text == "done" && message.edited.is_some()).then_some(());
    slack.wait_until("the edited message", ANSWER, |slack| slack.current(&working).and_then(is_done)).await?;

    let question = slack.user("alice").types(CHANNEL, "!react").await?;
    slack.wait_for_reply(&question, ANSWER).await?;
    let reactions = slack.current(&question).context("the question is gone")?.reactions;
    ensure!(reactions.len() == 1 && reactions[0].name == "eyes", "{reactions:?}");

    let question = slack.user("carol").types(CHANNEL, "!ephemeral").await?;
    let reply = slack.wait_for_reply(&question, ANSWER).await?;
    ensure!(reply.visible_to == question.user && reply.text == "for your eyes", "{reply:?}");
    Ok(())
}

async fn files_arrive(slack: &Simulator) -> anyhow::Result<()> {
    let message = ask(slack, "!upload").await?;
    ensure!(message.text == "the report" && message.files.len() == 1, "{message:?}");
    let file = &message.files[0];
    ensure!((file.name.as_str(), file.title.as_str()) == ("report.txt", "Report"), "{file:?}");
    ensure!(slack.file_content(&file.id).as_deref() == Some(b"file content".as_slice()));
    Ok(())
}

async fn answers_are_decoded(slack: &Simulator) -> anyhow::Result<()> {
    let facts: Value = serde_json::from_str(&ask(slack, "!whoami").await?.text)?;
    let expected = json!({
        "asker": "alice", "email": "alice@acme.example", "bot": "ops", "same": true, "team": "acme", "scoped": true,
        "users": 7, "channels": ["general", "ops", "partners", "random"], "members": 6,
    });
    ensure!(facts == expected, "{facts}");

    let codes: Value = serde_json::from_str(&ask(slack, "!errors").await?.text)?;
    let expected = json!({
        "unknown channel": "channel_not_found:", "missing scope": "missing_scope:channels:join",
        "unknown method": "unknown_method:", "nothing to say": "no_text:",
    });
    ensure!(codes == expected, "{codes}");

    let question = slack.user("alice").types(CHANNEL, "!history").await?;
    let counted = |slack: &chatops_e2e::slack::Slack| slack.replies_to(&question).into_iter().nth(2);
    let facts = slack.wait_until("what the history holds", ANSWER, counted).await?;
    let facts: Value = serde_json::from_str(&facts.text)?;
    let expected = json!({
        "newest": "counting", "metadata": "counted", "more": true, "replies": ["!history", "reply"],
    });
    ensure!(facts == expected, "{facts}");
    Ok(())
}

async fn commands_and_clicks_are_answered(slack: &Simulator) -> anyhow::Result<()> {
    slack.user("alice").runs_command(CHANNEL, "/ops", "status").await?;
    let saw = |action: &Action, text: &str| action.new_message().is_some_and(|message| message.text == text);
    let both_answers = |entries: &[chatops_e2e::slack::Entry]| {
        let acknowledged = entries.iter().any(|entry| {
            matches!(entry.action, Action::Ephemeral { .. }) && saw(&entry.action, "acknowledged status")
        });
        let responded = entries.iter().any(|entry| saw(&entry.action, "responded status"));
        (acknowledged && responded).then_some(())
    };
    slack.wait_for(both_answers, ANSWER).await.context("a slash command")?;

    let message = ask(slack, "!echo a button").await?;
    slack.user("alice").clicks(&message, "confirm", "yes").await?;
    let clicked = |entries: &[chatops_e2e::slack::Entry]| {
        entries.iter().any(|entry| saw(&entry.action, "clicked yes")).then_some(())
    };
    slack.wait_for(clicked, ANSWER).await.context("a click")
}

async fn forms_are_opened_and_filled_in(slack: &Simulator) -> anyhow::Result<()> {
    let alice = slack.user("alice");
    let message = ask(slack, "!echo a form").await?;
    alice.clicks(&message, "form", "").await?;
    slack.wait_until("a form", ANSWER, |_| alice.modal()).await?;
    alice.submits(&json!({"name": {"value": {"value": "nobody"}}})).await?;
    let told = |_: &chatops_e2e::slack::Slack| {
        alice.modal().filter(|modal| modal.errors.get("name").is_some_and(|told| told == "nobody is no name"))
    };
    slack.wait_until("what is wrong", ANSWER, told).await?;
    alice.submits(&json!({"name": {"value": {"value": "web"}}})).await?;
    slack.wait_until("no form", ANSWER, |_| alice.modal().is_none().then_some(())).await?;
    let filled = |slack: &chatops_e2e::slack::Slack| {
        let all = slack.messages(CHANNEL).ok()?;
        all.iter().any(|message| message.text == "filled in web").then_some(())
    };
    slack.wait_until("an answer", ANSWER, filled).await
}

async fn the_own_page_is_published(slack: &Simulator) -> anyhow::Result<()> {
    let alice = slack.user("alice");
    alice.opens_home().await?;
    let page = slack.wait_until("a page", ANSWER, |_| alice.home()).await?;
    let elements = &page.view["blocks"][0]["elements"];
    ensure!(elements[0]["elements"][0]["text"] == "Welcome, ", "{elements}");
    ensure!(elements[0]["elements"][1]["type"] == "user", "{elements}");
    Ok(())
}

async fn connects_again_after_a_refresh_and_a_cut(slack: &Simulator) -> anyhow::Result<()> {
    for (fault, connections) in [(Fault::Refresh { after_millis: 0 }, 2), (Fault::DropSockets, 3)] {
        slack.inject(fault);
        let what = format!("connection {connections}");
        let connected = |slack: &chatops_e2e::slack::Slack| {
            let stats = slack.stats();
            (stats.connections_opened >= connections && stats.sockets == 1).then_some(())
        };
        slack.wait_until(&what, RECONNECT, connected).await?;
        ensure!(ask(slack, "!echo back").await?.text == "back");
    }
    Ok(())
}

async fn waits_out_rate_limits(slack: &Simulator) -> anyhow::Result<()> {
    slack.set_rate_limits(true);
    let question = slack.user("alice").types(CHANNEL, "!burst 6").await?;
    let complete = |slack: &chatops_e2e::slack::Slack| {
        // A command from before that Slack delivered twice may be answered meanwhile.
        let mut replies = slack.replies_to(&question);
        replies.retain(|reply| reply.text.starts_with("burst "));
        (replies.len() >= 6).then_some(replies)
    };
    let replies = slack.wait_until("six messages at one a second", ANSWER, complete).await?;
    let texts: Vec<&str> = replies.iter().map(|reply| reply.text.as_str()).collect();
    ensure!(texts == ["burst 0", "burst 1", "burst 2", "burst 3", "burst 4", "burst 5"], "{texts:?}");
    let refused = slack.stats().calls["chat.postMessage"].errors.get("ratelimited").copied();
    ensure!(refused.is_some_and(|refused| refused > 0), "the limit was never reached");
    Ok(())
}

fn python(home: &Path) -> PathBuf {
    home.join("python/bin/python")
}

#[tokio::test]
async fn slack_sdk_for_python_accepts_it() -> anyhow::Result<()> {
    converse_with("slack_sdk", python, "python/slack_sdk_bot.py").await
}

#[tokio::test]
async fn bolt_for_python_accepts_it() -> anyhow::Result<()> {
    converse_with("slack_bolt", python, "python/slack_bolt_bot.py").await
}

#[tokio::test]
async fn bolt_for_javascript_accepts_it() -> anyhow::Result<()> {
    converse_with("bolt-js", |_| PathBuf::from("node"), "node/bolt_bot.cjs").await
}

#[tokio::test]
async fn slack_morphism_decodes_its_answers() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let typed = slack.user("alice").types(CHANNEL, "hello @ops").await?;
    let connector = hyper_util::client::legacy::connect::HttpConnector::new();
    let connector = SlackClientHyperConnector::with_connector(connector).with_slack_api_url(&slack.api_url());
    let client = SlackClient::new(connector);
    let token = SlackApiToken::new(slack.bot_token().into());
    let session = client.open_session(&token);

    assert_eq!(session.auth_test().await?.team, "acme");
    let content = SlackMessageContent::new().with_text("hi".to_owned());
    let posted = SlackApiChatPostMessageRequest::new(typed.channel.clone().into(), content)
        .with_thread_ts(typed.ts.to_string().into());
    let posted = session.chat_post_message(&posted).await?;
    let history = SlackApiConversationsHistoryRequest::new().with_channel(typed.channel.clone().into());
    let history = session.conversations_history(&history).await?;
    assert_eq!(history.messages.len(), 1);
    assert_eq!(history.messages[0].parent.reply_count, Some(1));
    let replies =
        SlackApiConversationsRepliesRequest::new(typed.channel.clone().into(), typed.ts.to_string().into());
    assert_eq!(session.conversations_replies(&replies).await?.messages[1].origin.ts, posted.ts);
    let user = SlackApiUsersInfoRequest::new(typed.user.clone().context("no user")?.into());
    assert_eq!(session.users_info(&user).await?.user.name.as_deref(), Some("alice"));
    let channel = SlackApiConversationsInfoRequest::new(typed.channel.clone().into());
    assert_eq!(session.conversations_info(&channel).await?.channel.name.as_deref(), Some("general"));
    let list = session.conversations_list(&SlackApiConversationsListRequest::new()).await?;
    assert_eq!(list.channels.len(), 4);
    let refused = session.users_info(&SlackApiUsersInfoRequest::new("U0000000000".into())).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("user_not_found")));
    Ok(())
}
