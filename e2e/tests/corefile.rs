//! What `chatops-operator dns render` makes of a Corefile, in the eyes of the real CoreDNS: our zone is answered by our
//! name server, and every other name just as before.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    env, fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Generous: a machine may be busy.
const SOON: Duration = Duration::from_secs(60);

/// What our name server says, and what the cluster's said before.
const OURS: &str = "192.0.2.53";
const THEIRS: &str = "192.0.2.1";

/// Names that somebody else answers for, before and after.
const OTHERS: [&str; 9] = [
    "host.example",
    "unknown.example",
    "a.one.example",
    "b.two.example",
    "x.snippet.example",
    "imported.example",
    "slack.com.example",
    "notslack.com",
    "quoted.example",
];

/// Corefiles in every style. `PORT` and `FOLDER` are filled in.
const COREFILES: [(&str, &str); 7] = [
    (
        "plain",
        ".:PORT {\n    errors\n    template IN A . {\n        answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n    }\n}\n",
    ),
    (
        "several zones in a block, and several blocks",
        "one.example:PORT, two.example:PORT {\n  hosts {\n    192.0.2.7 a.one.example b.two.example\n  }\n}\n.:PORT {\n  template IN A . {\n    answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n  }\n}\nexample:PORT\n{\n  hosts {\n    192.0.2.8 host.example\n    fallthrough\n  }\n}\n",
    ),
    (
        "snippets",
        "(common) {\n  errors\n  cache 30\n}\n(answer) {\n  template IN A . {\n    answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n  }\n}\n.:PORT {\n  import common\n  import answer\n}\nsnippet.example:PORT {\n  import common\n  hosts {\n    192.0.2.9 x.snippet.example\n  }\n}\n",
    ),
    (
        "imports",
        "import FOLDER/*.server\n.:PORT {\n  import FOLDER/*.override\n  template IN A . {\n    answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n  }\n}\n",
    ),
    (
        "comments with braces, and quotes with hashes",
        "# } not a brace {\n.:PORT { # {{\n  # }\n  errors#x\n  hosts { # {\n    192.0.2.10 quoted.example # }\n    fallthrough\n  }\n  template IN A . {\n    answer \"{{ .Name }} 60 IN A 192.0.2.1\" # \"\n  }\n}\n# the end",
    ),
    (
        "line ends of Windows, odd spacing, no final line break",
        "\r\n\t.:PORT   {\r\n\r\n  template IN   A . {\r\n answer \"{{ .Name }} 60 IN A 192.0.2.1\"\r\n  }\r\n\t}\r\nexample:PORT {\r\n  hosts {\r\n    192.0.2.11 host.example\r\n  }\r\n}",
    ),
    (
        "a byte order mark, and a zone below ours that stays theirs",
        "\u{feff}.:PORT {\n  template IN A . {\n    answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n  }\n}\ntheirs.slack.com:PORT {\n  hosts {\n    192.0.2.1 x.theirs.slack.com\n  }\n}\n",
    ),
];

/// A CoreDNS on loopback; ends with the test.
struct CoreDns {
    process: Child,
    address: SocketAddr,
}

impl CoreDns {
    /// Starts one with `corefile` and waits until it answers.
    fn start(folder: &Path, corefile: &str, port: u16) -> Self {
        let file = folder.join(format!("Corefile-{port}-{}", corefile.len()));
        fs::write(&file, corefile).expect("a Corefile");
        let log = fs::File::create(file.with_extension("log")).expect("a log");
        let process = Command::new(coredns())
            .arg("-conf")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("CoreDNS starts");
        let mut coredns = Self { process, address: (Ipv4Addr::LOCALHOST, port).into() };
        let deadline = Instant::now() + SOON;
        while coredns.try_ask("up.example", Duration::from_millis(200)).is_none() {
            let ended = coredns.process.try_wait().expect("a process");
            let log = || fs::read_to_string(file.with_extension("log")).unwrap_or_default();
            assert!(ended.is_none(), "CoreDNS ended: {}\n{corefile}", log());
            assert!(Instant::now() < deadline, "CoreDNS does not answer: {}", log());
        }
        coredns
    }

    /// Code and addresses of the answer for A records of `name`.
    fn ask(&self, name: &str) -> (u8, Vec<Ipv4Addr>) {
        let answer = (0..5).find_map(|_| self.try_ask(name, Duration::from_secs(5)));
        answer.unwrap_or_else(|| panic!("no answer for {name}"))
    }

    fn try_ask(&self, name: &str, wait: Duration) -> Option<(u8, Vec<Ipv4Addr>)> {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        socket.set_read_timeout(Some(wait)).ok()?;
        let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            question.push(u8::try_from(label.len()).ok()?);
            question.extend(label.as_bytes());
        }
        question.extend([0, 0, 1, 0, 1]);
        socket.send_to(&question, self.address).ok()?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).ok()?;
        Some((answer[3] & 0x0f, addresses(&answer[..length], question.len())?))
    }
}

