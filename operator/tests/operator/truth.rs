//! What is said of a bot, for many states of its pods and its reports: one row a state.

use std::{collections::BTreeSet, sync::Arc};

use chatops_crds::{
    BotPlugin, ChatBot, ChatBotStatus,
    bot_report::{BotReport, Fault, FaultCode, PluginReport, StorageKind},
    resolve::{Resolution, resolve},
};
use chatops_operator::{
    bots::{
        pods::{BotPod, Obstacle},
        reports::ReportState,
        servers::ServerPod,
    },
    chat_bot::{
        apply,
        build::build,
        status::{Facts, compute},
        validate::validate,
    },
    cluster::apply::ApplyError,
};
use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus},
    jiff::Timestamp,
};
use serde_json::{Value, json};

use crate::world::{CLUSTER, chat_bot, plugin, settings, well};

/// Everything a row can set.
struct Row {
    spec: Value,
    plugins: Vec<Value>,
    pods: Vec<BotPod>,
    apply_error: Option<apply::Error>,
    rolled_out: bool,
    condition: Option<DeploymentCondition>,
    redis_pods: Vec<ServerPod>,
}

impl Default for Row {
    fn default() -> Self {
        let (spec, pods) = (json!({}), vec![pod(well())]);
        Self {
            spec,
            plugins: vec![plugin("hello", "hello")],
            pods,
            apply_error: None,
            rolled_out: true,
            condition: None,
            redis_pods: vec![],
        }
    }
}

/// What the bot reports with which arguments, the reason it becomes, and words of the message.
type FaultRow = (FaultCode, &'static [(&'static str, &'static str)], &'static str, &'static [&'static str]);

/// Template of pods that are not the newest.
const OLD: &str = "old";

/// Stands for the newest template and for the configuration in force until the row is computed.
const NEW: &str = "new";

fn pod(report: BotReport) -> BotPod {
    let hello = PluginReport { name: "hello".into(), generation: 1, commands: 1, faults: vec![] };
    let mut plugins = report.plugins.clone();
    if plugins.is_empty() {
        plugins.push(hello);
    }
    let config_hash = if report.config_hash.is_empty() { NEW.into() } else { report.config_hash.clone() };
    let report = BotReport { plugins, config_hash, ..report };
    BotPod {
        name: "ops-bot-1".into(),
        uid: "u1".into(),
        template: Some(NEW.into()),
        leaving: false,
        running: true,
        ready: true,
        obstacle: None,
        report: ReportState::Fresh(Arc::new(report)),
    }
}

fn old(report: BotReport) -> BotPod {
    BotPod { name: "ops-bot-0".into(), uid: "u0".into(), template: Some(OLD.into()), ..pod(report) }
}

fn hindered(obstacle: Obstacle) -> BotPod {
    let report = ReportState::Awaited;
    BotPod { running: false, ready: false, obstacle: Some(obstacle), report, ..pod(well()) }
}

fn image() -> BotPod {
    hindered(Obstacle::ImagePull { image: "no/such:image".into() })
}

fn slack(code: FaultCode, args: &[(&str, &str)]) -> BotReport {
    let fault = args.iter().fold(Fault::new(code), |fault, (name, value)| fault.with(name, value));
    let mut report = well();
    report.slack.connections = 0;
    match code {
        FaultCode::SlackUnreachable
        | FaultCode::DnsUnresolvable
        | FaultCode::ProxyAuthFailed
        | FaultCode::ProxySecretNotFound
        | FaultCode::ProxyUnreachable
        | FaultCode::TrustedCaNotFound
        | FaultCode::TooManyConnections
        | FaultCode::SocketModeDisabled => {
            report.slack.connection_fault = Some(fault);
        }
        _ => report.slack.credentials_fault = Some(fault),
    }
    report
}

fn storage(code: FaultCode, args: &[(&str, &str)]) -> BotReport {
    let mut report = well();
    report.storage.kind = StorageKind::Redis;
    report.storage.ready = false;
    report.storage.fault =
        Some(args.iter().fold(Fault::new(code), |fault, (name, value)| fault.with(name, value)));
    report
}

fn redis() -> Value {
    json!({"storage": {"redis": {
        "addresses": ["redis"], "credentialsSecretRef": {"name": "redis-auth"},
        "tls": {"caRef": {"name": "redis-ca"}, "clientCertificateSecretRef": {"name": "redis-client"}},
    }}})
}

