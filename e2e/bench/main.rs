//! `make bench`: ours against a bare slack-morphism echo loop and what people may pick instead, measured in one run on the
//! same simulated Slack; what storing costs over each storage; what the bot and the operator cost. It writes
//! `docs/performance.md`.
//!
//! Every figure has its aim beside it; nothing here fails because a machine is slow.

mod compare;
mod contender;
mod load;
mod operator;
mod report;
mod rivals;
mod storage;
mod trouble;

use anyhow::Result;
use chatops_e2e::local::Redis;
use report::Table;

#[tokio::main]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut own = Table::new(["measured"]);
    let compared = compare(&mut own).await?;
    storage::measure(&mut own).await?;
    own.images()?;
    operator::measure(&mut own).await?;
    report::write(&compared, &own)
}

async fn compare(own: &mut Table) -> Result<Table> {
    let (redis, folder) = (Redis::start()?, tempfile::tempdir()?);
    let contenders = rivals::start(&redis, folder.path()).await?;
    let mut table = Table::new(contenders.iter().map(|each| each.name));
    compare::measure(&contenders, &mut table).await?;
    trouble::measure(&contenders, &mut table).await?;
    if let [ours, ..] = &contenders[..] {
        compare::cost(ours, &redis, own).await?;
    }
    Ok(table)
}
