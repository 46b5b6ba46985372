//! One question to the name servers, in the order and with the patience of the system's resolver, except that a late
//! answer still counts: it tells a slow server from one that is gone.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpStream, UdpSocket},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    observation::{Answer, Failure},
    resolver::Resolver,
};

/// Longest wait for one server before the next is asked, whatever `resolv.conf` says: a probe must end.
const MAX_PATIENCE: Duration = Duration::from_secs(2);

/// How long opening a TCP connection and asking over it may take.
const TCP_DEADLINE: Duration = Duration::from_secs(2);

/// What glibc accepts over UDP with `edns0`.
const EDNS_BYTES: u16 = 1200;

/// More than a server sends over UDP.
const MAX_PACKET: usize = 4096;

/// Asks `resolver`'s servers at `port`.
pub(super) struct Asker<'a> {
    pub resolver: &'a Resolver,
    pub port: u16,
    /// When everything must have ended.
    pub end: Instant,
}

impl Asker<'_> {
    /// Asks for the records `kind` of `name`.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Answer {
        let start = Instant::now();
        let servers = &self.resolver.servers;
        let rounds = self.resolver.attempts.min(3);
        let mut turns = (0..rounds).flat_map(|_| servers.iter().copied());
        let (mut given_up, mut failed) = (Vec::new(), None);
        // For each time that somebody was asked: whether something came back.
        let mut heard = Vec::new();
        let mut tries = FuturesUnordered::new();
        let patience = self.resolver.timeout.min(MAX_PATIENCE);
        let first = servers.first().copied().unwrap_or(Ipv4Addr::LOCALHOST.into());
        let answer = |outcome, server, lost| Answer { outcome, server, took: start.elapsed(), lost };
        let nobody = |failed: Option<(Failure, IpAddr)>| {
            let (failure, server) = failed.unwrap_or((Failure::Timeout, first));
            answer(Err(failure), server, 0)
        };
        loop {
            let next = turns.find(|server| !given_up.contains(server));
            match next {
                Some(server) => {
                    let n = heard.len();
                    heard.push(false);
                    tries.push(async move { (n, server, self.attempt(server, name, kind).await) });
                }
                None if tries.is_empty() => return nobody(failed),
                None => (),
            }
            tokio::select! {
                biased;
                Some((n, server, outcome)) = tries.next() => {
                    let lost = heard.iter().take(n).filter(|heard| !**heard).count();
                    heard[n] = true;
                    match outcome {
                        Err(failure) if asks_another(&failure) => {
                            given_up.push(server);
                            failed.get_or_insert((failure, server));
                        }
                        outcome => return answer(outcome, server, lost.try_into().unwrap_or(u32::MAX)),
                    }
                }
                () = sleep(patience), if next.is_some() => (),
                () = sleep_until(self.end) => return nobody(failed),
            }
        }
    }

    /// Asks `server` once. Never ends if nothing comes back.
    async fn attempt(&self, server: IpAddr, name: &Name, kind: RecordType) -> Result<Vec<IpAddr>, Failure> {
        let server = SocketAddr::new(server, self.port);
        let mut question = Message::query();
        question.add_query(Query::query(name.clone(), kind));
        question.metadata.recursion_desired = true;
        if self.resolver.edns0 {
            let mut edns = Edns::new();
            edns.set_max_payload(EDNS_BYTES);
            question.set_edns(edns);
        }
        let packet = question.to_vec().map_err(|error| Failure::Other(error.to_string()))?;
        let is_answer = |answer: &Message| {
            answer.metadata.id == question.metadata.id && answer.queries == question.queries
        };
        if !self.resolver.over_tcp {
            let answer = over_udp(server, &packet, is_answer).await.map_err(|error| silence(&error))?;
            if !answer.metadata.truncation {
                return addresses(&answer);
            }
        }
        match timeout(TCP_DEADLINE, over_tcp(server, &packet)).await {
            Ok(Ok(answer)) if is_answer(&answer) => addresses(&answer),
            Ok(Ok(_)) => Err(Failure::TcpBlocked("answers something else")),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Err(Failure::TcpBlocked("refused"))
            }
            Ok(Err(_)) => Err(Failure::TcpBlocked("reset")),
            Err(_) => Err(Failure::TcpBlocked("timeout")),
        }
    }
}

/// Whether the system's resolver asks the next server.
fn asks_another(failure: &Failure) -> bool {
    !failure.is_negative() && !matches!(failure, Failure::TcpBlocked(_))
}

fn silence(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::NotListening,
        // No route and the like: nothing gets there.
        _ => Failure::Timeout,
    }
}

async fn over_udp(
    server: SocketAddr,
    packet: &[u8],
    is_answer: impl Fn(&Message) -> bool,
) -> io::Result<Message> {
    let local: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(server).await?;
    socket.send(packet).await?;
    let mut buffer = Vec::with_capacity(MAX_PACKET);
    loop {
        buffer.clear();
        // That nobody listens comes as an error alone, without anything to read.
        socket.ready(Interest::READABLE | Interest::ERROR).await?;
        let nobody = || socket.take_error()?.ok_or_else(|| io::ErrorKind::WouldBlock.into());
        if let Ok(error) = socket.try_io(Interest::ERROR, nobody) {
            return Err(error);
        }
        match socket.try_recv_buf(&mut buffer) {
            Ok(_) => (),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        // Packets of others, or broken ones, are no answer.
        if let Some(answer) = Message::from_vec(&buffer).ok().filter(&is_answer) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, packet: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], packet].concat()).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Message::from_vec(&answer).map_err(io::Error::other)
}

fn addresses(answer: &Message) -> Result<Vec<IpAddr>, Failure> {
    match answer.metadata.response_code {
        ResponseCode::NoError => {
            let addresses: Vec<_> = answer
                .answers
                .iter()
                .filter_map(|record| match &record.data {
                    RData::A(address) => Some(IpAddr::from(address.0)),
                    RData::AAAA(address) => Some(IpAddr::from(address.0)),
                    _ => None,
                })
                .collect();
            if addresses.is_empty() { Err(Failure::NoData) } else { Ok(addresses) }
        }
        ResponseCode::NXDomain => Err(Failure::NxDomain),
        ResponseCode::ServFail => Err(Failure::ServFail),
        ResponseCode::Refused => Err(Failure::Refused),
        code => Err(Failure::Other(format!("{code:?}").to_uppercase())),
    }
}
