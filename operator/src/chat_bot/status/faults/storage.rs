//! Storage: a Redis that somebody runs, the managed one, or the file on the bot's volume.

use chatops_crds::{
    ChatBotSpec, advice,
    bot_config::render::managed_redis_name,
    bot_report::{BotReport, Fault, FaultCode},
    shared::conditions::{Reason, Status},
};
use kube::ResourceExt;

use super::{
    super::{Cause, Facts, managed_redis},
    certificates_missing, names_cause,
};

/// Why storage does not answer, if it does not.
pub fn cause(report: &BotReport, facts: &Facts<'_>) -> Option<Cause> {
    let fault = report.storage.fault.as_ref().filter(|_| !report.storage.ready)?;
    let absent = is_about_absence(fault).then(|| managed_redis::unavailable(facts)).flatten();
    Some(
        absent
            .or_else(|| names_cause(fault, report))
            .unwrap_or_else(|| told(fault, &facts.bot.spec, &facts.bot.name_any())),
    )
}

/// The server is not there, rather than at fault itself.
fn is_about_absence(fault: &Fault) -> bool {
    let answers = ["readonly", "full", "loading"].contains(&fault.arg("cause"));
    match fault.code {
        FaultCode::StorageUnreachable => !answers,
        FaultCode::DnsUnresolvable | FaultCode::StorageSecretNotFound => true,
        _ => false,
    }
}

fn told(fault: &Fault, spec: &ChatBotSpec, bot: &str) -> Cause {
    let (reason, message) = if fault.code == FaultCode::StorageFileUnusable {
        (Reason::StorageFileUnusable, file(fault))
    } else if spec.storage.managed_redis.is_some() {
        managed(fault, &managed_redis_name(bot))
    } else {
        credentials(fault, spec).or_else(|| server(fault)).unwrap_or_else(|| unreachable(fault))
    };
    Cause::new(Status::False, reason, message)
}

fn credentials(fault: &Fault, spec: &ChatBotSpec) -> Option<(Reason, String)> {
    let redis = spec.storage.redis.as_ref()?;
    let (address, error) = (fault.arg("address"), fault.arg("error"));
    let secret = redis.credentials_secret_ref.as_ref().map(|secret| &secret.name);
    let tls = redis.tls.as_ref();
    Some(match (fault.code, secret) {
        (FaultCode::StorageAuthFailed, None) => (
            Reason::StorageAuthFailed,
            format!(
                "Redis at {address} asks for a password ({error}): name a Secret with key \"password\" in spec.storage.redis.credentialsSecretRef"
            ),
        ),
        (FaultCode::StorageAuthFailed, Some(secret)) => (
            Reason::StorageAuthFailed,
            format!(
                "Redis at {address} refuses the credentials in Secret \"{secret}\" ({error}): correct its key \"password\", and \"username\" if the server has users{}",
                if redis.sentinel_credentials_secret_ref.is_some() {
                    "; where it is a sentinel, those in the Secret of sentinelCredentialsSecretRef"
                } else {
                    ""
                }
            ),
        ),
        (FaultCode::StorageSecretNotFound, secret) => (
            Reason::StorageSecretNotFound,
            format!(
                "Secret \"{}\" (spec.storage.redis.credentialsSecretRef) does not exist or has no key \"password\": create it",
                secret.map_or("?", String::as_str)
            ),
        ),
        (FaultCode::StorageCertificateNotFound, _) => {
            let secret = tls.and_then(|tls| tls.client_certificate_secret_ref.as_ref());
            let message = format!(
                "Secret \"{}\" (spec.storage.redis.tls.clientCertificateSecretRef) does not exist, or its keys \"tls.crt\" and \"tls.key\" hold no certificate and key: create it with `kubectl create secret tls`",
                secret.map_or("?", |secret| &secret.name)
            );
            (Reason::StorageSecretNotFound, message)
        }
        (FaultCode::TrustedCaNotFound, _) => {
            let field = "spec.storage.redis.tls.caRef";
            let message = match tls.and_then(|tls| tls.ca_ref.as_ref()) {
                Some(ca) => certificates_missing(field, ca),
                None => format!("the certificates of {field} are missing: create the object that it names"),
            };
            (Reason::TrustedCANotFound, message)
        }
        _ => return None,
    })
}

