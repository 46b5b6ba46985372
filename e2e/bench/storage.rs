//! What it costs to store something: `!remember`, which writes a value, against `!echo`, which does not, over each
//! storage.

use std::time::Duration;

use anyhow::Result;
use chatops_crds::bot_config::{self, EmbeddedConfig, StorageConfig};
use chatops_e2e::{
    local::{Redis, bot, configuration},
    slack::Simulator,
};

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
        let command =
            |slack: &Simulator| bot(slack, folder.path(), &configuration(slack, storage, REMEMBER)?);
        let bot = Contender::start(name, &[], command).await?;
        let echo = load::for_a_while(&bot, Line::Echo, IN_FLIGHT, SPAN).await?.per_second();
        let store = load::for_a_while(&bot, Line::Store, IN_FLIGHT, SPAN).await?.per_second();
        let figure = format!("{store:.0}/s, echo {echo:.0}/s, ratio {:.2}", store / echo);
        table.add(&format!("store.set, {IN_FLIGHT} in flight, {name}"), [figure], "")?;
    }
    Ok(())
}