fn failing_plugin() -> BotReport {
    let fault = Fault::new(FaultCode::TemplateInvalid)
        .with("command", "hello")
        .with("field", "reply")
        .with("line", "1");
    let hello = PluginReport { name: "hello".into(), generation: 1, commands: 0, faults: vec![fault] };
    BotReport { plugins: vec![hello], ..well() }
}

fn missing(required: &[&str], optional: &[&str]) -> BotReport {
    let mut report = well();
    report.slack.missing_required_scopes = required.iter().map(|scope| (*scope).into()).collect();
    report.slack.missing_optional_scopes = optional.iter().map(|scope| (*scope).into()).collect();
    report
}

fn condition(type_: &str, status: &str, reason: &str) -> Option<DeploymentCondition> {
    Some(DeploymentCondition {
        type_: type_.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some("in its words".into()),
        ..DeploymentCondition::default()
    })
}

fn status_of(row: &Row) -> ChatBotStatus {
    let mut bot = chat_bot(&row.spec);
    bot["metadata"]["uid"] = json!("u");
    bot["metadata"]["generation"] = json!(3);
    let bot: ChatBot = serde_json::from_value(bot).unwrap();
    let plugins: Vec<BotPlugin> = row
        .plugins
        .iter()
        .map(|plugin| {
            let mut plugin = plugin.clone();
            plugin["metadata"]["generation"] = json!(1);
            serde_json::from_value(plugin).unwrap()
        })
        .collect();
    let resolution: Resolution = resolve(&bot, &plugins);
    let validated = validate(&bot, &resolution, &settings(), CLUSTER);
    let (mut pods, mut deployment) = (row.pods.clone(), None);
    if let Ok(valid) = &validated {
        let mut built: Deployment = build(valid).deployment.object().clone();
        let annotations =
            built.spec.as_ref().unwrap().template.metadata.as_ref().unwrap().annotations.clone();
        let template = annotations.unwrap()["chatops.dev/template-hash"].clone();
        for pod in pods.iter_mut().filter(|pod| pod.template.as_deref() == Some(NEW)) {
            pod.template = Some(template.clone());
        }
        for pod in &mut pods {
            if let ReportState::Fresh(report) = &pod.report
                && report.config_hash == NEW
            {
                let report = BotReport { config_hash: valid.config_hash.clone(), ..(**report).clone() };
                pod.report = ReportState::Fresh(Arc::new(report));
            }
        }
        let wanted = bot.spec.wanted_replicas();
        let ready = if row.rolled_out { wanted } else { 0 };
        built.status = Some(DeploymentStatus {
            replicas: Some(if row.rolled_out { wanted } else { wanted + 1 }),
            updated_replicas: Some(wanted),
            available_replicas: Some(ready),
            conditions: row.condition.clone().map(|condition| vec![condition]),
            ..DeploymentStatus::default()
        });
        deployment = Some(built);
    }
    let facts = Facts {
        bot: &bot,
        resolution: &resolution,
        unreadable: &[],
        validated: validated.as_ref().map_err(Vec::as_slice),
        apply_error: row.apply_error.as_ref(),
        deployment: deployment.as_ref(),
        pods: &pods,
        unfit: None,
        redis_pods: &row.redis_pods,
        sharing: &BTreeSet::new(),
    };
    compute(&facts, &ChatBotStatus::default(), Timestamp::UNIX_EPOCH)
}

/// Checks conditions given as `Type=Status/Reason`, and that the message of the first says each of `words`.
#[track_caller]
fn check(row: Row, expected: &[&str], words: &[&str]) {
    let status = status_of(&row);
    let is: Vec<String> =
        status.conditions.iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason)).collect();
    for expected in expected {
        assert!(is.iter().any(|is| is == expected), "{expected} is not in {:#?}", status.conditions);
    }
    let (type_, _) = expected[0].split_once('=').unwrap();
    let message = &status.conditions.iter().find(|c| c.type_ == type_).unwrap().message;
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

fn with(pods: Vec<BotPod>) -> Row {
    Row { pods, ..Row::default() }
}

