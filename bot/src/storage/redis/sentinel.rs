//! Asking sentinels which server is the master now.

use std::{collections::BTreeMap, time::Duration};

use ::redis::cmd;
use chatops_crds::{
    bot_config::RedisConfig,
    bot_report::{Fault, FaultCode},
};
use futures::future::join_all;
use tokio::time::timeout;

use super::{
    connect::{Access, Server, dial},
    credentials::Credentials,
    fault,
    send::answered,
};

/// How long a sentinel may take. One that does not answer must not delay what others know.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// The addresses that the sentinels give and how many of them do, those first that most do: one that was cut off may
/// name a server that is the master no more.
pub(super) async fn masters(config: &RedisConfig, access: &Access) -> Result<Vec<(String, usize)>, Fault> {
    let credentials =
        Credentials::read(config.sentinel_username.as_ref(), config.sentinel_password.as_ref()).await?;
    let master = config.master.as_deref().unwrap_or_default();
    let answers = join_all(config.addresses.iter().map(|address| {
        let server = Server { address, credentials: &credentials, tls: access.tls.as_ref(), database: 0 };
        Box::pin(async move {
            let silent = || Err(fault::unreachable(address, "timeout", "no answer"));
            timeout(DEADLINE, ask(server, master)).await.unwrap_or_else(|_| silent())
        })
    }));
    let (mut votes, mut faults) = (BTreeMap::<String, usize>::new(), Vec::new());
    for answer in answers.await {
        match answer {
            Ok(address) => *votes.entry(address).or_default() += 1,
            Err(fault) => faults.push(fault),
        }
    }
    if votes.is_empty() {
        // What a sentinel says is worth more than that another cannot be asked.
        let said = faults.iter().position(|fault| fault.code != FaultCode::StorageUnreachable);
        let unknown = || Fault::new(FaultCode::StorageMasterUnknown).with("master", master);
        return Err(faults.into_iter().nth(said.unwrap_or_default()).unwrap_or_else(unknown));
    }
    let mut votes: Vec<_> = votes.into_iter().collect();
    votes.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
    Ok(votes)
}

async fn ask(server: Server<'_>, master: &str) -> Result<String, Fault> {
    let node = dial(&server).await?;
    let mut ask = cmd("SENTINEL");
    ask.arg("get-master-addr-by-name").arg(master);
    let answer: Result<Option<(String, u16)>, _> =
        answered(ask.query_async(&mut node.connection.clone())).await;
    match answer {
        Ok(Some((host, port))) if host.contains(':') => Ok(format!("[{host}]:{port}")),
        Ok(Some((host, port))) => Ok(format!("{host}:{port}")),
        Ok(None) => Err(Fault::new(FaultCode::StorageMasterUnknown)
            .with("address", server.address)
            .with("master", master)),
        Err(error) if error.code() == Some("ERR") => {
            Err(fault::unreachable(server.address, "other", "this is no sentinel"))
        }
        Err(error) => Err(fault::about_command(&server, "SENTINEL", "", &error)
            .unwrap_or_else(|| fault::from_redis(server.address, &error))),
    }
}
