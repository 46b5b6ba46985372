//! `make bench`: ratios measured in one run, ours against a bare slack-morphism echo loop on the same simulated Slack,
//! what storing costs over each storage, and what the bot and the operator cost.
//!
//! Every figure is printed with its aim; nothing here fails because a machine is slow.

mod bot;
mod load;
mod operator;
mod storage;
mod table;

use anyhow::Result;
use table::Table;

#[tokio::main]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut table = Table::default();
    bot::measure(&mut table).await?;
    storage::measure(&mut table).await?;
    table.images()?;
    operator::measure(&mut table).await?;
    table.print()
}