#[test]
fn a_bot_that_answers() {
    let all = [
        "Ready=True/Connected",
        "Accepted=True/Accepted",
        "Progressing=True/RolledOut",
        "CredentialsValid=True/TokensAccepted",
        "Connected=True/Connected",
        "StorageReady=True/EphemeralStorage",
        "DNSReady=Unknown/DNSUnchecked",
        "PluginsLoaded=True/PluginsLoaded",
    ];
    check(Row::default(), &all, &["@ops", "acme"]);
    let status = status_of(&Row::default());
    let summary = status.summary.unwrap();
    assert_eq!((summary.pods.as_str(), summary.plugins.as_str(), summary.commands), ("1/1", "1/1", 1));
    assert_eq!(status.observed_generation, Some(3));
    assert_eq!(
        status.selector.as_deref(),
        Some("app.kubernetes.io/instance=ops,app.kubernetes.io/name=chatops-bot")
    );
}

/// `report` comes from the second of two pods; the first is well.
fn two_pods(report: BotReport) -> Row {
    let other = BotPod { name: "ops-bot-2".into(), uid: "u2".into(), ..pod(report) };
    let mut spec = redis();
    spec["replicas"] = json!(2);
    let mut first = well();
    first.storage.kind = StorageKind::Redis;
    Row { spec, pods: vec![pod(first), other], rolled_out: false, ..Row::default() }
}

#[test]
fn one_of_several_pods_that_does_not_answer() {
    let expected = ["Ready=True/Connected", "Connected=True/Connected", "Progressing=False/SlackUnreachable"];
    let unreachable = || two_pods(slack(FaultCode::SlackUnreachable, &[("host", "slack.com")]));
    check(unreachable(), &expected, &["1 of 2 pods", "Progressing"]);
    check(unreachable(), &["Connected=True/Connected"], &["1 of 2 pods"]);
    let away = storage(FaultCode::StorageUnreachable, &[("address", "redis:6379"), ("cause", "refused")]);
    check(
        two_pods(away),
        &["StorageReady=False/StorageUnreachable", "Ready=True/Connected"],
        &["redis:6379"],
    );
    let mut deaf = well();
    deaf.dns.checked = true;
    deaf.dns.fault = Some(Fault::new(FaultCode::DnsBlocked).with("server", "10.0.0.10"));
    check(two_pods(deaf), &["DNSReady=False/DNSBlocked"], &["10.0.0.10"]);
}

#[test]
fn a_bot_whose_pod_is_not_there_yet() {
    let row = Row { rolled_out: false, ..with(vec![]) };
    check(
        row,
        &["Ready=False/Progressing", "Progressing=True/Progressing", "Connected=Unknown/Progressing"],
        &[],
    );
    let starting = BotPod { running: false, ready: false, report: ReportState::Awaited, ..pod(well()) };
    check(with(vec![starting]), &["Ready=False/Progressing"], &["starting"]);
    let mut connecting = well();
    connecting.slack.connections = 0;
    check(
        with(vec![pod(connecting)]),
        &["Ready=False/Progressing", "Connected=False/Progressing"],
        &["connecting"],
    );
}

#[test]
fn faults_with_the_tokens() {
    let rows: &[FaultRow] = &[
        (
            FaultCode::TokensSecretNotFound,
            &[],
            "TokensSecretNotFound",
            &["Secret \"ops-slack\"", "bot-token", "app-token"],
        ),
        (
            FaultCode::TokensSecretKeyMissing,
            &[("key", "app-token")],
            "TokensSecretKeyMissing",
            &["\"app-token\""],
        ),
        (
            FaultCode::InvalidBotToken,
            &[("error", "invalid_auth")],
            "InvalidBotToken",
            &["invalid_auth", "\"bot-token\""],
        ),
        (FaultCode::InvalidBotToken, &[("error", "format")], "InvalidBotToken", &["xoxb-"]),
        (
            FaultCode::InvalidAppToken,
            &[("error", "invalid_auth")],
            "InvalidAppToken",
            &["connections:write", "\"app-token\""],
        ),
        (
            FaultCode::TokenRevoked,
            &[("token", "bot"), ("error", "token_revoked")],
            "TokenRevoked",
            &["token_revoked", "ops-slack"],
        ),
    ];
    for (code, args, reason, words) in rows {
        let expected = [format!("Ready=False/{reason}"), format!("CredentialsValid=False/{reason}")];
        check(with(vec![pod(slack(*code, args))]), &[&expected[0], &expected[1]], words);
    }
}

#[test]
fn a_key_of_another_name_is_named_as_it_is_in_the_secret() {
    let keys = json!({"slack": {"tokensSecretRef": {"name": "mine", "keys": {"appToken": "APP"}}}});
    let pods = vec![pod(slack(FaultCode::TokensSecretKeyMissing, &[("key", "app-token")]))];
    let row = Row { spec: keys, ..with(pods) };
    check(row, &["Ready=False/TokensSecretKeyMissing"], &["Secret \"mine\"", "\"APP\""]);
}

