//! The network namespace that is the node, and the pair of interfaces that joins it to the host.
//!
//! Addresses come from 198.18.0.0/15, which RFC 2544 sets aside for tests: four of them, a /30, per cluster. The
//! rest of a cluster's network (pods, services) is inside the namespace, and so the same for every cluster.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use super::namespace::Namespace;
use super::state::{Record, State};
use super::{Options, command, state};

const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
/// How many networks of four addresses 198.18.0.0/15 holds, but for the last 256 addresses: see `uplink`.
const SLOTS: u16 = (1 << 15) - 64;
/// Packets to these addresses (RFC 5737) are refused at once by the node.
pub(crate) const UNREACHABLE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const UNREACHABLE_NETWORK: &str = "203.0.113.0/24";
const API_PORT: u16 = 6443;
const DEADLINE: Duration = Duration::from_secs(10);
/// One for the machine: clusters of different cache folders share the addresses.
const SLOTS_LOCK: &str = "/run/chatops-clusters.lock";

/// The network of one cluster; a name and a number, whether it exists or not.
#[derive(Debug, Clone)]
pub(super) struct Network {
    namespace: Namespace,
    slot: u16,
}

impl Network {
    pub(super) fn new(cluster: &str, slot: u16) -> Self {
        Self { namespace: Namespace::new(format!("chatops-{cluster}")), slot }
    }

    /// Takes free addresses, writes them down, and makes namespace and interfaces.
    pub(super) async fn create(state: &State, options: Options) -> Result<Self> {
        let _guard = state::lock(SLOTS_LOCK.into()).await?;
        let claimed = state::claimed_slots()?;
        let free = |slot: &u16| !claimed.contains(slot) && !Path::new(&interface_path(*slot)).exists();
        let Some(slot) = (0..SLOTS).find(free) else { bail!("all the networks of 198.18.0.0/15 are taken") };
        state.write_record(&Record::new(slot, options)?)?;
        let network = Self::new(state.name(), slot);
        network.make().await?;
        Ok(network)
    }

    async fn make(&self) -> Result<()> {
        let (namespace, link) = (self.namespace.name(), self.host_interface());
        let host = format!("{}/30", self.host_ip());
        let node = format!("{}/30", self.node_ip());
        let gateway = self.host_ip().to_string();
        let steps: [&[&str]; 9] = [
            &["netns", "add", namespace],
            &["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", namespace],
            &["address", "add", &host, "dev", &link],
            &["link", "set", &link, "up"],
            &["-netns", namespace, "link", "set", "lo", "up"],
            &["-netns", namespace, "address", "add", &node, "dev", "eth0"],
            &["-netns", namespace, "link", "set", "eth0", "up"],
            &["-netns", namespace, "route", "add", "default", "via", &gateway],
            &["-netns", namespace, "route", "add", "unreachable", UNREACHABLE_NETWORK],
        ];
        for step in steps {
            command::run("ip", step, DEADLINE).await?;
        }
        self.namespace.inside(|| fs::write("/proc/sys/net/ipv4/ip_forward", "1"))
    }

    /// Removes namespace and interfaces, if they exist.
    pub(super) async fn remove(&self) -> Result<()> {
        if Path::new(&interface_path(self.slot)).exists() {
            command::run("ip", &["link", "delete", &self.host_interface()], DEADLINE).await?;
        }
        if self.namespace.exists() {
            command::run("ip", &["netns", "delete", self.namespace.name()], DEADLINE).await?;
        }
        Ok(())
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    fn host_interface(&self) -> String {
        format!("chatops{}", self.slot)
    }

    fn host_ip(&self) -> Ipv4Addr {
        self.address(1)
    }

    pub(super) fn node_ip(&self) -> Ipv4Addr {
        self.address(2)
    }

    fn address(&self, offset: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(FIRST_ADDRESS) + u32::from(self.slot) * 4 + offset)
    }

    pub(super) fn server_url(&self) -> String {
        format!("https://{}:{API_PORT}", self.node_ip())
    }
}

fn interface_path(slot: u16) -> String {
    format!("/sys/class/net/chatops{slot}")
}
