//! A question to the cluster's name server: does a name resolve? Asked for itself and not through the system's resolver,
//! whose search domains and caches hide what the server said.

use std::{
    fmt::Debug,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{net::UdpSocket, time::timeout};

use super::stub_zones::DNS_PORT;

/// How long an answer may take: CoreDNS gives up on an upstream after 5 s and then says so.
const WAIT: Duration = Duration::from_secs(6);

/// How often is asked: a datagram may get lost.
const TRIES: usize = 2;

/// Longest answer without EDNS (RFC 1035, 4.2.1).
const LONGEST: usize = 512;

/// What the name server says, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// An error, or nothing.
    Fails,
    /// There is no such name, or it has no address.
    Empty,
    /// Here it is.
    Resolves,
}

/// Somebody who asks.
pub trait Canary: Debug + Send + Sync {
    /// Asks for the IPv4 addresses of `name`, an absolute name without its final dot.
    fn ask<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer>;
}

/// Asks a name server by UDP.
#[derive(Clone, Debug)]
pub struct NameServer(SocketAddr);

impl NameServer {
    pub fn new(address: IpAddr) -> Self {
        Self(SocketAddr::new(address, DNS_PORT))
    }

    async fn asked(&self, name: &str) -> io::Result<Option<Answer>> {
        let any: IpAddr =
            if self.0.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(self.0).await?;
        let id = rand::random::<u16>();
        socket.send(&question(id, name)).await?;
        let mut answer = [0; LONGEST];
        loop {
            let length = socket.recv(&mut answer).await?;
            if let Some(answer) = read(id, &answer[..length]) {
                return Ok(Some(answer));
            }
        }
    }
}

impl Canary for NameServer {
    fn ask<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer> {
        async move {
            let mut best = Answer::Fails;
            for _ in 0..TRIES {
                if let Ok(Ok(Some(answer))) = timeout(WAIT, self.asked(name)).await {
                    best = best.max(answer);
                }
                if best > Answer::Fails {
                    break;
                }
            }
            best
        }
        .boxed()
    }
}

/// The first name server of a `resolv.conf`.
pub fn first_name_server(resolv_conf: &str) -> Option<IpAddr> {
    resolv_conf.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        words.next().filter(|_| is_server)?.parse().ok()
    })
}

/// A question for A records, with recursion (RFC 1035, 4.1).
fn question(id: u16, name: &str) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label);
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes
}

/// What the header of an answer to question `id` says; none if it is no such answer.
fn read(id: u16, answer: &[u8]) -> Option<Answer> {
    let header = answer.first_chunk::<12>()?;
    let is_ours = header[..2] == id.to_be_bytes() && header[2] & 0x80 != 0;
    let (code, answers) = (header[3] & 0x0f, u16::from_be_bytes([header[6], header[7]]));
    is_ours.then_some(match (code, answers) {
        (0, 1..) => Answer::Resolves,
        (0 | 3, _) => Answer::Empty,
        _ => Answer::Fails,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_rfc_1035_has_it() {
        let wanted = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05slack\x03com\0\0\x01\0\x01";
        assert_eq!(question(0x1234, "slack.com"), wanted);
    }

    #[test]
    fn an_answer_is_judged_by_its_code_and_by_whether_it_has_records() {
        let answer = |code: u8, records: u8| [0x12, 0x34, 0x81, 0x80 | code, 0, 1, 0, records, 0, 0, 0, 0];
        assert_eq!(read(0x1234, &answer(0, 1)), Some(Answer::Resolves));
        assert_eq!(read(0x1234, &answer(0, 0)), Some(Answer::Empty));
        assert_eq!(read(0x1234, &answer(3, 0)), Some(Answer::Empty));
        assert_eq!(read(0x1234, &answer(2, 0)), Some(Answer::Fails));
        assert_eq!(read(0x1234, &answer(5, 0)), Some(Answer::Fails));
        assert_eq!(read(0x4321, &answer(0, 1)), None, "an answer to another question");
        assert_eq!(read(0x1234, &[0x12, 0x34]), None);
    }

    #[tokio::test]
    async fn a_name_server_on_loopback_is_asked() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let canary = NameServer(server.local_addr().unwrap());
        let serve = async {
            let mut bytes = [0; LONGEST];
            let (length, from) = server.recv_from(&mut bytes).await.unwrap();
            server.send_to(b"noise", from).await.unwrap();
            (bytes[2], bytes[7]) = (0x81, 1);
            server.send_to(&bytes[..length], from).await.unwrap();
        };
        let (answer, ()) = tokio::join!(canary.ask("slack.com"), serve);
        assert_eq!(answer, Answer::Resolves);
    }

    #[test]
    fn the_first_name_server_is_taken() {
        let text = "search a.b\n# nameserver 9.9.9.9\nnameserver 10.96.0.10\nnameserver 8.8.8.8\n";
        assert_eq!(first_name_server(text), Some("10.96.0.10".parse().unwrap()));
        assert_eq!(first_name_server("search a"), None);
    }
}