/// What the server says of itself, of its user and of its keys.
fn server(fault: &Fault) -> Option<(Reason, String)> {
    let address = fault.arg("address");
    Some(match fault.code {
        FaultCode::StorageNotPermitted => (
            Reason::StorageNotPermitted,
            format!(
                "user \"{}\" of Redis at {address} may not run {}: allow it, e.g. `ACL SETUSER {} ~* +@all -@dangerous +info`, or name another user in the Secret of spec.storage.redis.credentialsSecretRef",
                fault.arg("user"),
                fault.arg("command"),
                fault.arg("user")
            ),
        ),
        FaultCode::StorageDatabaseInvalid => (
            Reason::StorageDatabaseInvalid,
            format!(
                "Redis at {address} has no database {}: correct spec.storage.redis.database, or raise `databases` in the server's configuration",
                fault.arg("database")
            ),
        ),
        FaultCode::StorageTooOld => (
            Reason::StorageTooOld,
            format!(
                "Redis at {address} is of version {}, and 6.2 is the oldest that the bot works with (it lacks {}): upgrade the server",
                fault.arg("version"),
                fault.arg("command")
            ),
        ),
        FaultCode::StorageInUse => (
            Reason::StorageInUse,
            format!(
                "the keys under \"{}\" of Redis at {address} belong to another bot ({}): set another spec.storage.redis.keyPrefix or database, or, if that bot is gone for good, see StorageInUse in the troubleshooting guide",
                fault.arg("keyPrefix"),
                fault.arg("owner")
            ),
        ),
        FaultCode::StorageMasterUnknown => (
            Reason::StorageUnreachable,
            format!(
                "the sentinel at {address} knows no server under the name \"{}\": correct spec.storage.redis.master (`redis-cli -p 26379 SENTINEL MASTERS` lists the names), or wait until a master is elected",
                fault.arg("master")
            ),
        ),
        FaultCode::DnsUnresolvable => (
            Reason::DNSUnresolvable,
            format!(
                "the host name {} of spec.storage.redis.addresses cannot be resolved from the bot's pod: correct it, or start the server",
                fault.arg("host")
            ),
        ),
        _ => return None,
    })
}

fn unreachable(fault: &Fault) -> (Reason, String) {
    let place = advice::place(fault, "address");
    let message = match fault.arg("cause") {
        "readonly" => format!(
            "Redis at {place} is a replica that cannot be written to: name the master in spec.storage.redis.addresses, or the sentinels with topology Sentinel"
        ),
        "full" => format!(
            "Redis at {place} takes no more data: give the server memory (`maxmemory`) or disk, or remove what is not needed"
        ),
        "loading" => format!("Redis at {place} is loading its data: wait until it is done"),
        "tls" => format!(
            "no encrypted connection to Redis at {place}: check spec.storage.redis.tls, whose caRef names the authority to trust, and that the server speaks TLS on this port"
        ),
        _ => format!(
            "Redis cannot be reached at {place}: check that it runs, spec.storage.redis.addresses, and NetworkPolicies in between"
        ),
    };
    (Reason::StorageUnreachable, message)
}

/// The Redis that the operator runs, whose objects are all called `name`.
fn managed(fault: &Fault, name: &str) -> (Reason, String) {
    match (fault.code, fault.arg("cause")) {
        (FaultCode::StorageAuthFailed, _) => (
            Reason::StorageAuthFailed,
            format!(
                "the managed Redis refuses the password in Secret \"{name}\" ({}): it was changed, and the server takes it up within two minutes; `kubectl delete pod {name}-0` does so at once",
                fault.arg("error")
            ),
        ),
        (FaultCode::StorageSecretNotFound, _) => (
            Reason::StorageSecretNotFound,
            format!(
                "Secret \"{name}\" of the managed Redis has no key \"password\": delete the Secret if it is not needed otherwise, and the operator creates it"
            ),
        ),
        (FaultCode::StorageUnreachable, "full") => (
            Reason::StorageUnreachable,
            format!(
                "the managed Redis takes no more data ({}): raise spec.storage.managedRedis.size if its volume is full; its memory holds 160 MB, so for more bring your own server (spec.storage.redis)",
                fault.arg("detail")
            ),
        ),
        (FaultCode::StorageUnreachable, "loading") => (
            Reason::StorageUnreachable,
            format!("Pod \"{name}-0\" of the managed Redis is loading its data: wait until it is done"),
        ),
        _ => (
            Reason::StorageUnreachable,
            format!(
                "the managed Redis runs and cannot be reached at {}: check the NetworkPolicies of the namespace, and `kubectl logs {name}-0`",
                advice::place(
                    fault,
                    if fault.code == FaultCode::DnsUnresolvable { "host" } else { "address" }
                )
            ),
        ),
    }
}

/// The file of the embedded store.
fn file(fault: &Fault) -> String {
    let place = advice::place(fault, "path");
    let fix = match fault.arg("cause") {
        "full" => "the volume is full: raise spec.storage.embedded.size",
        "readonly" => {
            "the bot may not write there: the volume has to be writable for group 65532 (fsGroup), which some kinds of volume do not honour; choose another storageClassName"
        }
        "locked" => "another process has it open: it is free when that one ends",
        "damaged" => {
            "the file is damaged: restore it from an export or a snapshot of the volume, or delete the PersistentVolumeClaim to start anew"
        }
        _ => "`kubectl describe pod` and the bot's log show more",
    };
    format!("the file of the embedded store, {place}, cannot be used: {fix}")
}