#[test]
fn scopes_that_are_missing() {
    check(
        with(vec![pod(missing(&["chat:write"], &[]))]),
        &["Ready=False/MissingScopes", "CredentialsValid=False/MissingScopes"],
        &["chat:write"],
    );
    check(
        with(vec![pod(missing(&[], &["im:history"]))]),
        &[
            "PluginsLoaded=False/MissingScopes",
            "Ready=True/Connected",
            "CredentialsValid=True/TokensAccepted",
        ],
        &["im:history (nothing is heard in direct messages); this costs hello", "slack-manifest"],
    );
    check(
        with(vec![pod(missing(&[], &["reactions:write", "files:write"]))]),
        &["PluginsLoaded=False/MissingScopes"],
        &[
            "reactions:write (a command that takes long does not show that it is at work)",
            "files:write (long answers come as several messages, not as files): add",
        ],
    );
}

#[test]
fn faults_with_the_connection() {
    const REFUSED: &[(&str, &str)] = &[("host", "slack.com"), ("cause", "refused")];
    let rows: &[FaultRow] = &[
        (FaultCode::SlackUnreachable, REFUSED, "SlackUnreachable", &["refused", "spec.slack.apiURL"]),
        (FaultCode::DnsUnresolvable, &[("host", "slack.com")], "DNSUnresolvable", &["slack.com", "spec.dns"]),
        (FaultCode::TooManyConnections, &[], "TooManyConnections", &["10"]),
        (
            FaultCode::SocketModeDisabled,
            &[("error", "link_disabled")],
            "SocketModeDisabled",
            &["link_disabled"],
        ),
    ];
    for (code, args, reason, words) in rows {
        let expected = [format!("Ready=False/{reason}"), format!("Connected=False/{reason}")];
        check(
            with(vec![pod(slack(*code, args))]),
            &[&expected[0], &expected[1], "Progressing=True/RolledOut"],
            words,
        );
    }
}

#[test]
fn faults_with_storage() {
    let rows: &[FaultRow] = &[
        (
            FaultCode::StorageUnreachable,
            &[("address", "redis:6379"), ("cause", "refused")],
            "StorageUnreachable",
            &["redis:6379", "spec.storage.redis"],
        ),
        (
            FaultCode::DnsUnresolvable,
            &[("host", "redis")],
            "DNSUnresolvable",
            &["redis", "spec.storage.redis.addresses"],
        ),
        (
            FaultCode::StorageAuthFailed,
            &[("address", "redis:6379"), ("error", "WRONGPASS")],
            "StorageAuthFailed",
            &["Secret \"redis-auth\"", "\"password\""],
        ),
        (
            FaultCode::StorageSecretNotFound,
            &[],
            "StorageSecretNotFound",
            &["Secret \"redis-auth\"", "\"password\""],
        ),
        (FaultCode::TrustedCaNotFound, &[], "TrustedCANotFound", &["ConfigMap \"redis-ca\"", "\"ca.crt\""]),
    ];
    for (code, args, reason, words) in rows {
        let expected = [format!("Ready=False/{reason}"), format!("StorageReady=False/{reason}")];
        let row = Row { spec: redis(), ..with(vec![pod(storage(*code, args))]) };
        check(row, &[&expected[0], &expected[1], "Connected=True/Connected"], words);
    }
}

#[test]
fn what_a_redis_server_says_of_itself() {
    let rows: &[FaultRow] = &[
        (
            FaultCode::StorageNotPermitted,
            &[("address", "redis:6379"), ("command", "EVAL"), ("user", "ops")],
            "StorageNotPermitted",
            &["\"ops\"", "EVAL", "ACL SETUSER"],
        ),
        (
            FaultCode::StorageDatabaseInvalid,
            &[("address", "redis:6379"), ("database", "99")],
            "StorageDatabaseInvalid",
            &["99", "spec.storage.redis.database"],
        ),
        (
            FaultCode::StorageTooOld,
            &[("address", "redis:6379"), ("version", "5.0.14"), ("command", "LMOVE")],
            "StorageTooOld",
            &["5.0.14", "6.2", "LMOVE"],
        ),
        (
            FaultCode::StorageInUse,
            &[("address", "redis:6379"), ("keyPrefix", "prod/ops"), ("owner", "c2/prod/ops")],
            "StorageInUse",
            &["c2/prod/ops", "spec.storage.redis.keyPrefix"],
        ),
        (
            FaultCode::StorageMasterUnknown,
            &[("address", "sentinel:26379"), ("master", "main")],
            "StorageUnreachable",
            &["\"main\"", "spec.storage.redis.master"],
        ),
        (
            FaultCode::StorageCertificateNotFound,
            &[("file", "tls.crt")],
            "StorageSecretNotFound",
            &["Secret \"redis-client\"", "tls.clientCertificateSecretRef"],
        ),
    ];
    for (code, args, reason, words) in rows {
        let expected = [format!("Ready=False/{reason}"), format!("StorageReady=False/{reason}")];
        let row = Row { spec: redis(), ..with(vec![pod(storage(*code, args))]) };
        check(row, &[&expected[0], &expected[1]], words);
    }
}

