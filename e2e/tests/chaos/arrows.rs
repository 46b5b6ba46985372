//! What a command goes through, step by step: one bot is killed right before and right after each word between it and its
//! servers, and another one goes on.

use std::{collections::BTreeMap, net::SocketAddr};

use chatops_crds::bot_config::{RedisConfig, StorageConfig};
use chatops_e2e::{
    faults::Steps,
    local::{Process, Redis, Signal, bot, configuration},
    slack::{Message, Outcome, Simulator, Slack},
};
use futures::{StreamExt, stream};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{ANSWERED, PATIENCE};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "arrows"},
    "spec": {"commands": [
        {"name": "say", "reply": "said"},
        {"name": "put", "store": {"set": {"key": "k", "value": "x"}}, "reply": "was {{ result | default('nothing') }}"},
        {"name": "again", "idempotent": true,
         "store": {"set": {"key": "k", "value": "x"}}, "reply": "was {{ result | default('nothing') }}"},
        {"name": "get", "store": {"get": {"key": "k"}}, "reply": "is {{ result | default('nothing') }}"}
    ]}
}"#;

/// Steps of the longest command, with some to spare: those after the last one find it done.
const STEPS: usize = 12;

/// Bots that run at the same time.
const AT_ONCE: usize = 8;

struct World {
    slack: Simulator,
    redis: Redis,
    steps: Steps,
    bot: Option<Process>,
    servers: (SocketAddr, SocketAddr),
    folder: TempDir,
}

impl World {
    async fn start() -> World {
        let slack = Simulator::builder().time_factor(10.0).rate_limits(false).start().await.expect("Slack");
        let redis = Redis::start().expect("redis-server");
        let mut steps = Steps::new();
        let in_front_of_redis = steps.proxy(redis.address()).await.expect("a port");
        let in_front_of_slack = steps.proxy(slack.address()).await.expect("a port");
        let (servers, folder) =
            ((in_front_of_redis, in_front_of_slack), tempfile::tempdir().expect("a folder"));
        let mut world = World { slack, redis, steps, bot: None, servers, folder };
        world.start_bot().await;
        world
    }

    /// The sockets lead past the proxy: when an envelope is acknowledged is told by what the bot asks of Redis.
    async fn start_bot(&mut self) {
        let storage = RedisConfig::standalone(self.servers.0.to_string(), "local/bot");
        let storage = StorageConfig::Redis(Box::new(storage));
        let mut config = configuration(&self.slack, storage, PLUGIN).expect("it is valid");
        config.slack.api_url = format!("http://{}/api/", self.servers.1);
        let mut command =
            bot(&self.slack, self.folder.path(), &config).expect("the bot: run `make binaries`");
        self.bot = Some(Process::start(&mut command).expect("it starts"));
        self.slack.wait_for_sockets(1, PATIENCE).await.expect("it connects");
    }

    /// What the bot said so far.
    fn said(slack: &Slack) -> Vec<Message> {
        let messages = slack.messages("#general").expect("a channel");
        messages.into_iter().filter(|message| message.bot_id.is_some()).collect()
    }

    /// The answer to `line`.
    async fn asks(&self, line: &str) -> String {
        let before = Self::said(&self.slack).len();
        self.slack.user("alice").types("#general", line).await.expect("it is typed");
        let answered = |slack: &Slack| Self::said(slack).into_iter().nth(before);
        let answer = self.slack.wait_until(line, ANSWERED, answered).await.expect("an answer");
        answer.text
    }

    /// What is said of `line` by a bot that is killed after so many steps, and by the next one.
    async fn asks_and_kills(&mut self, line: &str, steps: usize) -> Vec<String> {
        assert_eq!(self.asks("!ping").await, "pong");
        self.is_idle().await;
        self.steps.allow(steps);
        self.slack.user("alice").types("#general", line).await.expect("it is typed");
        timeout(PATIENCE, self.steps.used_up()).await.expect("so many steps");
        self.bot.as_ref().expect("it runs").signal(Signal::KILL);
        self.bot = None;
        self.steps.allow_all();
        self.start_bot().await;
        let answered = |slack: &Slack| (Self::said(slack).len() > 1).then_some(());
        self.slack.wait_until("an answer", ANSWERED, answered).await.expect("an answer");
        self.is_idle().await;
        // Who is asked behind it is answered behind it.
        let last = self.asks("!get").await;
        let mut said: Vec<_> =
            Self::said(&self.slack).into_iter().skip(1).map(|message| message.text).collect();
        assert_eq!(said.pop(), Some(last.clone()), "nothing comes later");
        said.push(last);
        said
    }

    /// Waits until Redis keeps no command any more, and Slack has nothing to deliver.
    async fn is_idle(&self) {
        let end = tokio::time::Instant::now() + ANSWERED;
        while self.redis.commands().await.expect("Redis answers") > 0 || !is_taken(&self.slack) {
            assert!(tokio::time::Instant::now() < end, "something is kept");
            tokio::task::yield_now().await;
        }
    }
}

/// Whether Slack will deliver nothing again.
fn is_taken(slack: &Slack) -> bool {
    let deliveries = slack.deliveries();
    let last: BTreeMap<_, _> =
        deliveries.iter().map(|delivery| (&delivery.event_id, &delivery.outcome)).collect();
    last.values().all(|outcome| matches!(outcome, Outcome::Acknowledged { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_survives_a_kill_before_and_after_each_of_its_steps() {
    let cases =
        ["!say", "!put", "!again"].into_iter().flat_map(|line| (0..STEPS).map(move |steps| (line, steps)));
    let outcomes = stream::iter(cases).map(|(line, steps)| async move {
        let said = World::start().await.asks_and_kills(line, steps).await;
        (line, steps, said)
    });
    let outcomes: Vec<_> = outcomes.buffer_unordered(AT_ONCE).collect().await;
    for (line, steps, said) in &outcomes {
        println!("{line}, killed after {steps} steps: {said:?}");
    }
    for (line, steps, said) in &outcomes {
        let [answer, value] = said.as_slice() else { panic!("{line}, {steps}: answered {said:?}") };
        let expected = if *line == "!say" { ("said", "is nothing") } else { ("was nothing", "is x") };
        // Written twice, it would have been something.
        assert_eq!((answer.as_str(), value.as_str()), expected, "{line}, killed after {steps} steps");
    }
}
