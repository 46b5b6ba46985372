//! Whether storage can be used: it is opened as a bot opens it.

use std::time::Duration;

use chatops_crds::{
    bot_config::StorageConfig,
    bot_report::{Fault, FaultCode},
};

use super::check::{Check, words};
use crate::storage;

/// Longer than an attempt to open it takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// None for memory, which always works.
pub(super) async fn look(config: &StorageConfig) -> Option<Check> {
    let name = match config {
        StorageConfig::Memory {} => return None,
        StorageConfig::Redis(redis) => format!("Redis {}", redis.addresses.join(", ")),
        StorageConfig::Embedded(embedded) => format!("file {}", embedded.path),
    };
    Some(match storage::open(config).ready(PATIENCE).await {
        Ok(_) => Check::ok(name, "it can be read and written"),
        Err(fault) => Check::fail(name, words(&fault), fix(&fault)),
    })
}

fn fix(fault: &Fault) -> &'static str {
    match fault.code {
        FaultCode::StorageUnreachable => "check that it runs and that this network reaches it",
        FaultCode::StorageAuthFailed | FaultCode::StorageSecretNotFound => {
            "correct the user name and the password: the Secret of spec.storage.redis.credentialsSecretRef, or REDIS_USERNAME and REDIS_PASSWORD"
        }
        FaultCode::StorageNotPermitted => "allow the user this command (ACL SETUSER)",
        FaultCode::StorageDatabaseInvalid => {
            "name a database that the server has in spec.storage.redis.database"
        }
        FaultCode::StorageTooOld => "use Redis 6.2 or later, or Valkey",
        FaultCode::StorageInUse => {
            "give this bot keys of its own with spec.storage.redis.keyPrefix, or stop the other one"
        }
        FaultCode::StorageMasterUnknown => "correct spec.storage.redis.master and the sentinels in addresses",
        FaultCode::DnsUnresolvable => "correct the host in spec.storage.redis.addresses, or start the server",
        FaultCode::TrustedCaNotFound => {
            "create the object of spec.storage.redis.tls.caRef with PEM certificates"
        }
        FaultCode::StorageCertificateNotFound => {
            "create the Secret of spec.storage.redis.tls.clientCertificateSecretRef"
        }
        FaultCode::StorageFileUnusable => "check the volume, and that no other program has the file open",
        _ => "",
    }
}
