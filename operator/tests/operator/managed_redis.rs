//! What runs in the container of a managed Redis, run here: the start script and the probes with a real `redis-server`.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use chatops_crds::bot_config::REDIS_CREDENTIALS_DIR;
use serde_json::{Value, json};

use crate::build::built;

const SOON: Duration = Duration::from_secs(60);

const PASSWORD: &str = "correct-horse-battery-staple";

/// The scripts of the pod, with folders and a port of this machine. What runs is killed at the end.
struct Container {
    folder: PathBuf,
    port: u16,
    pod: Value,
    process: Option<Child>,
}

impl Container {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("managed-redis-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("data")).unwrap();
        let redis = built(json!({"storage": {"managedRedis": {}}})).managed_redis.unwrap();
        let set = serde_json::to_value(redis.stateful_set.object()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let pod = set["spec"]["template"]["spec"]["containers"][0].clone();
        Self { folder, port, pod, process: None }
    }

    /// The command at `pointer` of the container, as it is here.
    fn command(&self, pointer: &str) -> Command {
        let argv: Vec<String> = serde_json::from_value(self.pod.pointer(pointer).unwrap().clone()).unwrap();
        let here = |text: &String| {
            text.replace(REDIS_CREDENTIALS_DIR, self.folder.to_str().unwrap())
                .replace("dir /data", &format!("dir {}/data\nport {}", self.folder.display(), self.port))
                .replace("redis-cli", &format!("redis-cli -p {}", self.port))
        };
        let argv: Vec<String> = argv.iter().map(here).collect();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null());
        command
    }

    fn password(&self, password: &str) {
        fs::write(self.folder.join("password"), password).unwrap();
    }

    fn start(&mut self) {
        let log = fs::File::create(self.folder.join("log")).unwrap();
        let mut command = self.command("/command");
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    fn is_alive(&self) -> bool {
        self.command("/livenessProbe/exec/command").output().unwrap().status.success()
    }

    fn is_ready(&self) -> bool {
        self.command("/readinessProbe/exec/command").output().unwrap().status.success()
    }

    fn cli(&self, args: &[&str]) -> Command {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &self.port.to_string()]).args(args).env("REDISCLI_AUTH", PASSWORD);
        command
    }

    fn ask(&self, args: &[&str]) -> String {
        let output = self.cli(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn terminate(&mut self) -> ExitStatus {
        let process = self.process.as_mut().unwrap();
        let pid = process.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        let process = self.process.as_mut().unwrap();
        let mut status = None;
        eventually("the end of the process", || {
            status = process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn eventually(what: &str, mut probe: impl FnMut() -> bool) {
    let start = Instant::now();
    while !probe() {
        assert!(start.elapsed() < SOON, "{what}: not within {SOON:?}");
        sleep(Duration::from_millis(20));
    }
}

fn command_line(pid: u32) -> String {
    let mut text = String::new();
    fs::File::open(Path::new("/proc").join(pid.to_string()).join("cmdline"))
        .and_then(|mut file| file.read_to_string(&mut text))
        .unwrap();
    text
}

#[test]
fn the_server_asks_for_the_password_keeps_its_data_and_ends_when_told() {
    let mut container = Container::new("data");
    container.password(PASSWORD);
    container.start();
    eventually("readiness", || container.is_ready());
    assert!(container.is_alive());
    let line = command_line(container.process.as_ref().unwrap().id());
    assert!(line.contains("redis-server") && !line.contains(PASSWORD), "{line:?}");
    let stranger = container.cli(&["get", "key"]).env_remove("REDISCLI_AUTH").output().unwrap();
    assert!(String::from_utf8_lossy(&stranger.stdout).contains("NOAUTH"));
    assert_eq!(container.ask(&["set", "key", "value"]), "OK");
    assert!(container.ask(&["config", "get", "maxmemory-policy"]).ends_with("noeviction"));
    assert!(container.ask(&["config", "get", "appendfsync"]).ends_with("everysec"));
    assert!(container.terminate().success());
    assert!(!container.is_alive() && !container.is_ready());
    container.start();
    eventually("readiness", || container.is_ready());
    assert_eq!(container.ask(&["get", "key"]), "value");
}

#[test]
fn a_server_that_is_busy_is_alive_and_not_ready() {
    let mut container = Container::new("busy");
    container.password(PASSWORD);
    container.start();
    eventually("readiness", || container.is_ready());
    container.ask(&["config", "set", "lua-time-limit", "1"]);
    let mut script =
        container.cli(&["eval", "while true do end", "0"]).stdout(Stdio::null()).spawn().unwrap();
    eventually("the server is busy", || container.ask(&["ping"]).contains("BUSY"));
    assert!(container.is_alive() && !container.is_ready());
    container.ask(&["script", "kill"]);
    eventually("readiness", || container.is_ready());
    script.wait().unwrap();
}

#[test]
fn a_password_that_was_changed_makes_the_server_start_anew() {
    let mut container = Container::new("changed");
    container.password("another");
    container.start();
    eventually("readiness", || container.is_ready());
    container.password(PASSWORD);
    assert!(!container.is_alive(), "the kubelet restarts it");
    assert!(container.terminate().success());
    container.start();
    eventually("readiness", || container.is_ready());
    assert_eq!(container.ask(&["ping"]), "PONG");
}

#[test]
fn a_secret_that_is_missing_is_waited_for() {
    let mut container = Container::new("missing");
    container.start();
    eventually("words", || container.log().contains("Secret \"ops-redis\" has no key \"password\""));
    assert!(!container.is_alive());
    container.password(&format!("{PASSWORD}\n"));
    eventually("readiness", || container.is_ready());
    assert_eq!(container.ask(&["ping"]), "PONG");
}

#[test]
fn a_password_that_cannot_be_used_is_not_printed() {
    let mut container = Container::new("quote");
    container.password("quote\"and space");
    container.start();
    assert_eq!(container.ended().code(), Some(1));
    let log = container.log();
    assert!(log.contains("Secret \"ops-redis\"") && !log.contains("and space"), "{log}");
}
