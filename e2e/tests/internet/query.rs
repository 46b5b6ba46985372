//! Look-ups: one question to one server from the node's network, and one by the resolver library of a pod.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use chatops_e2e::cluster::Cluster;
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

/// The Service of the cluster's name server.
pub const CLUSTER_DNS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

/// Longer than CoreDNS waits for its first answer from a server that drops packets (2 s).
const TIMEOUT: Duration = Duration::from_millis(1500);

/// What came of a look-up: the first address, `truncated`, `NoData`, a response code, or an error of the network.
pub fn udp(cluster: &Cluster, server: Ipv4Addr, name: &str) -> String {
    let question = question(name);
    let answer = cluster.inside(|| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((server, 53))?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.send(&question)?;
        let mut buffer = vec![0; 65535];
        let length = socket.recv(&mut buffer)?;
        buffer.truncate(length);
        Ok(buffer)
    });
    shown(answer)
}

/// The same over TCP.
pub fn tcp(cluster: &Cluster, server: Ipv4Addr, name: &str) -> String {
    let question = question(name);
    let answer = cluster.inside(|| {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((server, 53)), TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &question].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut buffer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut buffer)?;
        Ok(buffer)
    });
    shown(answer)
}

fn question(name: &str) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    let name = Name::from_str(&format!("{name}.")).expect("a name");
    message.add_query(Query::query(name, RecordType::A));
    message.to_vec().expect("a question")
}

fn shown(answer: anyhow::Result<Vec<u8>>) -> String {
    let answer = match answer {
        Ok(answer) => Message::from_vec(&answer).expect("an answer of DNS"),
        Err(error) => {
            return match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
                Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => "timeout".to_owned(),
                Some(kind) => format!("{kind:?}"),
                None => format!("{error:#}"),
            };
        }
    };
    if answer.metadata.truncation {
        return "truncated".to_owned();
    }
    if answer.metadata.response_code != ResponseCode::NoError {
        return format!("{:?}", answer.metadata.response_code);
    }
    let addresses = answer.answers.iter().filter_map(|record| match &record.data {
        RData::A(address) => Some(address.0.to_string()),
        _ => None,
    });
    addresses.min().unwrap_or_else(|| "NoData".to_owned())
}

/// What the resolver library of the pod `probe` finds for `slack.com.`: the address, or `nothing`.
pub async fn from_pod(cluster: &Cluster) -> String {
    let found = crate::kubectl(cluster, &["exec", "probe", "--", "getent", "ahostsv4", "slack.com."]).await;
    let found = found.unwrap_or_default();
    found.split_whitespace().next().unwrap_or("nothing").to_owned()
}
