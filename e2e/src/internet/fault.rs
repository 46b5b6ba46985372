//! What can go wrong with names. The letters are the causes of the design's table.

/// What can go wrong with names, one switch each; several can be on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// b: packets to the resolver are dropped, as by a firewall.
    UpstreamDrops,
    /// b: nothing listens at the resolver's address.
    UpstreamAbsent,
    /// a: the resolver answers every question with REFUSED, at once.
    UpstreamRefuses,
    /// a: the resolver answers every question with SERVFAIL, at once.
    UpstreamFails,
    /// a: the node's `resolv.conf` names a server that refuses pods, at once. The cluster's name server is restarted, since
    /// that is when it reads the file. It is not `127.0.0.53`, which for CoreDNS is itself: its `loop` then ends it.
    NodeResolvConf,
    /// c: the search domain of the node has a record for every name, with an address that nobody answers at.
    SearchWildcard,
    /// d: questions for names in the search domain of the node are answered with SERVFAIL.
    SearchFails,
    /// e: names in the search domain of the node exist and have no addresses, at which musl's resolver gives up.
    SearchEmpty,
    /// h: the resolver answers questions for the host of Slack's sockets with SERVFAIL.
    SocketHostFails,
    /// f: answers of the resolver do not fit into UDP packets, and its TCP port is blocked.
    Truncated,
    /// f: of the UDP packets of pods to the cluster's name server every third is lost, the first to begin with, and the
    /// resolver library waits for its time out, which is five seconds by default, before it sends another.
    PacketsLost,
    /// i: Slack's hosts have new addresses, and connections to the old ones are reset. Apply
    /// [`Fault::UpstreamDrops`] before and clear it afterwards for an outage between the two.
    SlackMoved,
    /// g: packets of pods to the cluster's name server are dropped. Plays a NetworkPolicy, which the cluster does not
    /// enforce.
    PodDnsBlocked,
    /// g: no external name exists, and nothing but the proxy is let through.
    OnlyProxy,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 14] = [
        Self::UpstreamDrops,
        Self::UpstreamAbsent,
        Self::UpstreamRefuses,
        Self::UpstreamFails,
        Self::NodeResolvConf,
        Self::SearchWildcard,
        Self::SearchFails,
        Self::SearchEmpty,
        Self::SocketHostFails,
        Self::Truncated,
        Self::PacketsLost,
        Self::SlackMoved,
        Self::PodDnsBlocked,
        Self::OnlyProxy,
    ];
}