#[test]
fn why_a_redis_server_cannot_be_worked_with() {
    let rows: &[FaultRow] = &[
        (
            FaultCode::StorageUnreachable,
            &[("address", "redis:6379"), ("cause", "readonly")],
            "StorageUnreachable",
            &["replica", "Sentinel"],
        ),
        (
            FaultCode::StorageUnreachable,
            &[("address", "redis:6379"), ("cause", "full")],
            "StorageUnreachable",
            &["maxmemory"],
        ),
        (
            FaultCode::StorageUnreachable,
            &[("address", "redis:6379"), ("cause", "tls")],
            "StorageUnreachable",
            &["spec.storage.redis.tls", "caRef"],
        ),
    ];
    for (code, args, reason, words) in rows {
        let expected = [format!("Ready=False/{reason}"), format!("StorageReady=False/{reason}")];
        let row = Row { spec: redis(), ..with(vec![pod(storage(*code, args))]) };
        check(row, &[&expected[0], &expected[1]], words);
    }
}

#[test]
fn a_file_that_cannot_be_used() {
    let rows: &[(&str, &str)] = &[
        ("full", "spec.storage.embedded.size"),
        ("readonly", "65532"),
        ("locked", "another process"),
        ("damaged", "export"),
    ];
    for (cause, words) in rows {
        let mut report = storage(
            FaultCode::StorageFileUnusable,
            &[("path", "/var/lib/chatops/store.redb"), ("cause", cause)],
        );
        report.storage.kind = StorageKind::Embedded;
        let row = Row { spec: json!({"storage": {"embedded": {}}}), ..with(vec![pod(report)]) };
        check(row, &["StorageReady=False/StorageFileUnusable", "Ready=False/StorageFileUnusable"], &[words]);
    }
}

fn server(ready: bool, obstacle: Option<Obstacle>) -> ServerPod {
    ServerPod { name: "ops-redis-0".into(), leaving: false, ready, obstacle }
}

#[test]
fn a_managed_redis_that_is_not_up() {
    let unreachable =
        || storage(FaultCode::StorageUnreachable, &[("address", "ops-redis:6379"), ("cause", "refused")]);
    let rows: Vec<(Vec<ServerPod>, &str)> = vec![
        (vec![], "StatefulSet \"ops-redis\""),
        (vec![server(false, None)], "starting"),
        (vec![server(false, Some(Obstacle::ImagePull { image: "no/such:1".into() }))], "no/such:1"),
        (
            vec![server(
                false,
                Some(Obstacle::Unschedulable { message: "unbound PersistentVolumeClaims".into() }),
            )],
            "storageClassName",
        ),
        (vec![server(false, Some(Obstacle::Crashing { detail: "exit code 1".into() }))], "--previous"),
    ];
    for (redis_pods, words) in rows {
        let spec = json!({"storage": {"managedRedis": {}}});
        let row = Row { spec, redis_pods, ..with(vec![pod(unreachable())]) };
        let expected = ["StorageReady=False/ManagedRedisUnavailable", "Ready=False/ManagedRedisUnavailable"];
        check(row, &expected, &[words]);
    }
}

