//! A second network namespace beside the node, which plays the internet, and the pair of interfaces that joins the two.
//! Addresses are the last 256 of 198.18.0.0/15, and
//! two well-known ones: they exist inside the two namespaces only, and so are the same for every
//! cluster. What is served there is not known here.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;

use super::command;
use super::namespace::Namespace;
use super::network::Network;

/// The node's address on the way to the internet: packets of pods arrive from it.
pub(crate) const NODE: Ipv4Addr = address(1);
/// The internet's address on the way to the node.
const GATEWAY: Ipv4Addr = address(2);
/// The name server that the node's `resolv.conf` names.
pub(crate) const RESOLVER: Ipv4Addr = address(153);
/// All of them, and the public name servers that people know by heart, which in here are the internet's too.
const ADDRESSES: [&str; 3] = ["198.19.255.0/24", "8.8.8.8/32", "1.1.1.1/32"];
/// Those that do not belong to the pair of interfaces.
const SERVED: &str = "198.19.255.128/25";
/// The pair's end in the node.
const INTERFACE: &str = "internet";
const DEADLINE: Duration = Duration::from_secs(10);

/// The address in the internet that ends with `last`; from 128 on, a server may have it.
pub(crate) const fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 19, 255, last)
}

/// Makes the namespace with every address that [`address`] gives, and the way from the node to it and back.
pub(super) async fn make(node: &Network, internet: &Namespace) -> Result<()> {
    let (node, internet) = (node.namespace().name(), internet.name());
    let (near, far) = (format!("{NODE}/30"), format!("{GATEWAY}/30"));
    let gateway = GATEWAY.to_string();
    let steps: [&[&str]; 7] = [
        &["netns", "add", internet],
        &[
            "-netns", node, "link", "add", INTERFACE, "type", "veth", "peer", "name", "eth0", "netns",
            internet,
        ],
        &["-netns", node, "address", "add", &near, "dev", INTERFACE],
        &["-netns", node, "link", "set", INTERFACE, "up"],
        &["-netns", internet, "link", "set", "lo", "up"],
        &["-netns", internet, "address", "add", &far, "dev", "eth0"],
        &["-netns", internet, "link", "set", "eth0", "up"],
    ];
    for step in steps {
        command::run("ip", step, DEADLINE).await?;
    }
    for addresses in ADDRESSES {
        let route = ["-netns", node, "route", "add", addresses, "via", &gateway];
        command::run("ip", &route, DEADLINE).await?;
    }
    // A route to itself instead of addresses: a server there binds whichever it likes.
    for addresses in [SERVED, ADDRESSES[1], ADDRESSES[2]] {
        let route = ["-netns", internet, "route", "add", "local", addresses, "dev", "lo"];
        command::run("ip", &route, DEADLINE).await?;
    }
    Ok(())
}

/// Removes the namespace, if it exists, and with it the pair of interfaces.
pub(super) async fn remove(internet: &Namespace) -> Result<()> {
    if internet.exists() {
        command::run("ip", &["netns", "delete", internet.name()], DEADLINE).await?;
    }
    Ok(())
}