impl Drop for CoreDns {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The A records of an answer whose header and question are `at` bytes long.
fn addresses(answer: &[u8], mut at: usize) -> Option<Vec<Ipv4Addr>> {
    let mut found = Vec::new();
    for _ in 0..u16::from_be_bytes([answer[6], answer[7]]) {
        loop {
            match answer.get(at)? {
                0 => break at += 1,
                pointer if *pointer >= 0xc0 => break at += 2,
                length => at += usize::from(*length) + 1,
            }
        }
        let (kind, length) = (answer.get(at + 1)?, usize::from(*answer.get(at + 9)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if let (1, Ok(address)) = (kind, <[u8; 4]>::try_from(data)) {
            found.push(Ipv4Addr::from(address));
        }
        at += 10 + length;
    }
    found.sort();
    Some(found)
}

fn cache() -> PathBuf {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    variable("CHATOPS_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("chatops-operator")))
        .or_else(|| Some(variable("HOME")?.join(".cache/chatops-operator")))
        .expect("CHATOPS_CACHE or HOME is set")
}

/// The program that `e2e/scripts/tools.sh` built last.
fn coredns() -> PathBuf {
    let tools = fs::read_dir(cache().join("tools")).expect("the tools: run e2e/scripts/tools.sh");
    let programs = tools.flatten().map(|entry| entry.path()).filter(|folder| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("coredns-"))
    });
    newest(programs.map(|folder| folder.join("coredns"))).expect("CoreDNS: run e2e/scripts/tools.sh")
}

/// The operator that was built last.
fn operator() -> PathBuf {
    let tests = env::current_exe().expect("this program has a path");
    let target = tests.ancestors().nth(3).expect("tests are built in target/debug/deps");
    newest(["release", "debug"].map(|profile| target.join(profile).join("chatops-operator")).into_iter())
        .expect("the operator: run make binaries")
}

fn newest(files: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    files
        .filter(|file| file.is_file())
        .max_by_key(|file| file.metadata().and_then(|meta| meta.modified()).ok())
}

/// `dns render` with zone slack.com.
fn rendered(corefile: &str, upstream: SocketAddr) -> String {
    let mut render = Command::new(operator())
        .args(["dns", "render", "--server", "coredns", "--zone", "slack.com", "--upstream"])
        .args([&upstream.to_string(), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the operator starts");
    render.stdin.take().expect("a pipe").write_all(corefile.as_bytes()).expect("it reads");
    let output = render.wait_with_output().expect("it ends");
    assert!(output.status.success(), "it refuses\n{corefile}");
    String::from_utf8(output.stdout).expect("text")
}

fn free_port() -> u16 {
    // The same number has to be free for TCP, which CoreDNS takes as well.
    loop {
        let udp = UdpSocket::bind("0.0.0.0:0").expect("a port");
        let port = udp.local_addr().expect("an address").port();
        if std::net::TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

fn answering(address: &str, port: u16) -> String {
    format!(".:{port} {{\n  template IN A . {{\n    answer \"{{{{ .Name }}}} 60 IN A {address}\"\n  }}\n}}\n")
}

#[test]
fn our_zone_goes_to_our_name_server_and_every_other_name_is_answered_as_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let upstream = CoreDns::start(folder.path(), &answering(OURS, port), port);
    for (style, template) in COREFILES {
        let (port, imported) = (free_port(), tempfile::tempdir().expect("a folder"));
        let fill = |text: &str| {
            let folder = imported.path().display().to_string();
            text.replace("PORT", &port.to_string()).replace("FOLDER", &folder)
        };
        let server = "imported.example:PORT {\n  hosts {\n    192.0.2.12 imported.example\n  }\n}\n";
        fs::write(imported.path().join("a.server"), fill(server)).expect("a file");
        fs::write(imported.path().join("a.override"), "errors\n").expect("a file");
        let before = fill(template);
        let after = rendered(&before, upstream.address);

        let names = || {
            OTHERS
                .iter()
                .copied()
                .chain(["x.theirs.slack.com"].into_iter().filter(|_| before.contains("theirs.slack")))
        };
        let asked = |corefile: &str| {
            let coredns = CoreDns::start(folder.path(), corefile, port);
            let others: Vec<_> = names().map(|name| (name, coredns.ask(name))).collect();
            (others, [coredns.ask("slack.com"), coredns.ask("wss-primary.slack.com")])
        };
        let (others_before, ours_before) = asked(&before);
        let (others_after, ours_after) = asked(&after);
        assert_eq!(others_after, others_before, "{style}");
        let all = |address: &str| (0, vec![address.parse::<Ipv4Addr>().expect("an address")]);
        assert_eq!(ours_before, [all(THEIRS), all(THEIRS)], "{style}");
        assert_eq!(ours_after, [all(OURS), all(OURS)], "{style}");
    }
}