#[test]
fn what_a_managed_redis_that_is_up_says_itself_is_told() {
    let rows: &[FaultRow] = &[
        (FaultCode::StorageUnreachable, &[("cause", "refused")], "StorageUnreachable", &["ops-redis-0"]),
        (FaultCode::StorageUnreachable, &[("cause", "full")], "StorageUnreachable", &["managedRedis.size"]),
        (
            FaultCode::StorageAuthFailed,
            &[("error", "WRONGPASS")],
            "StorageAuthFailed",
            &["Secret \"ops-redis\""],
        ),
        (FaultCode::StorageSecretNotFound, &[], "StorageSecretNotFound", &["Secret \"ops-redis\""]),
    ];
    for (code, args, reason, words) in rows {
        let spec = json!({"storage": {"managedRedis": {}}});
        let row = Row { spec, redis_pods: vec![server(true, None)], ..with(vec![pod(storage(*code, args))]) };
        check(row, &[&format!("StorageReady=False/{reason}")], words);
    }
    let loading = storage(FaultCode::StorageUnreachable, &[("cause", "loading")]);
    let spec = json!({"storage": {"managedRedis": {}}});
    let row = Row { spec, redis_pods: vec![server(false, None)], ..with(vec![pod(loading)]) };
    check(row, &["Ready=False/StorageUnreachable"], &["loading"]);
}

#[test]
fn faults_with_the_way_out() {
    let spec = json!({"network": {
        "proxy": {"url": "http://proxy:3128", "credentialsSecretRef": {"name": "proxy-auth"}},
        "trustedCARef": {"kind": "ConfigMap", "name": "corporate-ca", "key": "ca.crt"},
    }});
    let rows: &[FaultRow] = &[
        (
            FaultCode::TrustedCaNotFound,
            &[],
            "TrustedCANotFound",
            &["ConfigMap \"corporate-ca\"", "\"ca.crt\""],
        ),
        (
            FaultCode::ProxySecretNotFound,
            &[("key", "password")],
            "ProxySecretNotFound",
            &["Secret \"proxy-auth\""],
        ),
        (
            FaultCode::ProxyAuthFailed,
            &[("proxy", "proxy:3128"), ("status", "407")],
            "ProxyAuthFailed",
            &["Secret \"proxy-auth\"", "407"],
        ),
        (
            FaultCode::ProxyUnreachable,
            &[("proxy", "proxy:3128"), ("host", "slack.com"), ("cause", "refused")],
            "ProxyUnreachable",
            &["proxy:3128", "spec.network.proxy.url"],
        ),
    ];
    for (code, args, reason, words) in rows {
        let row = Row { spec: spec.clone(), ..with(vec![pod(slack(*code, args))]) };
        let expected = [format!("Ready=False/{reason}"), format!("Connected=False/{reason}")];
        check(row, &[&expected[0], &expected[1]], words);
    }
}

#[test]
fn names_that_do_not_resolve_are_told_with_their_cause() {
    let rows: &[(FaultCode, &str)] = &[
        (FaultCode::DnsForwarderUnusable, "DNSForwarderUnusable"),
        (FaultCode::DnsUpstreamUnreachable, "DNSUpstreamUnreachable"),
        (FaultCode::DnsSearchDomainWildcard, "DNSSearchDomainWildcard"),
        (FaultCode::DnsSearchDomainFails, "DNSSearchDomainFails"),
        (FaultCode::DnsMuslResolver, "DNSMuslResolver"),
        (FaultCode::DnsSlow, "DNSSlow"),
        (FaultCode::DnsTcpBlocked, "DNSTcpBlocked"),
        (FaultCode::DnsBlocked, "DNSBlocked"),
        (FaultCode::DnsNoExternalNames, "DNSNoExternalNames"),
        (FaultCode::DnsHostUnresolvable, "DNSHostUnresolvable"),
    ];
    for (code, reason) in rows {
        let fault = Fault::new(*code).with("host", "slack.com").with("server", "10.96.0.10");
        let mut report = slack(FaultCode::DnsUnresolvable, &[("host", "slack.com")]);
        report.dns.checked = true;
        report.dns.fault = Some(fault.clone());
        let expected = [format!("DNSReady=False/{reason}"), format!("Ready=False/{reason}")];
        check(
            with(vec![pod(report)]),
            &[&expected[0], &expected[1], "Connected=False/DNSUnresolvable"],
            &["`"],
        );
        let mut answers = well();
        answers.dns.fault = Some(fault);
        check(with(vec![pod(answers)]), &[&expected[0], "Ready=True/Connected"], &[]);
    }
}

#[test]
fn names_that_resolve() {
    let mut report = well();
    report.dns.checked = true;
    check(with(vec![pod(report)]), &["DNSReady=True/DNSResolves", "Ready=True/Connected"], &[]);
    check(Row { rolled_out: false, ..with(vec![]) }, &["DNSReady=Unknown/Progressing"], &[]);
}

