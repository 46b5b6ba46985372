//! What it costs to store something: `!remember`, which writes a value, against `!echo`, which does not, over each
//! storage.

use anyhow::Result;
use chatops_crds::bot_config::{self, EmbeddedConfig, StorageConfig};
use chatops_e2e::local::{Redis, bot};

use super::{
    bot::Contender,
    load::{self, Line, REMEMBER},
    table::Table,
};

/// Commands in flight at once, and how many are typed.
const LOAD: (usize, usize) = (16, 4_000);

/// Measures each storage with a bot of its own.
pub async fn measure(table: &mut Table) -> Result<()> {
    let (redis, folder) = (Redis::start()?, tempfile::tempdir()?);
    let path = folder.path().join(bot_config::STORE_FILE).display().to_string();
    for (name, storage) in [
        ("memory", StorageConfig::Memory {}),
        ("Redis, everysec", redis.storage()),
        ("embedded", StorageConfig::Embedded(EmbeddedConfig { path })),
    ] {
        let contender = Contender::start(|slack| bot(slack, folder.path(), storage, REMEMBER)).await?;
        let (in_flight, total) = LOAD;
        let rate =
            |line| load::commands_a_second(&contender.slack, &contender.channels, line, in_flight, total);
        let (echo, store) = (rate(Line::Echo).await?, rate(Line::Store).await?);
        let figure = format!("{store:.0}/s, echo {echo:.0}/s, ratio {:.2}", store / echo);
        table.add(&format!("store.set, {in_flight} in flight, {name}"), figure, "")?;
    }
    Ok(())
}
