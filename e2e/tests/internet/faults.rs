//! Each switch, on and off.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chatops_e2e::cluster::Dns;
use chatops_e2e::internet::{Fault, Internet, places};

use crate::query::{CLUSTER_DNS, from_pod, tcp, udp};
use crate::{client, eventually};

const API: &str = places::SLACK_HOSTS[0];
const SOCKETS: &str = places::SLACK_HOSTS[2];
/// As a resolver library asks when it puts the search domain first.
const SEARCHED: &str = "slack.com.corp.test";
/// A name that is answered inside of the cluster.
const INSIDE: &str = "kubernetes.default.svc.cluster.local";

/// An A record that everything is well with.
fn well() -> String {
    places::address_of(API).map(|address| address.to_string()).unwrap_or_default()
}

pub async fn come_and_go(bed: &Internet) -> Result<()> {
    is_well(bed).await?;
    for fault in Fault::ALL {
        let began = Instant::now();
        bed.apply(fault).await?;
        shows(bed, fault).await.with_context(|| format!("{fault:?}"))?;
        let seen = began.elapsed();
        let inside = udp(bed.cluster(), CLUSTER_DNS, INSIDE);
        ensure!(inside == "10.96.0.1", "{fault:?}: {INSIDE}: {inside}");
        bed.clear(fault).await?;
        is_well(bed).await.with_context(|| format!("after {fault:?}"))?;
        println!("{fault:?}: seen after {seen:.1?}, gone after {:.1?}", began.elapsed() - seen);
    }
    Ok(())
}

/// What a process that crashed had switched on is off when the next one attaches.
pub async fn of_an_earlier_run_are_gone(bed: Internet) -> Result<Internet> {
    for fault in [Fault::UpstreamDrops, Fault::UpstreamAbsent, Fault::PodDnsBlocked, Fault::NodeResolvConf] {
        bed.apply(fault).await?;
    }
    drop(bed);
    let bed = Internet::up("bed", Dns::CoreDns).await?;
    is_well(&bed).await?;
    Ok(bed)
}

async fn is_well(bed: &Internet) -> Result<()> {
    for host in places::SLACK_HOSTS {
        let wanted = places::address_of(host).context("an address")?.to_string();
        sees(bed, host, &wanted).await?;
    }
    sees(bed, SEARCHED, "NXDomain").await?;
    eventually("from a pod", &well(), async || from_pod(bed.cluster()).await).await?;
    client::connect(bed.cluster(), places::address_of(API).context("an address")?, 443).map(drop)
}

/// Waits until the cluster's name server says `wanted`.
async fn sees(bed: &Internet, name: &str, wanted: &str) -> Result<()> {
    eventually(name, wanted, async || udp(bed.cluster(), CLUSTER_DNS, name)).await
}

async fn shows(bed: &Internet, fault: Fault) -> Result<()> {
    let cluster = bed.cluster();
    let resolver = || udp(cluster, places::RESOLVER, API);
    match fault {
        Fault::UpstreamDrops => {
            ensure!(resolver() == "timeout");
            ensure!(udp(cluster, places::PUBLIC_RESOLVERS[0], API) == well());
            ensure!(udp(cluster, places::PUBLIC_RESOLVERS[1], API) == well());
            sees(bed, API, "timeout|ServFail").await
        }
        Fault::UpstreamAbsent => {
            ensure!(resolver() == "ConnectionRefused");
            sees(bed, API, "ServFail").await
        }
        Fault::UpstreamRefuses => sees(bed, API, "Refused").await,
        Fault::UpstreamFails => sees(bed, API, "ServFail").await,
        Fault::NodeResolvConf => {
            ensure!(resolver() == well());
            sees(bed, API, "ServFail").await
        }
        Fault::SearchWildcard => {
            sees(bed, SEARCHED, "203.0.113.1").await?;
            sees(bed, API, &well()).await
        }
        Fault::SearchFails => {
            sees(bed, SEARCHED, "ServFail").await?;
            sees(bed, API, &well()).await
        }
        Fault::SearchEmpty => {
            sees(bed, SEARCHED, "NoData").await?;
            sees(bed, API, &well()).await
        }
        Fault::SocketHostFails => {
            sees(bed, SOCKETS, "ServFail").await?;
            sees(bed, API, &well()).await
        }
        Fault::Truncated => {
            sees(bed, API, "truncated").await?;
            eventually("over TCP", "timeout|ServFail", async || tcp(cluster, CLUSTER_DNS, API)).await
        }
        Fault::PacketsLost => is_slow(bed).await,
        Fault::SlackMoved => has_moved(bed).await,
        Fault::PodDnsBlocked => {
            eventually("from a pod", "nothing", async || from_pod(cluster).await).await?;
            sees(bed, API, &well()).await
        }
        Fault::OnlyProxy => {
            sees(bed, API, "NXDomain").await?;
            ensure!(udp(cluster, places::PUBLIC_RESOLVERS[0], API) == "timeout");
            let direct = client::connect(cluster, places::address_of(API).context("an address")?, 443);
            ensure!(direct.is_err(), "Slack is reached without the proxy");
            Ok(())
        }
    }
}

/// glibc waits five seconds before it asks again.
async fn is_slow(bed: &Internet) -> Result<()> {
    let began = Instant::now();
    let found = from_pod(bed.cluster()).await;
    ensure!(found == well(), "{found}");
    let took = began.elapsed();
    ensure!(took > Duration::from_millis(4500), "it took only {took:?}");
    Ok(())
}

async fn has_moved(bed: &Internet) -> Result<()> {
    let new = places::new_address_of(API).context("an address")?;
    sees(bed, API, &new.to_string()).await?;
    client::connect(bed.cluster(), new, 443)?;
    let old = client::connect(bed.cluster(), places::address_of(API).context("an address")?, 443);
    ensure!(old.is_err(), "the old address still answers");
    Ok(())
}
