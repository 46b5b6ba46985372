//! The page of the simulated Slack in a browser, with our bot as people run it outside of a cluster. With SCREENSHOTS=1 it
//! writes the pictures of README.md.

mod browser;

use std::{env, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use chatops_e2e::{
    installed::program,
    local::Process,
    slack::{Message, Simulator, Slack},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use browser::{Browser, Tab};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const COMPOSER: &str = "#text";
const CHANNEL_BUTTON: &str = "#messages .message button";
const CHANNEL: &str = "#messages .message";
const THREAD: &str = "#replies .message";

const REPORT: &str = r#"
apiVersion: chatops.dev/v1alpha1
kind: BotPlugin
metadata: {name: report}
spec:
  commands:
    - name: report
      args: [{name: service, required: true}]
      reply: |
        # Report on {{ args.service }}
        **Well**, by {{ user.mention }}, see [its page](https://a.example/?a=1&b=2) :eyes:
        - one
          1. inner
        - `two`
        > quoted
        ```
        <b>code</b>
        ```
"#;

struct World {
    slack: Simulator,
    browser: Browser,
    _bot: Process,
    _folder: TempDir,
}

impl World {
    async fn start() -> Result<Self> {
        let slack = Simulator::builder().rate_limits(false).start().await?;
        let folder = tempfile::tempdir()?;
        let bot = Process::start(&mut bot(&slack, folder.path())?)?;
        let (browser, connected) = tokio::join!(Browser::start(), slack.wait_for_sockets(1, PATIENCE));
        connected.context("the bot does not connect")?;
        Ok(Self { browser: browser?, slack, _bot: bot, _folder: folder })
    }

    async fn open(&self, user: &str, channel: &str) -> Result<Tab> {
        let place = format!("#user={user}&channel={channel}");
        let mut tab = self.browser.open(&format!("http://{}/{place}", self.slack.address())).await?;
        tab.until("document.querySelector('#title')?.textContent").await?;
        Ok(tab)
    }

    /// The message with this text.
    async fn message(&self, channel: &str, text: &str) -> Result<Message> {
        let find =
            |slack: &Slack| slack.messages(channel).ok()?.into_iter().find(|message| message.text == text);
        self.slack.wait_until(text, PATIENCE, find).await
    }
}

/// The bot of `make demo`, but for its storage.
fn bot(slack: &Simulator, own: &Path) -> Result<Command> {
    let bot = json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "ops"},
        "spec": {"slack": {"tokensSecretRef": {"name": "none"}, "apiURL": format!("{}/", slack.api_url())}},
    });
    let file = own.join("bot.yaml");
    fs::write(&file, serde_yaml::to_string(&bot)?)?;
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples");
    let mut command = Command::new(program("chatops-bot")?);
    command.args(["run", "-f"]).arg(file);
    for plugin in ["hello.yaml", "democmd.yaml"] {
        command.arg("-f").arg(samples.join(plugin));
    }
    let report = own.join("report.yaml");
    fs::write(&report, REPORT)?;
    command.arg("-f").arg(report);
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    Ok(command)
}

