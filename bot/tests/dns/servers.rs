//! Name servers on the loopback: the real dnsmasq, and one that does what only a broken network does.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use chatops_bot::dns::Prober;
use hickory_proto::{
    op::{Message, MessageType, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// The name server of a cluster, without what is outside.
pub const CLUSTER: &[&str] =
    &["--host-record=kubernetes.default.svc.cluster.local,10.96.0.1", "--local=/cluster.local/"];

/// A real name server; it ends with this value.
pub struct Dnsmasq {
    process: Child,
    pub port: u16,
}

impl Dnsmasq {
    pub async fn start(arguments: &[&str]) -> Dnsmasq {
        Self::start_at(free_port().await, arguments).await
    }

    pub async fn start_at(port: u16, arguments: &[&str]) -> Dnsmasq {
        let process = Command::new("dnsmasq")
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--pid-file=",
                "--no-resolv",
                "--no-hosts",
            ])
            .args(["--listen-address=127.0.0.1", "--bind-interfaces", "--user=", "--cache-size=0"])
            .arg(format!("--port={port}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dnsmasq is installed (Debian: dnsmasq-base)");
        let server = Dnsmasq { process, port };
        answers(port).await;
        server
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port of the loopback that is free for UDP and TCP.
pub async fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
}

/// Waits until somebody answers.
async fn answers(port: u16) {
    let start = Instant::now();
    let mut query = Message::query();
    // A name that is never passed on.
    query.add_query(Query::query(
        Name::from_ascii("kubernetes.default.svc.cluster.local.").unwrap(),
        RecordType::A,
    ));
    let query = query.to_vec().unwrap();
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(("127.0.0.1", port)).await.unwrap();
        let _ = socket.send(&query).await;
        let mut buffer = [0; 512];
        if let Ok(Ok(_)) = timeout(Duration::from_millis(100), socket.recv(&mut buffer)).await {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "dnsmasq does not answer on port {port}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// What a scripted server does with a question.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    Address(Ipv4Addr),
    Says(ResponseCode),
    Nothing,
    /// Too long for UDP.
    Truncates,
    After(Duration, Ipv4Addr),
}

/// A server that follows a script. Its tasks end with it.
pub struct Scripted {
    pub port: u16,
    _tasks: JoinSet<()>,
}

/// How often a name was asked for with a type before, 0 for the first time.
pub type Script = Arc<dyn Fn(&str, RecordType, usize) -> Does + Send + Sync>;

impl Scripted {
    /// Answers over UDP, and over TCP too if it `takes_tcp`.
    pub async fn start(takes_tcp: bool, script: Script) -> Scripted {
        let port = free_port().await;
        let mut tasks = JoinSet::new();
        let socket = Arc::new(UdpSocket::bind(("127.0.0.1", port)).await.unwrap());
        let of_udp = script.clone();
        tasks.spawn(async move {
            let mut asked: Vec<(String, RecordType)> = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                let question = Message::from_vec(&buffer[..length]).unwrap();
                let (name, kind) = asked_for(&question);
                let before = asked.iter().filter(|seen| **seen == (name.clone(), kind)).count();
                asked.push((name.clone(), kind));
                reply(&socket, from, &question, of_udp(&name, kind, before)).await;
            }
        });
        if takes_tcp {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            tasks.spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let length = stream.read_u16().await.unwrap();
                    let mut packet = vec![0; length.into()];
                    stream.read_exact(&mut packet).await.unwrap();
                    let question = Message::from_vec(&packet).unwrap();
                    let answer = answer(&question, Does::Address(Ipv4Addr::new(203, 0, 113, 9))).unwrap();
                    stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            });
        }
        Scripted { port, _tasks: tasks }
    }
}

fn asked_for(question: &Message) -> (String, RecordType) {
    let query = question.queries.first().unwrap();
    (query.name().to_ascii().to_lowercase(), query.query_type())
}

async fn reply(socket: &Arc<UdpSocket>, to: SocketAddr, question: &Message, does: Does) {
    match does {
        Does::After(delay, address) => {
            let (socket, packet) = (socket.clone(), answer(question, Does::Address(address)).unwrap());
            tokio::spawn(async move {
                sleep(delay).await;
                let _ = socket.send_to(&packet, to).await;
            });
        }
        does => {
            if let Some(packet) = answer(question, does) {
                socket.send_to(&packet, to).await.unwrap();
            }
        }
    }
}

fn answer(question: &Message, does: Does) -> Option<Vec<u8>> {
    let (_, kind) = asked_for(question);
    let mut answer = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    answer.add_query(question.queries[0].clone());
    match does {
        Does::Address(address) if kind == RecordType::A => {
            let name = question.queries[0].name().clone();
            answer.add_answer(Record::from_rdata(name, 1, RData::A(rdata::A(address))));
        }
        Does::Address(_) => (),
        Does::Says(code) => answer.metadata.response_code = code,
        Does::Truncates => answer.metadata.truncation = true,
        Does::Nothing | Does::After(..) => return None,
    }
    Some(answer.to_vec().unwrap())
}

/// A `resolv.conf` with a server on `port` of the loopback, and what asks it.
pub fn prober(port: u16, lines: &str) -> (Prober, TempDir) {
    prober_of(port, &[IpAddr::from([127, 0, 0, 1])], lines)
}

pub fn prober_of(port: u16, servers: &[IpAddr], lines: &str) -> (Prober, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (resolv_conf, hosts_file) = (dir.path().join("resolv.conf"), dir.path().join("hosts"));
    let servers: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    std::fs::write(&resolv_conf, format!("{servers}{lines}\n")).unwrap();
    std::fs::write(&hosts_file, "127.0.0.1 localhost\n").unwrap();
    (Prober { resolv_conf, hosts_file, port, musl: false }, dir)
}
