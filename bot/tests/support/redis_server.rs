//! A real redis-server on a free port of loopback, stopped when it is dropped, however a test ends.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long the server may take to listen.
const START: Duration = Duration::from_secs(10);

pub struct RedisServer {
    process: Child,
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

    /// Starts a server that speaks TLS only, with `certificate` and `key`.
    pub fn start_with_tls(certificate: &Path, key: &Path) -> RedisServer {
        let port = free_port();
        let (certificate, key) = (certificate.display(), key.display());
        let files =
            format!("--tls-cert-file {certificate} --tls-key-file {key} --tls-ca-cert-file {certificate}");
        Self::launch(port, &format!("--port 0 --tls-port {port} --tls-auth-clients no {files}"))
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn launch(port: u16, arguments: &str) -> RedisServer {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .args(arguments.split_whitespace())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = RedisServer { process, port, folder };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < START, "redis-server does not listen on port {port}");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
