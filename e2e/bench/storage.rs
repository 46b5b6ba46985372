//! What it costs to store something: `!remember`, which writes a value, against `!echo`, which does not, over each
//! storage.

use std::time::Duration;

use anyhow::Result;
use chatops_crds::bot_config::{self, EmbeddedConfig, StorageConfig};
use chatops_e2e::local::{Redis, bot};

use super::{
    contender::Contender,
    load::{self, Line, REMEMBER},
    report::Table,
};

/// Commands in flight at once.
const IN_FLIGHT: usize = 16;
const SPAN: Duration = Duration::from_secs(4);

/// Measures each storage with a bot of its own.
pub async fn measure(table: &mut Table) -> Result<()> {
    let (redis, folder) = (Redis::start()?, tempfile::tempdir()?);
    let path = folder.path().join(bot_config::STORE_FILE).display().to_string();
    for (name, storage) in [
        ("memory", StorageConfig::Memory {}),
        ("Redis", redis.storage()),
        ("embedded", StorageConfig::Embedded(EmbeddedConfig { path })),
    ] {
        let bot = Contender::start(name, &[], |slack| bot(slack, folder.path(), storage, REMEMBER)).await?;
        let echo = load::for_a_while(&bot, Line::Echo, IN_FLIGHT, SPAN).await?.per_second();
        let store = load::for_a_while(&bot, Line::Store, IN_FLIGHT, SPAN).await?.per_second();
        let figure = format!("{store:.0}/s, echo {echo:.0}/s, ratio {:.2}", store / echo);
        table.add(&format!("store.set, {IN_FLIGHT} in flight, {name}"), [figure], "")?;
    }
    Ok(())
}
