//! A real redis-server on a free port of loopback, stopped when it is dropped, however a test ends.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long the server may take to listen.
const START: Duration = Duration::from_secs(10);

pub struct RedisServer {
    process: Child,
    arguments: Vec<String>,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

impl RedisServer {
    /// Starts a server with more `arguments`, separated by spaces.
    pub fn start(arguments: &str) -> RedisServer {
        Self::start_on(free_port(), arguments)
    }

    /// Starts a server on a port where one was before.
    pub fn start_on(port: u16, arguments: &str) -> RedisServer {
        Self::launch(port, &format!("--port {port} {arguments}"))
    }

    /// Starts a server that speaks TLS only; `arguments` name its certificate.
    pub fn start_with_tls(arguments: &str) -> RedisServer {
        let port = free_port();
        Self::launch(port, &format!("--port 0 --tls-port {port} {arguments}"))
    }

    /// Starts a sentinel with `directives`, a line each.
    pub fn start_sentinel(port: u16, directives: &str) -> RedisServer {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sentinel.conf");
        let text = format!("bind 127.0.0.1\ndir {}\n{directives}\n", folder.path().display());
        std::fs::write(&file, text).expect("a file");
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        Self::run(port, folder, arguments)
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the process at once, as a crash does.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts the process again, with the same folder and more `arguments`.
    pub fn start_again(&mut self, arguments: &str) {
        self.kill();
        let more = arguments.split_whitespace().map(str::to_owned);
        self.process = spawn(&self.arguments.iter().cloned().chain(more).collect::<Vec<_>>());
        self.listens();
    }

    fn launch(port: u16, arguments: &str) -> RedisServer {
        let folder = tempfile::tempdir().expect("a folder");
        let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"];
        let mut all: Vec<String> = fixed.map(str::to_owned).into();
        all.push(folder.path().display().to_string());
        all.extend(arguments.split_whitespace().map(str::to_owned));
        Self::run(port, folder, all)
    }

    fn run(port: u16, folder: tempfile::TempDir, arguments: Vec<String>) -> RedisServer {
        let server = RedisServer { process: spawn(&arguments), arguments, port, folder };
        server.listens();
        server
    }

    fn listens(&self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(start.elapsed() < START, "redis-server does not listen on port {}", self.port);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(arguments: &[String]) -> Child {
    // Another build of the server, such as an older one or Valkey, can be put in its place.
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    Command::new(program).args(arguments).stdout(Stdio::null()).spawn().expect("redis-server is installed")
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