/// Writes a picture of README.md, if it is asked for.
async fn picture(tab: &mut Tab, name: &str) -> Result<()> {
    if env::var("SCREENSHOTS").is_ok_and(|wanted| wanted == "1") {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), tab.screenshot().await?)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_type_and_see_the_bot_and_each_other_without_reloading() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "general").await?;
    let mut bob = world.open("bob", "general").await?;
    for tab in [&mut alice, &mut bob] {
        tab.evaluate("window.isFirst = true").await?;
    }
    alice.types(COMPOSER, "!ping").await?;
    alice.shows(CHANNEL, "pong").await?;
    bob.shows(CHANNEL, "pong").await?;
    bob.types(COMPOSER, "!hello").await?;
    alice.shows(CHANNEL, "Hello @bob").await?;

    // A thread, opened by one and answered by both.
    bob.click(&format!("{CHANNEL}:first-child button"), "Reply in thread").await?;
    bob.until("document.activeElement.id === 'reply'").await?;
    bob.types("#reply", "!democmd add colour blue").await?;
    bob.shows(THREAD, "colour saved").await?;
    alice.click(CHANNEL_BUTTON, "2 replies").await?;
    alice.types("#reply", "thanks,\n`ops`!").await?;
    bob.shows(THREAD, "thanks,\nops!").await?;
    let channel = alice.evaluate("document.querySelector('#messages').innerText").await?;
    ensure!(!channel.as_str().context("a text")?.contains("colour saved"), "a reply is in the channel");

    // Reactions, and what one person alone sees.
    let ping = world.message("#general", "!ping").await?;
    world.slack.user("carol").reacts(&ping, "eyes").await?;
    alice.until("document.querySelector('.reactions li')?.title === ':eyes: carol'").await?;
    alice.click("#direct button", "@ops").await?;
    alice.types(COMPOSER, "democmd get colour").await?;
    alice.shows(CHANNEL, "blue").await?;
    bob.click("#direct button", "@ops").await?;
    bob.until("document.querySelector('#title').textContent === '@ops'").await?;
    ensure!(bob.evaluate(&format!("document.querySelectorAll('{CHANNEL}').length")).await? == json!(0));
    for tab in [&mut alice, &mut bob] {
        ensure!(tab.evaluate("window.isFirst").await? == json!(true), "the page was loaded anew");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_opened_filled_in_and_answered() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "general").await?;
    alice.types(COMPOSER, "!democmd add").await?;
    alice.shows(CHANNEL, "are missing").await?;
    alice.click("button.action", "Fill in what is missing").await?;
    alice.shows("dialog[open] h2", "democmd add").await?;
    picture(&mut alice, "form.png").await?;
    alice.evaluate("document.querySelector('#field-key').value = 'colour'").await?;
    alice.click("dialog button", "Run").await?;
    alice.shows("dialog .problem", "Please complete this required field.").await?;
    alice.evaluate("document.querySelector('#field-value').value = 'dark \"blue\"'").await?;
    alice.click("dialog button", "Run").await?;
    alice.shows(CHANNEL, "colour saved").await?;
    alice.until("!document.querySelector('dialog').open").await?;
    alice.types(COMPOSER, "!democmd get colour").await?;
    alice.shows(CHANNEL, "dark \"blue\"").await?;
    alice.types(COMPOSER, "!democmd get").await?;
    alice.shows(CHANNEL, "Usage: !democmd get").await?;
    alice.evaluate("[...document.querySelectorAll('button.action')].at(-1).click()").await?;
    alice.shows("dialog[open] h2", "democmd get").await?;
    alice.click("dialog button", "Cancel").await?;
    alice.until("!document.querySelector('dialog').open").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_writes_is_shown_as_slack_shows_it_and_never_runs() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "ops").await?;
    let evil = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>";
    alice.types(COMPOSER, evil).await?;
    alice.shows("#messages .text", evil).await?;
    let integration = world.slack.user("<b>deploys</b>");
    integration
        .posts_as_integration("#ops", "<javascript:document.title='caught'|a link> <https://a.example/|fine>")
        .await?;
    alice.shows("#messages .text", "fine").await?;
    alice.shows("#messages .head", "<b>deploys</b>").await?;
    let inside = "JSON.stringify([...document.querySelectorAll('#messages :is(img, script, b, a, [onerror])')]\
                  .map(found => found.outerHTML))";
    let link = r#"["<a href=\"https://a.example/\" target=\"_blank\" rel=\"noopener noreferrer\">fine</a>"]"#;
    ensure!(alice.evaluate(inside).await? == json!(link), "{}", alice.evaluate(inside).await?);
    ensure!(alice.evaluate("document.title").await? != json!("caught"));

    let cases = [
        (
            "*bold* _italic_ ~gone~ `*code*`",
            "<strong>bold</strong> <em>italic</em> <s>gone</s> <code>*code*</code>",
        ),
        ("*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("> said\n> before\nand now", "<blockquote>said\nbefore</blockquote>and now"),
        ("see:\n```\na *b*\n  c < d\n```\ndone", "see:\n<pre><code>a *b*\n  c &lt; d</code></pre>done"),
        ("an open ``` fence", "an open ``` fence"),
        ("&lt; stays, :constructor: too", "&amp;lt; stays, :constructor: too"),
        (
            "@bob in #general",
            "<span class=\"mention\">@bob</span> in <span class=\"mention\">#general</span>",
        ),
        ("@alice :eyes:", "<span class=\"mention me\">@alice</span> 👀"),
    ];
    for (typed, expected) in cases {
        alice.types(COMPOSER, typed).await?;
        let last = "[...document.querySelectorAll('#messages .text')].at(-1).innerHTML";
        let shown = alice.until(&format!("{last} === {}", json!(expected))).await;
        shown.with_context(|| format!("typed: {typed}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_in_markdown_are_laid_out_and_what_was_typed_in_them_is_not() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "ops").await?;
    alice.types(COMPOSER, "!report \"**web** <b>\"").await?;
    alice.shows(CHANNEL, "Report on **web** <b>").await?;
    let expected = "<div><strong>Report on **web** &lt;b&gt;</strong>\n<strong>Well</strong>, by \
                    <span class=\"mention me\">@alice</span>, see <a href=\"https://a.example/?a=1&amp;b=2\" \
                    target=\"_blank\" rel=\"noopener noreferrer\">its page</a> 👀</div>\
                    <ul class=\"indent-0\"><li>one</li></ul><ol class=\"indent-1\" start=\"1\"><li>inner</li></ol>\
                    <ul class=\"indent-0\"><li><code>two</code></li></ul><blockquote>quoted</blockquote>\
                    <pre><code>&lt;b&gt;code&lt;/b&gt;</code></pre>";
    let last = "[...document.querySelectorAll('#messages .text')].at(-1).innerHTML";
    ensure!(alice.evaluate(last).await? == json!(expected), "{}", alice.evaluate(last).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_bot_is_opened_beside_the_messages_with_it() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "general").await?;
    alice.types(COMPOSER, "!ping").await?;
    alice.shows(CHANNEL, "pong").await?;
    alice.until("document.querySelector('#tab').hidden").await?;
    alice.click("#direct button", "@ops").await?;
    alice.click("#tab", "Home").await?;
    alice.shows("#home", "!democmd add").await?;
    alice.shows("#home", "1: !ping").await?;
    alice.until("document.querySelector('#composer').hidden").await?;
    picture(&mut alice, "home.png").await?;
    alice.click("#tab", "Messages").await?;
    alice.types(COMPOSER, "ping").await?;
    alice.shows(CHANNEL, "pong").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_shows_all_of_it_without_scrolling_sideways() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "general").await?;
    alice.resize(360, 640).await?;
    alice
        .types(COMPOSER, &format!("!echo {} https://a.example/{}", "long".repeat(60), "x".repeat(200)))
        .await?;
    alice.types(COMPOSER, &format!("```{}```", "code ".repeat(60))).await?;
    alice.shows("#messages pre", "code").await?;
    let fits = "[...document.querySelectorAll('html, #messages, #replies, aside, main, nav')]\
                .filter(part => part.scrollWidth > Math.min(innerWidth, part.clientWidth || innerWidth))\
                .map(part => part.id || part.tagName).join()";
    ensure!(alice.evaluate(fits).await? == json!(""), "too wide: {}", alice.evaluate(fits).await?);
    alice.click(CHANNEL_BUTTON, "Reply in thread").await?;
    alice.types("#reply", "hm").await?;
    alice.shows(THREAD, "hm").await?;
    ensure!(alice.evaluate(fits).await? == json!(""), "too wide: {}", alice.evaluate(fits).await?);
    alice.click("#close", "✕").await?;
    alice.click("#menu", "☰").await?;
    alice.click("#channels button", "random").await?;
    alice.until("document.querySelector('#title').textContent === '#random'").await?;
    alice.until("getComputedStyle(document.querySelector('nav')).display === 'none'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_goes_on_when_the_simulator_is_back() -> Result<()> {
    let browser = Browser::start().await?;
    let first = Simulator::builder().start().await?;
    let address = first.address();
    // Whoever is not there is alice, and what is not there is #general.
    let mut alice = browser.open(&format!("http://{address}/#user=nobody&channel=nowhere")).await?;
    alice.until("document.querySelector('#person')?.value === 'alice'").await?;
    first.user("bob").types("#general", "before").await?;
    alice.shows(CHANNEL, "before").await?;
    drop(first);
    alice.shows("#connection", "does not answer").await?;
    alice.evaluate("document.querySelector('#text').value = 'lost'; document.querySelector('#composer').requestSubmit()").await?;
    alice.shows("#composer .problem", "Not sent").await?;

    let second = Simulator::builder().bind(address).start().await?;
    second.user("bob").types("#general", "after").await?;
    alice.shows(CHANNEL, "after").await?;
    alice.until("document.querySelector('#connection').hidden").await?;
    let shown: Value =
        alice.evaluate("document.querySelector('#messages').innerText.includes('before')").await?;
    ensure!(shown == json!(false), "messages of the simulator before are shown");
    alice.types(COMPOSER, " again").await?;
    alice.shows(CHANNEL, "lost again").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_as_the_readme_shows_it() -> Result<()> {
    let world = World::start().await?;
    let mut alice = world.open("alice", "general").await?;
    for (typed, answer) in [
        ("!hello", "Hello @alice"),
        ("!democmd add colour blue", "colour saved"),
        ("!demcmd get colour", "Did you mean"),
    ] {
        alice.types(COMPOSER, typed).await?;
        alice.shows(CHANNEL, answer).await?;
    }
    let hello = world.message("#general", "!hello").await?;
    world.slack.user("bob").reacts(&hello, "wave").await?;
    let asked =
        world.slack.user("bob").types("#general", "Which colour shall it be? *Vote* in the thread.").await?;
    let thread = world.slack.user("carol").types_in_thread(&asked, "!democmd get colour").await?;
    world.slack.wait_for_reply(&thread, PATIENCE).await?;
    alice.click(CHANNEL_BUTTON, "2 replies").await?;
    alice.shows(THREAD, "blue").await?;
    picture(&mut alice, "slack-simulator.png").await?;

    alice.click("#direct button", "@ops").await?;
    alice.types(COMPOSER, "help").await?;
    alice.shows(CHANNEL, "democmd add").await?;
    picture(&mut alice, "slack-simulator-help.png").await
}
