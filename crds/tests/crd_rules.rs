//! The rules of both kinds, run offline exactly as the API server runs them.

#![allow(clippy::unwrap_used, reason = "what helps tests fails by panicking")]

use chatops_crds::manifest::{crds, rule_violations, schema};
use serde_json::{Value, json};

fn bot(spec: Value) -> Value {
    let mut bot = json!({
        "apiVersion": "chatops.dev/v1alpha1",
        "kind": "ChatBot",
        "metadata": {"name": "ops"},
        "spec": {"slack": {"tokensSecretRef": {"name": "ops-slack"}}},
    });
    merge(&mut bot["spec"], spec);
    bot
}

fn plugin(command: Value) -> Value {
    json!({
        "apiVersion": "chatops.dev/v1alpha1",
        "kind": "BotPlugin",
        "metadata": {"name": "demo"},
        "spec": {"commands": [command]},
    })
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn messages(object: &Value) -> Vec<String> {
    let schema = schema(object["kind"].as_str().unwrap()).unwrap();
    rule_violations(&schema, object).into_iter().map(|v| format!("{}: {}", v.field_path, v.message)).collect()
}

fn refused(object: &Value, path: &str, words: &str) {
    let messages = messages(object);
    assert!(
        messages.iter().any(|m| m.starts_with(path) && m.contains(words)),
        "expected a violation of {path} about {words:?} in {messages:?}"
    );
}

#[test]
fn the_smallest_useful_objects_are_accepted() {
    assert_eq!(messages(&bot(json!({}))), Vec::<String>::new());
    assert_eq!(messages(&plugin(json!({"name": "hello", "reply": "Hello"}))), Vec::<String>::new());
}

#[test]
fn every_rule_of_a_chat_bot_refuses_what_it_is_there_for() {
    let redis = json!({"redis": {"addresses": ["r"]}});
    let twice = json!({"replicas": 5, "storage": redis, "slack": {"connectionsPerPod": 2}});
    refused(&bot(twice), "", "replicas times slack.connectionsPerPod must be at most 8");
    refused(&bot(json!({"replicas": 9, "storage": redis})), "spec.replicas", "replicas must be at most 8");
    for lines in [0, 1_001] {
        let replies = json!({"replies": {"longOutput": {"maxLines": lines}}});
        refused(&bot(replies), "spec.replies.longOutput.maxLines", "must be from 1 to 1000");
    }
    refused(
        &bot(json!({"storage": {"redis": {"addresses": ["r"]}, "memory": {}}})),
        "spec.storage",
        "at most one of",
    );
    refused(
        &bot(json!({"storage": {"redis": {"addresses": ["redis://u:p@r:1"]}}})),
        "spec.storage",
        "host or host:port",
    );
    refused(
        &bot(json!({"storage": {"redis": {"addresses": ["r"], "keyPrefix": "a b"}}})),
        "spec.storage",
        "keyPrefix",
    );
    refused(
        &bot(json!({"slack": {"apiURL": "https://me:secret@slack.com/api/"}})),
        "spec.slack.apiURL",
        "no user info",
    );
    refused(
        &bot(json!({"slack": {"apiURL": "https://slack.com/api"}})),
        "spec.slack.apiURL",
        "ends with '/'",
    );
    refused(
        &bot(json!({"slack": {"apiURL": "http://slack.example/api/"}})),
        "spec.slack",
        "allowInsecureHTTP",
    );
    refused(
        &bot(json!({"slack": {"tokensSecretRef": {"name": "Ops_Slack"}}})),
        "spec.slack.tokensSecretRef.name",
        "name of an object",
    );
    refused(
        &bot(json!({"slack": {"tokensSecretRef": {"name": "s", "keys": {"botToken": "a/b"}}}})),
        "spec.slack",
        "key of the object's data",
    );
    refused(&bot(json!({"dns": {"nameservers": ["dns.example"]}})), "spec.dns.nameservers", "IP address");
    refused(&bot(json!({"dns": {"options": [{"name": "NDOTS"}]}})), "spec.dns.options", "resolv.conf option");
    refused(
        &bot(json!({"plugins": {"required": ["No/Name"]}})),
        "spec.plugins.required",
        "name of an object",
    );
    refused(&bot(json!({"pod": {"env": [{"name": "A-B"}]}})), "spec.pod.env", "environment variable");
}

#[test]
fn every_rule_of_how_commands_are_typed_refuses_what_it_is_there_for() {
    refused(&bot(json!({"commands": {"prefix": "! "}})), "spec.commands.prefix", "must not contain spaces");
    refused(&bot(json!({"commands": {"prefix": "/ops"}})), "spec.commands.prefix", "nor start with /");
    refused(&bot(json!({"commands": {"addressedBy": []}})), "spec.commands", "nobody could call the bot");
    assert_eq!(
        messages(&bot(json!({"commands": {"addressedBy": [], "slashCommand": "/ops"}}))),
        [] as [&str; 0]
    );
    refused(&bot(json!({"commands": {"slashCommand": "ops"}})), "spec.commands.slashCommand", "must be '/'");
    refused(
        &bot(json!({"commands": {"timeout": "5 minutes"}})),
        "spec.commands.timeout",
        "must be a duration",
    );
}

#[test]
fn every_rule_of_other_words_refuses_what_it_is_there_for() {
    let names = |names: Value| bot(json!({"commands": {"alternatePrefixes": names}}));
    assert_eq!(messages(&names(json!(["ops", "Hey ops,", "->"]))).len(), 1, "a > is mark-up");
    assert_eq!(messages(&names(json!(["ops", "Hey ops,"]))), Vec::<String>::new());
    for name in ["/ops", "ops ", "@ops", "*ops*", "a\nb"] {
        refused(
            &names(json!([name])),
            "spec.commands.alternatePrefixes",
            "must not start or end with a space",
        );
    }
    let alias = |name: &str, command: &str| {
        bot(json!({"commands": {"aliases": [{"name": name, "command": command}]}}))
    };
    assert_eq!(messages(&alias("k get", "kubectl get -n prod")), Vec::<String>::new());
    refused(&alias("K", "kubectl"), "spec.commands.aliases[0].name", "one to four words");
    refused(&alias("k", "!kubectl"), "spec.commands.aliases[0].command", "without prefix");
}

#[test]
fn every_rule_of_storage_refuses_what_it_is_there_for() {
    let redis = |fields: Value| {
        let mut redis = json!({"addresses": ["r"]});
        merge(&mut redis, fields);
        bot(json!({"storage": {"redis": redis}}))
    };
    let at = "spec.storage.redis";
    refused(&redis(json!({"addresses": ["a", "b"]})), at, "exactly one server where topology is Standalone");
    refused(&redis(json!({"topology": "Sentinel"})), at, "master names the group of servers");
    refused(&redis(json!({"master": "main"})), at, "master names the group of servers");
    refused(
        &redis(json!({"sentinelCredentialsSecretRef": {"name": "s"}})),
        at,
        "sentinelCredentialsSecretRef is for topology Sentinel only",
    );
    refused(&redis(json!({"topology": "Cluster", "database": 1})), at, "database must be 0");
    refused(
        &redis(json!({"tls": {"clientCertificateSecretRef": {"name": "A_B"}}})),
        at,
        "must be the name of an object",
    );
    for storage in ["managedRedis", "embedded"] {
        for size in ["much", "0", "-1Gi"] {
            let sized = bot(json!({"storage": {storage: {"size": size}}}));
            refused(&sized, &format!("spec.storage.{storage}.size"), "must be an amount of storage");
        }
        let class = bot(json!({"storage": {storage: {"storageClassName": "A_B"}}}));
        refused(&class, &format!("spec.storage.{storage}.storageClassName"), "must be the name of an object");
        for other in ["memory", "redis"] {
            let mut both = bot(json!({"storage": {storage: {}, other: {}}}));
            if other == "redis" {
                both["spec"]["storage"]["redis"] = json!({"addresses": ["r"]});
            }
            refused(&both, "spec.storage", "set at most one of redis, managedRedis, embedded, memory");
        }
    }
    for storage in [json!({}), json!({"memory": {}}), json!({"embedded": {}})] {
        let two = bot(json!({"replicas": 2, "storage": storage}));
        refused(&two, "", "replicas must be at most 1 without storage.redis or storage.managedRedis");
    }
    refused(&bot(json!({"replicas": 2})), "", "replicas must be at most 1 without");
}

#[test]
fn every_kind_of_storage_is_accepted() {
    let storages = [
        json!({"redis": {"addresses": ["redis.data.svc:6379"], "database": 3}}),
        json!({"redis": {"topology": "Sentinel", "addresses": ["a", "b:26379"], "master": "main",
            "sentinelCredentialsSecretRef": {"name": "s"}}}),
        json!({"redis": {"topology": "Cluster", "addresses": ["a", "b", "[fd00::1]:7000"], "tls": {}}}),
        json!({"managedRedis": {}}),
        json!({"managedRedis": {"size": "1.5Gi", "storageClassName": "fast", "deletionPolicy": "Delete"}}),
        json!({"embedded": {"size": "500M"}}),
        json!({"memory": {}}),
    ];
    for storage in storages {
        assert_eq!(messages(&bot(json!({"storage": storage.clone()}))), Vec::<String>::new(), "{storage}");
    }
}

#[test]
fn every_rule_of_the_way_out_refuses_what_it_is_there_for() {
    let proxy = |url: &str| bot(json!({"network": {"proxy": {"url": url}}}));
    for url in ["proxy:3128", "socks5://proxy:1080", "http://me:secret@proxy:3128", "http://proxy:3128/path"]
    {
        refused(&proxy(url), "spec.network.proxy.url", "url must look like http://proxy:3128");
    }
    for url in ["http://proxy:3128", "https://proxy.corp.example:443/", "http://[fd00::1]:3128"] {
        assert_eq!(messages(&proxy(url)), Vec::<String>::new(), "{url}");
    }
    let spec = json!({"network": {"proxy": {"url": "http://proxy:1", "noProxy": [".svc", "a b"]}}});
    refused(&bot(spec), "spec.network.proxy.noProxy", "a domain with a leading '.'");
    let spec =
        json!({"network": {"proxy": {"url": "http://proxy:1", "credentialsSecretRef": {"name": "A_B"}}}});
    refused(&bot(spec), "spec.network.proxy.credentialsSecretRef", "must be the name of an object");
    let ca = |ca: Value| bot(json!({"network": {"trustedCARef": ca}}));
    refused(&ca(json!({"name": "A_B"})), "spec.network.trustedCARef.name", "must be the name of an object");
    refused(
        &ca(json!({"name": "a", "key": "a/b"})),
        "spec.network.trustedCARef.key",
        "key of the object's data",
    );
}

#[test]
fn plain_http_is_for_loopback_or_for_those_who_say_so() {
    for url in ["http://localhost:8080/api/", "http://127.0.0.1/api/", "http://[::1]:9/api/"] {
        assert_eq!(messages(&bot(json!({"slack": {"apiURL": url}}))), Vec::<String>::new(), "{url}");
    }
    let allowed = json!({"slack": {"apiURL": "http://slack.test/api/", "allowInsecureHTTP": true}});
    assert_eq!(messages(&bot(allowed)), Vec::<String>::new());
}

#[test]
fn every_rule_of_a_plugin_refuses_what_it_is_there_for() {
    let with_args = |args: Value| plugin(json!({"name": "add", "reply": "ok", "args": args}));
    refused(&plugin(json!({"name": "add"})), "spec.commands[0]", "needs a reply");
    refused(&plugin(json!({"name": "Add It", "reply": "ok"})), "spec.commands[0].name", "one to four words");
    refused(&plugin(json!({"name": "a", "store": {}})), "spec.commands[0].store", "exactly one of");
    refused(
        &plugin(json!({"name": "a", "store": {"get": {"key": "k"}, "list": {}}})),
        "spec.commands[0].store",
        "exactly one of",
    );
    refused(
        &with_args(json!([{"name": "a"}, {"name": "b", "required": true}])),
        "spec.commands[0].args",
        "must not follow",
    );
    refused(
        &with_args(json!([{"name": "a", "rest": true}, {"name": "b"}])),
        "spec.commands[0].args",
        "only the last argument",
    );
    refused(
        &with_args(json!([{"name": "a", "short": "x"}, {"name": "b", "short": "x"}])),
        "spec.commands[0].args",
        "same short name",
    );
    refused(
        &with_args(json!([{"name": "a", "required": true, "default": "x"}])),
        "spec.commands[0].args[0]",
        "cannot have a default",
    );
    refused(&with_args(json!([{"name": "dry-run"}])), "spec.commands[0].args[0].name", "lower case letter");
    refused(&with_args(json!([{"name": "a", "short": "1"}])), "spec.commands[0].args[0].short", "one letter");
}

#[test]
fn a_plugin_answers_commands_or_what_people_say() {
    let of = |spec: Value| {
        json!({
            "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "demo"}, "spec": spec,
        })
    };
    assert_eq!(messages(&of(json!({"matches": [{"pattern": "a", "reply": "b"}]}))), Vec::<String>::new());
    let reaction = |emoji: &str| of(json!({"reactions": [{"emoji": emoji, "command": "ping"}]}));
    assert_eq!(messages(&reaction("white_check_mark")), Vec::<String>::new());
    for emoji in [":ticket:", "Ticket", "a b"] {
        refused(&reaction(emoji), "spec.reactions[0].emoji", "without colons");
    }
    for nothing in [json!({}), json!({"commands": [], "matches": [], "reactions": []})] {
        refused(&of(nothing), "spec", "a plugin needs commands, matches or reactions");
    }
    let repeated = json!([{"name": "a", "repeated": true}, {"name": "b"}]);
    let command = plugin(json!({"name": "x", "reply": "x", "args": repeated}));
    refused(&command, "spec.commands[0].args", "only the last argument may be repeated");
    let switch =
        json!([{"name": "force", "type": "Boolean"}, {"name": "tags", "required": true, "repeated": true}]);
    assert_eq!(messages(&plugin(json!({"name": "x", "reply": "x", "args": switch}))), Vec::<String>::new());
}

#[test]
fn every_rule_of_an_argument_refuses_what_it_is_there_for() {
    let with = |more: Value| {
        let mut argument = json!({"name": "a"});
        merge(&mut argument, more);
        plugin(json!({"name": "x", "reply": "x", "args": [argument]}))
    };
    for fine in [
        json!({"type": "Enum", "values": ["dev", "prod"], "default": "dev"}),
        json!({"type": "Integer", "min": 1, "max": 9, "default": "5"}),
        json!({"type": "Number", "min": 0, "default": "0.5"}),
        json!({"type": "Boolean", "default": "false"}),
        json!({"type": "Duration", "default": "1h30m"}),
        json!({"maxLength": 80, "rest": true, "default": "10"}),
        json!({"type": "Duration", "min": 60, "max": 3600}),
        json!({"type": "Size", "min": 1024, "default": "1.5Gi"}),
        json!({"type": "Date", "default": "2026-01-31"}),
        json!({"type": "User", "default": "U012AB3CD"}),
        json!({"type": "Channel", "repeated": true}),
        json!({"type": "JSON", "rest": true}),
        json!({"pattern": "INC-[0-9]+", "repeated": true}),
    ] {
        assert_eq!(messages(&with(fine.clone())), Vec::<String>::new(), "{fine}");
    }
    for (wrong, words) in [
        (json!({"type": "Enum"}), "type Enum needs values"),
        (json!({"values": ["x"]}), "no other type has them"),
        (json!({"min": 1}), "only an Integer, a Number"),
        (json!({"type": "Integer", "min": 2, "max": 1}), "min must not be greater than max"),
        (json!({"type": "Integer", "maxLength": 2}), "only a String has maxLength and pattern"),
        (json!({"type": "Integer", "pattern": "2"}), "only a String has maxLength and pattern"),
        (json!({"maxLength": 3, "default": "four"}), "must not be longer than maxLength"),
        (json!({"type": "Number", "rest": true}), "only a String or JSON takes the rest"),
        (json!({"rest": true, "repeated": true}), "cannot be repeated"),
        (json!({"type": "Boolean", "repeated": true}), "cannot be repeated"),
        (json!({"type": "Size", "default": "big"}), "must be a size such as"),
        (json!({"type": "Date", "default": "today"}), "must be a date such as"),
        (json!({"type": "User", "default": "@jo"}), "must be an id such as"),
        (json!({"type": "Channel", "default": "#general"}), "must be an id such as"),
        (json!({"type": "Enum", "values": ["x"], "default": "y"}), "default must be one of values"),
        (json!({"type": "Boolean", "default": "yes"}), "must be true or false"),
        (json!({"type": "Integer", "default": "0.5"}), "must be a whole number"),
        (json!({"type": "Number", "default": "half"}), "must be a number such as"),
        (json!({"type": "Duration", "default": "soon"}), "must be a duration such as"),
        (json!({"type": "Integer", "min": 1, "default": "0"}), "must not be less than min"),
        (json!({"type": "Number", "max": 1, "default": "1.5"}), "greater than max"),
    ] {
        refused(&with(wrong), "spec.commands[0].args[0]", words);
    }
}

#[test]
fn names_that_would_make_unusable_objects_are_refused() {
    let mut long = bot(json!({}));
    long["metadata"]["name"] = json!("x".repeat(53));
    refused(&long, "", "at most 52 characters");
    let mut long = bot(json!({"storage": {"managedRedis": {}}}));
    long["metadata"]["name"] = json!("x".repeat(46));
    assert_eq!(messages(&long), Vec::<String>::new());
    long["metadata"]["name"] = json!("x".repeat(47));
    refused(&long, "", "at most 46 characters with storage.managedRedis");
    let mut dotted = plugin(json!({"name": "hello", "reply": "Hello"}));
    dotted["metadata"]["name"] = json!("a.b");
    refused(&dotted, "", "must not contain '.'");
}

#[test]
fn a_new_object_is_not_ready_before_the_operator_looked_at_it() {
    for crd in crds() {
        let schema = schema(&crd.spec.names.kind).unwrap();
        let condition = &schema["properties"]["status"]["default"]["conditions"][0];
        assert_eq!(
            (condition["type"].as_str(), condition["status"].as_str()),
            (Some("Ready"), Some("Unknown"))
        );
    }
}

/// `kubectl apply` keeps the object in an annotation, and annotations hold 262,144 bytes in all.
#[test]
fn kubectl_apply_can_hold_each_definition_in_its_annotation() {
    for crd in crds() {
        let bytes = serde_json::to_string(&crd).unwrap().len();
        assert!(bytes < 200_000, "{} has {bytes} bytes", crd.spec.names.kind);
    }
}