#[test]
fn the_kind_of_storage_is_named_as_the_spec_has_it() {
    let rows = [
        (json!({}), "Memory"),
        (json!({"storage": {"memory": {}}}), "Memory"),
        (json!({"storage": {"embedded": {}}}), "Embedded"),
        (json!({"storage": {"managedRedis": {}}}), "ManagedRedis"),
        (redis(), "Redis"),
    ];
    for (spec, kind) in rows {
        assert_eq!(status_of(&Row { spec, ..Row::default() }).storage.as_deref(), Some(kind));
    }
}

#[test]
fn pods_that_do_not_run_at_first() {
    let rows = [
        (
            Obstacle::ImagePull { image: "no/such:image".into() },
            "ImagePullFailed",
            &["no/such:image", "spec.image"][..],
        ),
        (
            Obstacle::Unschedulable { message: "0/1 nodes".into() },
            "PodUnschedulable",
            &["0/1 nodes", "spec.pod"],
        ),
        (
            Obstacle::Crashing { detail: "exit code 1".into() },
            "ContainerCrashing",
            &["exit code 1", "--previous"],
        ),
        (Obstacle::NotCreated { message: "runs as root".into() }, "DeploymentUnavailable", &["runs as root"]),
    ];
    for (obstacle, reason, words) in rows {
        let row = Row { rolled_out: false, ..with(vec![hindered(obstacle)]) };
        let expected = [
            format!("Ready=False/{reason}"),
            format!("Progressing=False/{reason}"),
            format!("CredentialsValid=Unknown/{reason}"),
        ];
        check(row, &[&expected[0], &expected[1], &expected[2]], words);
    }
}

#[test]
fn a_rollout_that_is_stuck_while_the_old_pod_answers() {
    let stuck = |new: BotPod| Row { rolled_out: false, ..with(vec![old(well()), new]) };
    check(
        stuck(image()),
        &["Progressing=False/ImagePullFailed", "Ready=True/Connected", "Connected=True/Connected"],
        &["no/such:image"],
    );
    let refused = pod(slack(FaultCode::InvalidBotToken, &[("error", "invalid_auth")]));
    check(
        stuck(refused),
        &[
            "Progressing=False/InvalidBotToken",
            "Ready=True/Connected",
            "CredentialsValid=True/TokensAccepted",
        ],
        &[],
    );
    let starting = BotPod { running: false, ready: false, report: ReportState::Awaited, ..pod(well()) };
    check(stuck(starting), &["Progressing=True/Progressing", "Ready=True/Connected"], &[]);
    let late = Row {
        condition: condition("Progressing", "False", "ProgressDeadlineExceeded"),
        ..stuck(BotPod { ready: false, report: ReportState::Awaited, ..pod(well()) })
    };
    check(late, &["Progressing=False/DeploymentUnavailable", "Ready=True/Connected"], &["in its words"]);
}

#[test]
fn a_pod_that_ends_does_not_count_as_answering() {
    let leaving = BotPod { leaving: true, ..pod(well()) };
    check(Row { rolled_out: false, ..with(vec![leaving]) }, &["Ready=False/Progressing"], &[]);
    let unready = BotPod { ready: false, ..pod(well()) };
    check(Row { rolled_out: false, ..with(vec![unready]) }, &["Ready=False/Progressing"], &[]);
}

#[test]
fn a_pod_that_does_not_answer_the_operator() {
    let silent = BotPod { report: ReportState::Silent, ..pod(well()) };
    check(
        with(vec![silent]),
        &["Ready=Unknown/StatusUnreachable", "Connected=Unknown/StatusUnreachable"],
        &["ops-bot-1", "NetworkPolicies"],
    );
}

#[test]
fn a_pod_that_may_not_be_created() {
    let row = Row {
        rolled_out: false,
        condition: condition("ReplicaFailure", "True", "FailedCreate"),
        ..with(vec![])
    };
    check(
        row,
        &["Ready=False/CreationForbidden", "Progressing=False/CreationForbidden"],
        &["in its words", "quota"],
    );
    let forbidden =
        ApplyError::Forbidden { kind: "Deployment".into(), name: "ops-bot".into(), message: "quota".into() };
    let row = Row { apply_error: Some(forbidden.into()), rolled_out: false, ..with(vec![]) };
    check(row, &["Ready=False/CreationForbidden", "Accepted=True/Accepted"], &["Deployment \"ops-bot\""]);
}

