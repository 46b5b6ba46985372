//! All contenders under the same load, one after the other for each figure.

use std::time::Duration;

use anyhow::Result;
use chatops_e2e::local::Redis;

use super::{
    contender::Contender,
    load::{self, Line},
    report::{Table, mebibytes},
};

/// Commands in flight at once.
const IN_FLIGHT: [usize; 3] = [1, 16, 64];
const SPAN: Duration = Duration::from_secs(6);
/// Before anything is measured: some of the rivals get faster while they run.
const WARM_UP: Duration = Duration::from_secs(2);
/// A calm day: commands a second, and how many are typed.
const CALM: (u32, usize) = (20, 400);
/// Of the load under which memory is measured.
const MANY: usize = 100_000;

/// Measures what all of them do.
pub async fn measure(contenders: &[Contender], table: &mut Table) -> Result<()> {
    let times = contenders.iter().map(|each| format!("{:.2} s", each.answered_after.as_secs_f64()));
    table.add("start to first answer", times, "≤ 0.1 s")?;
    table.add("memory, idle", contenders.iter().map(|each| mebibytes(each.idle)), "≤ 16 MiB")?;
    for each in contenders {
        load::for_a_while(each, Line::Echo, 16, WARM_UP).await?;
    }
    for in_flight in IN_FLIGHT {
        throughput(contenders, in_flight, table).await?;
    }
    let (rate, total) = CALM;
    let mut latencies = Vec::new();
    for each in contenders {
        latencies.push(format!("{:.1?}", load::p99_at(each, rate, total).await?));
    }
    table.add("99 of 100 answered within, at 20 a second", latencies, "≤ Hubot + 1 ms")
}

async fn throughput(contenders: &[Contender], in_flight: usize, table: &mut Table) -> Result<()> {
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for each in contenders {
        let before = each.cpu()?;
        let done = load::for_a_while(each, Line::Echo, in_flight, SPAN).await?;
        let cpu = each.cpu()?.saturating_sub(before).as_secs_f64();
        rates.push(format!("{:.0}", done.per_second()));
        costs.push(format!("{:.2} s", cpu * 1_000.0 / done.commands as f64));
    }
    table.add(&format!("commands a second, {in_flight} in flight"), rates, "≥ 2 × Bolt for JavaScript")?;
    table.add(&format!("CPU for 1,000 commands, {in_flight} in flight"), costs, "")
}

/// Measures what a command costs our bot and its Redis.
pub async fn cost(ours: &Contender, redis: &Redis, table: &mut Table) -> Result<()> {
    for in_flight in IN_FLIGHT {
        let before = redis.reads().await?;
        let done = load::for_a_while(ours, Line::Echo, in_flight, SPAN).await?;
        let reads = (redis.reads().await? - before) as f64 / done.commands as f64;
        table.add(
            &format!("round trips to Redis a command, {in_flight} in flight"),
            [format!("{reads:.1}")],
            "",
        )?;
    }
    load::commands(ours, Line::Echo, 64, MANY).await?;
    table.add("memory after 100,000 commands", [mebibytes(ours.resident()?)], "≤ 24 MiB")
}
