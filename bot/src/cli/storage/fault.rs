//! Why a storage cannot be used, in words, with what to do.

use chatops_crds::bot_report::{Fault, FaultCode};

use super::place::Located;

pub(super) fn words(fault: &Fault, located: &Located) -> String {
    let arg = |name| fault.arg(name);
    let storage = located.shown();
    let why = match fault.code {
        FaultCode::StorageFileUnusable if arg("cause") == "locked" => {
            return format!(
                "{storage} is in use by a running bot. Suspend it first: {}. The same with false starts it again",
                located.suspend()
            );
        }
        FaultCode::StorageFileUnusable => match arg("cause") {
            "full" => "the disk is full".to_owned(),
            "readonly" => "it may only be read: run this as the user who owns the file".to_owned(),
            "damaged" => format!("the file is damaged: {}", arg("detail")),
            _ => arg("detail").to_owned(),
        },
        FaultCode::StorageUnreachable => match arg("cause") {
            "refused" => {
                format!("nothing listens at {}: is it running, and is the port right?", arg("address"))
            }
            "timeout" => {
                format!("{} does not answer: does a firewall or NetworkPolicy stand between?", arg("address"))
            }
            "tls" => format!("no encrypted connection to {}: {}", arg("address"), arg("detail")),
            "readonly" => format!("{} is a replica that takes no writes: name the master", arg("address")),
            "full" => format!("{} is full: raise its maxmemory", arg("address")),
            "loading" => format!("{} is loading its data: try again later", arg("address")),
            cause => format!("{}: {cause}, {}", arg("address"), arg("detail")),
        },
        FaultCode::DnsUnresolvable => format!(
            "the name {} does not resolve here; that of a Service resolves only in the cluster (kubectl port-forward, or run \
             this in the pod with kubectl exec)",
            arg("host")
        ),
        FaultCode::StorageAuthFailed => {
            format!("it refuses the credentials ({}): check REDIS_USERNAME and REDIS_PASSWORD", arg("error"))
        }
        FaultCode::StorageSecretNotFound => {
            format!(
                "no credentials: set REDIS_PASSWORD, and REDIS_USERNAME if there is a user ({})",
                arg("key")
            )
        }
        FaultCode::StorageNotPermitted => format!("user {} may not run {}", arg("user"), arg("command")),
        FaultCode::StorageDatabaseInvalid => format!("it has no database {}", arg("database")),
        FaultCode::StorageTooOld => format!("version {} is too old", arg("version")),
        FaultCode::StorageMasterUnknown => format!("the sentinels know no master called {}", arg("master")),
        FaultCode::StorageInUse => format!(
            "the keys belong to {}: take another spec.storage.redis.keyPrefix, or let that bot go first with \
             \"chatops-bot storage release\"",
            arg("owner")
        ),
        FaultCode::StorageCertificateNotFound | FaultCode::TrustedCaNotFound => {
            format!("there is no certificate in {}", arg("file"))
        }
        code => format!("{code:?}"),
    };
    format!("cannot use {storage}: {why}")
}
