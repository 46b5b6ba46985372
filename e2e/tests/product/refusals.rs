//! Bad YAML is refused by the API server, and `chatops-bot validate` refuses it too: what a CEL rule refuses in the
//! same words, what the schema refuses in words at least as clear.

use serde_json::{Value, json};

use crate::support::{
    in_a_world,
    objects::{chat_bot, plugin_of},
    shared,
};

use By::{Rule, Schema};

/// How an object is refused.
enum By {
    /// By a CEL rule: both say these words.
    Rule(&'static str),
    /// By the schema: the API server says the first, `validate` the second, which names the place.
    Schema(&'static str, &'static str),
}

fn bot(spec: Value) -> Value {
    chat_bot("https://slack.com/api/", spec)
}

fn command(command: Value) -> Value {
    plugin_of("demo", json!([command]))
}

fn args(args: Value) -> Value {
    command(json!({"name": "add", "reply": "ok", "args": args}))
}

/// A bot with so many pods, each with so many connections.
fn sized(replicas: u32, connections: u32) -> Value {
    bot(json!({
        "replicas": replicas, "slack": {"connectionsPerPod": connections},
        "storage": {"redis": {"addresses": ["redis"]}},
    }))
}

fn bots() -> Vec<(&'static str, Value, By)> {
    let redis = |address: &str| json!({"storage": {"redis": {"addresses": [address]}}});
    vec![
        (
            "two storages",
            bot(json!({"storage": {"redis": {"addresses": ["redis"]}, "memory": {}}})),
            Rule("set at most one of redis, managedRedis, embedded, memory"),
        ),
        ("bad prefix", bot(json!({"commands": {"prefix": "/ops"}})), Rule("nor start with /")),
        ("bad address", bot(redis("redis.data.svc/0")), Rule("must be host or host:port")),
        (
            "user info in an address",
            bot(redis("user:secret@redis:6379")),
            Rule("no scheme, user info or path"),
        ),
        (
            "user info in a URL",
            bot(json!({"slack": {"apiURL": "https://me:secret@slack.com/api/"}})),
            Rule("no user info, query or fragment"),
        ),
        (
            "plain http",
            bot(json!({"slack": {"apiURL": "http://slack.example/api/", "allowInsecureHTTP": false}})),
            Rule("apiURL must start with https://"),
        ),
        (
            "replicas that share nothing",
            bot(json!({"replicas": 2})),
            Rule("replicas must be at most 1 without storage.redis"),
        ),
        (
            "too many connections",
            sized(5, 2),
            Rule("replicas times slack.connectionsPerPod must be at most 8"),
        ),
        ("too many replicas", sized(9, 1), Rule("replicas must be at most 8")),
        ("bad duration", bot(json!({"commands": {"timeout": "five"}})), Rule("must be a duration such as")),
        (
            "no line",
            bot(json!({"replies": {"longOutput": {"maxLines": 0}}})),
            Rule("maxLines must be from 1 to 1000"),
        ),
    ]
}

fn misshapen_bots() -> Vec<(&'static str, Value, By)> {
    vec![
        (
            "too long",
            bot(json!({"commands": {"prefix": "!!!!!!!!!!!"}})),
            Schema("may not be more than 10", "spec.commands.prefix"),
        ),
        (
            "wrong type",
            bot(json!({"suspend": "sometimes"})),
            Schema("must be of type boolean", "spec.suspend"),
        ),
        (
            "unknown value",
            bot(json!({"slack": {"mode": "Carrier"}})),
            Schema("Unsupported value", "spec.slack.mode"),
        ),
        (
            "missing field",
            bot(json!({"slack": {"tokensSecretRef": null}})),
            Schema("Required value", "tokensSecretRef"),
        ),
        ("unknown field", bot(json!({"replica": 1})), Schema("unknown field", "replica")),
    ]
}

fn plugins() -> Vec<(&'static str, Value, By)> {
    let arg = |i: usize| json!({"name": format!("a{i}")});
    vec![
        ("bad command name", command(json!({"name": "Add It", "reply": "ok"})), Rule("one to four words")),
        (
            "nothing at all",
            plugin_of("demo", json!([])),
            Rule("a plugin needs commands, matches or reactions"),
        ),
        ("nothing to do", command(json!({"name": "add"})), Rule("needs a reply, an action (store), or both")),
        (
            "two actions",
            command(json!({"name": "a", "store": {"get": {"key": "k"}, "list": {}}})),
            Rule("set exactly one of set, get, delete, list"),
        ),
        (
            "required after optional",
            args(json!([{"name": "a"}, {"name": "b", "required": true}])),
            Rule("a required argument must not follow an optional one"),
        ),
        (
            "rest not last",
            args(json!([{"name": "a", "rest": true}, {"name": "b"}])),
            Rule("only the last argument may be marked rest"),
        ),
        (
            "repeated not last",
            args(json!([{"name": "a", "repeated": true}, {"name": "b"}])),
            Rule("only the last argument may be repeated"),
        ),
        (
            "bad argument name",
            args(json!([{"name": "dry-run"}])),
            Rule("must start with a lower case letter"),
        ),
        (
            "a choice of nothing",
            args(json!([{"name": "a", "type": "Enum"}])),
            Rule("type Enum needs values, and no other type has them"),
        ),
        (
            "a default out of range",
            args(json!([{"name": "a", "type": "Integer", "min": 1, "default": "0"}])),
            Rule("default must not be less than min or greater than max"),
        ),
        (
            "a type that does not exist",
            args(json!([{"name": "a", "type": "Int"}])),
            Schema("supported values: \"String\", \"Integer\"", "spec.commands[0].args[0].type"),
        ),
        (
            "duplicate argument",
            args(json!([{"name": "a"}, {"name": "a"}])),
            Schema("Duplicate value", "spec.commands[0].args[1]"),
        ),
        (
            "too many",
            args((0..17).map(arg).collect()),
            Schema("must have at most 16 items", "spec.commands[0].args"),
        ),
    ]
}

/// What `chatops-bot validate` prints about `object`; it must refuse it.
fn validate(name: &str, object: &Value) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("object.yaml");
    std::fs::write(&file, serde_yaml::to_string(object).expect("an object is YAML"))
        .expect("the file is written");
    let output = std::process::Command::new(shared::program("chatops-bot"))
        .args(["validate", "-f"])
        .arg(&file)
        .output()
        .expect("chatops-bot runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{name}: validate accepted it: {said}");
    assert!(said.contains("object.yaml:"), "{name}: the message names no file and line: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_yaml_is_refused_by_the_api_server_and_by_validate() {
    in_a_world(|world| async move {
        for (name, object, by) in bots().into_iter().chain(misshapen_bots()).chain(plugins()) {
            let server = world.try_apply(&object).await.expect_err(name);
            let offline = validate(name, &object);
            match by {
                Rule(words) => {
                    assert!(server.contains(words), "{name}: the API server says {server}");
                    assert!(offline.contains(words), "{name}: validate says {offline}");
                }
                Schema(words, place) => {
                    assert!(server.contains(words), "{name}: the API server says {server}");
                    assert!(offline.contains(place), "{name}: validate says {offline}");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_explained() {
    in_a_world(|world| async move {
        for field in [
            "chatbot",
            "chatbot.spec.slack.tokensSecretRef",
            "chatbot.spec.dns",
            "botplugin.spec.commands.args",
        ] {
            let text = world.kubectl(&format!("explain {field}")).await;
            assert!(text.contains("DESCRIPTION:") && !text.contains("<empty>"), "{field}: {text}");
        }
    })
    .await;
}
