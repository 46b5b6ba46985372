//! Who has which address in the internet.

use std::net::Ipv4Addr;

use crate::cluster::uplink::address;
use crate::slack::Hosts;

/// The resolver that the node's `resolv.conf` names, and that is subject to faults.
pub const RESOLVER: Ipv4Addr = crate::cluster::uplink::RESOLVER;
/// Resolvers that every administrator knows; nothing is wrong with them but where no external name is to be had.
pub const PUBLIC_RESOLVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(1, 1, 1, 1)];
/// The authoritative name server, at the ports of `name_servers`.
pub(super) const AUTHORITY: Ipv4Addr = address(129);
/// An address where nothing listens: connections are refused at once.
pub(super) const NOBODY: Ipv4Addr = address(131);
/// The HTTP proxy.
pub const PROXY: Ipv4Addr = address(130);
/// Its port.
pub const PROXY_PORT: u16 = 3128;

/// Slack's hosts and where they are.
pub(super) const SLACK: [(&str, Ipv4Addr); 3] =
    [(SLACK_HOSTS[0], address(140)), (SLACK_HOSTS[1], address(141)), (SLACK_HOSTS[2], address(142))];
/// Where they are once [`super::Fault::SlackMoved`] has happened.
pub(super) const SLACK_MOVED: [(&str, Ipv4Addr); 3] =
    [(SLACK_HOSTS[0], address(150)), (SLACK_HOSTS[1], address(151)), (SLACK_HOSTS[2], address(152))];

/// Web API, files, sockets.
pub const SLACK_HOSTS: [&str; 3] = ["slack.com", "files.slack.com", "wss-primary.slack.com"];

pub(super) fn hosts() -> Hosts {
    let [api, files, sockets] = SLACK_HOSTS.map(str::to_owned);
    Hosts { api, files, sockets }
}

/// Where a host of Slack is as long as it has not moved.
#[must_use]
pub fn address_of(host: &str) -> Option<Ipv4Addr> {
    SLACK.iter().find(|(name, _)| *name == host).map(|(_, address)| *address)
}

/// Where a host of Slack is once it has moved.
#[must_use]
pub fn new_address_of(host: &str) -> Option<Ipv4Addr> {
    SLACK_MOVED.iter().find(|(name, _)| *name == host).map(|(_, address)| *address)
}
