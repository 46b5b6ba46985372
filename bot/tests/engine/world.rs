//! A bot without platform, and storage that waits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chatops_bot::{
    adapter::scripted::{Scripted, scripted},
    chat::{Addressing, Channel, Incoming, MessageKey, Reference, User},
    engine::{Engine, Program, Reader},
    inbox::{Inbox, Meanings},
    outbox::Outbox,
    report::{Facts, Metrics},
    storage::{Change, Memory, Outcome, Page, Storage, StorageError},
};
use chatops_crds::bot_config::BotConfig;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A bot without platform.
pub struct World {
    pub script: Scripted,
    pub inbox: Inbox,
    pub program: watch::Sender<Arc<Program>>,
    pub metrics: Metrics,
    pub stop: CancellationToken,
    pub engine: JoinHandle<()>,
    pub typed: usize,
}

pub fn config(timeout: &str, commands: Value) -> BotConfig {
    serde_json::from_value(json!({
        "version": 1, "namespace": "prod", "name": "ops",
        "slack": {"apiUrl": "", "botToken": {"env": ""}, "appToken": {"env": ""}},
        "commands": {"prefix": "!", "timeout": timeout},
        "storage": {"memory": {}},
        "plugins": [{"name": "demo", "generation": 3, "commands": commands}],
    }))
    .unwrap()
}

pub fn demo() -> BotConfig {
    config(
        "5m",
        json!([
            {"name": "put", "args": [{"name": "key"}, {"name": "value", "rest": true}],
             "store": {"set": {"key": "{{ args.key }}", "value": "{{ args.value }}"}},
             "reply": "was {{ result | default('nothing') }}"},
            {"name": "look", "args": [{"name": "key"}], "store": {"get": {"key": "{{ args.key }}"}},
             "reply": "{% if result is defined %}{{ result }}{% else %}nothing{% endif %}"},
            {"name": "quiet", "reply": " "},
            {"name": "who", "reply": "{{ user.id }} {{ user.name | default('?') }} {{ channel.id }} {{ bot.name }}"},
            {"name": "broken", "reply": "{{ 'many' | bytes }}"},
            {"name": "hello", "reply": "Hello {{ user.mention }}"},
            {"name": "scale", "args": [
                {"name": "replicas", "type": "Integer", "required": true, "min": 0},
                {"name": "force", "type": "Boolean"},
                {"name": "within", "type": "Duration", "default": "2m"}],
             "reply": "{{ args.replicas + 1 }}{% if args.force %} by force{% endif %} in {{ args.within }} s"},
        ]),
    )
}

pub fn start(config: &BotConfig, storage: Arc<dyn Storage>) -> World {
    start_with(config, storage, Inbox::in_memory)
}

pub fn start_with(
    config: &BotConfig,
    storage: Arc<dyn Storage>,
    inbox: impl FnOnce(Meanings) -> Inbox,
) -> World {
    let (metrics, stop) = (Metrics::new(), CancellationToken::new());
    let program = watch::Sender::new(Arc::new(Program::load(config).0));
    let reader = Reader { program: program.subscribe(), facts: Facts::new(), started: Instant::now() };
    let inbox = inbox(Box::new({
        let reader = reader.clone();
        move |incoming| reader.meaning(incoming)
    }));
    let (script, sender) = scripted(inbox.clone());
    let engine = Engine {
        reader,
        storage,
        inbox: inbox.clone(),
        outbox: Outbox::start(sender, metrics.clone()),
        metrics: metrics.clone(),
    };
    let engine = tokio::spawn(engine.run(stop.clone(), Duration::from_millis(200)));
    World { script, inbox, program, metrics, stop, engine, typed: 0 }
}

impl World {
    pub async fn types_in(&mut self, channel: &str, user: &str, addressing: Addressing, text: &str) {
        let incoming = self.message(channel, user, addressing, text);
        self.script.types(incoming).await.unwrap();
    }

    /// Types in a channel, where names in it mean what `references` say.
    pub async fn types_naming(&mut self, text: &str, references: Vec<Reference>) {
        let message = self.message("C1", "U1", Addressing::Channel, text);
        self.script.types(Incoming { references, ..message }).await.unwrap();
    }

    pub fn message(&mut self, channel: &str, user: &str, addressing: Addressing, text: &str) -> Incoming {
        self.typed += 1;
        Incoming {
            key: MessageKey(self.typed.to_string()),
            user: User { id: user.into(), name: None },
            channel: Channel { id: channel.into(), is_direct: addressing == Addressing::Direct },
            thread: None,
            opens_thread: None,
            addressing,
            text: text.into(),
            references: vec![],
            is_unmistakable: false,
            typed_at: 0,
            reply_url: None,
            is_home: false,
            reaction: None,
        }
    }

    pub async fn types(&mut self, text: &str) {
        self.types_in("C1", "U1", Addressing::Channel, text).await;
    }

    pub async fn answer(&mut self) -> (String, String) {
        let reply = timeout(PATIENCE, self.script.answer()).await.expect("an answer in time").unwrap();
        (reply.target.channel, reply.text)
    }

    pub async fn asks(&mut self, text: &str) -> String {
        self.types(text).await;
        self.answer().await.1
    }
}

/// Storage that waits for permission before it answers.
pub struct Slow {
    pub memory: Memory,
    pub go: Semaphore,
}

impl Slow {
    pub fn new() -> Arc<Slow> {
        Arc::new(Slow { memory: Memory::new(), go: Semaphore::new(0) })
    }
}

impl Storage for Slow {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            assert_ne!(key, "panic", "asked to");
            self.go.acquire().await.unwrap().forget();
            self.memory.get(plugin, key).await
        })
    }

    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Value,
        ttl: Option<Duration>,
    ) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            let before = self.memory.set(plugin, key, value, ttl).await;
            self.go.acquire().await.unwrap().forget();
            before
        })
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool> {
        self.memory.delete(plugin, key)
    }

    fn list<'a>(&'a self, _: &'a str, _: &'a str, _: Option<&'a str>, _: usize) -> Outcome<'a, Page> {
        Box::pin(async { Err(StorageError::TooMany) })
    }

    fn update<'a>(&'a self, plugin: &'a str, key: &'a str, change: Change<'a>) -> Outcome<'a, Option<Value>> {
        self.memory.update(plugin, key, change)
    }

    fn plugins(&self) -> Outcome<'_, Vec<String>> {
        self.memory.plugins()
    }

    fn release(&self) -> Outcome<'_, ()> {
        self.memory.release()
    }
}