#[test]
fn a_spec_that_cannot_be_applied_keeps_ready_while_the_bot_answers() {
    let foreign = || Some(apply::Error::Foreign { objects: vec!["Service \"ops-bot\"".into()] });
    let row = Row { apply_error: foreign(), ..Row::default() };
    check(
        row,
        &["Accepted=False/NotOwned", "Ready=True/Connected", "Progressing=False/NotOwned"],
        &["Service \"ops-bot\""],
    );
    let row = Row { apply_error: foreign(), rolled_out: false, ..with(vec![]) };
    check(row, &["Ready=False/NotOwned"], &["Service \"ops-bot\""]);
}

#[test]
fn a_configuration_that_is_too_large_keeps_the_one_before() {
    let big = |name: &str| {
        let commands: Vec<Value> =
            (0..60).map(|i| json!({"name": format!("{name} {i}"), "reply": "x".repeat(9_500)})).collect();
        let mut big = plugin(name, "x");
        big["spec"]["commands"] = json!(commands);
        big
    };
    let row = Row { plugins: vec![big("a"), big("b")], ..Row::default() };
    check(
        row,
        &["Accepted=False/ConfigTooLarge", "Ready=True/Connected", "Progressing=False/ConfigTooLarge"],
        &["bytes", "BotPlugin"],
    );
}

#[test]
fn plugins_that_are_at_fault() {
    check(
        with(vec![pod(failing_plugin())]),
        &["PluginsLoaded=False/TemplateInvalid", "Ready=True/Connected"],
        &["BotPlugin \"hello\"", "\"hello\"", "reply", "line 1"],
    );
    let required = json!({"plugins": {"required": ["hello"]}});
    let row = Row { spec: required.clone(), ..with(vec![pod(failing_plugin())]) };
    check(
        row,
        &["Ready=False/TemplateInvalid", "PluginsLoaded=False/TemplateInvalid"],
        &["BotPlugin \"hello\""],
    );
    let unloaded = BotReport {
        plugins: vec![PluginReport { name: "other".into(), ..PluginReport::default() }],
        ..well()
    };
    let row = Row { spec: required, ..with(vec![pod(unloaded.clone())]) };
    check(row, &["Ready=False/Progressing", "PluginsLoaded=Unknown/Progressing"], &["\"hello\""]);
    check(with(vec![pod(unloaded)]), &["Ready=True/Connected", "PluginsLoaded=Unknown/Progressing"], &[]);
    let row = Row { spec: json!({"plugins": {"required": ["absent"]}}), ..Row::default() };
    check(
        row,
        &["Ready=False/RequiredPluginMissing", "PluginsLoaded=False/RequiredPluginMissing"],
        &["BotPlugin \"absent\"", "spec.plugins.required"],
    );
    let row = Row { plugins: vec![plugin("hello", "hello"), plugin("other", "hello")], ..Row::default() };
    check(
        row,
        &["PluginsLoaded=False/CommandConflict", "Ready=True/Connected"],
        &["BotPlugin \"other\"", "BotPlugin \"hello\""],
    );
}

#[test]
fn several_faults_of_different_kinds_are_all_named() {
    let plugins = vec![plugin("hello", "hello"), plugin("other", "hello")];
    let row = Row { plugins, ..with(vec![pod(failing_plugin())]) };
    check(row, &["PluginsLoaded=False/PluginsFailed"], &["cannot be used", "belongs to"]);
}

#[test]
fn a_new_configuration_is_under_way_until_the_bot_has_it() {
    let behind = BotReport { config_hash: "before".into(), ..well() };
    check(with(vec![pod(behind)]), &["Progressing=True/Progressing", "Ready=True/Connected"], &[]);
    let fault = Some(Fault::new(FaultCode::ConfigUnreadable).with("error", "version 9"));
    let unreadable = BotReport { config_hash: "before".into(), config_fault: fault, ..well() };
    check(
        with(vec![pod(unreadable)]),
        &["Progressing=False/ConfigUnreadable", "Ready=True/Connected"],
        &["version 9", "spec.image"],
    );
}

#[test]
fn a_bot_that_is_suspended() {
    for spec in [json!({"suspend": true}), json!({"replicas": 0})] {
        let row = Row { spec: spec.clone(), ..with(vec![]) };
        check(
            row,
            &["Ready=False/Suspended", "Progressing=True/RolledOut", "Connected=Unknown/Suspended"],
            &["spec."],
        );
        let row = Row { spec, rolled_out: false, ..Row::default() };
        check(row, &["Ready=False/Suspended", "Progressing=True/Progressing"], &[]);
    }
}
