//! Slack behind a proxy and a private authority: both the Web API and the socket take the one way out, and what is wrong
//! with it is named and mended without a restart.

use std::{fs, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chatops_bot::{
    adapter::slack::Timing,
    inbox::{Inbox, Meaning},
};
use chatops_crds::{
    bot_config::{NetworkConfig, ProxyConfig, SecretSource},
    bot_report::{Fault, FaultCode},
};
use tempfile::TempDir;

use crate::{
    bot::{Bot, timing},
    server::{Server, envelope, eventually, typed},
    tunnel::{Authority, Policy, Proxy, SLACK, Terminator},
};

/// Slack behind TLS, and a proxy before it.
struct World {
    server: Server,
    proxy: Proxy,
    _terminator: Terminator,
    /// Files of the bot: certificates and credentials.
    dir: TempDir,
    authority: Authority,
    secure_proxy: bool,
}

impl World {
    async fn start(secure_proxy: bool) -> World {
        let (server, authority) = (Server::start().await, Authority::new());
        let socket = format!("wss://{SLACK}/link?ticket=1");
        server.world().detours = vec![socket; 1000];
        let terminator = Terminator::start(authority.acceptor(SLACK), server.address).await;
        let acceptor = secure_proxy.then(|| authority.acceptor("127.0.0.1"));
        let proxy = Proxy::start(terminator.address, acceptor).await;
        let world = World {
            server,
            proxy,
            _terminator: terminator,
            dir: tempfile::tempdir().unwrap(),
            authority,
            secure_proxy,
        };
        world.write("ca.crt", &world.authority.pem);
        world
    }

    fn path(&self, file: &str) -> String {
        self.dir.path().join(file).to_string_lossy().into_owned()
    }

    fn write(&self, file: &str, content: &str) {
        fs::write(self.path(".new"), content).unwrap();
        fs::rename(self.path(".new"), self.path(file)).unwrap();
    }

    fn network(&self) -> NetworkConfig {
        let scheme = if self.secure_proxy { "https" } else { "http" };
        let proxy = ProxyConfig {
            url: format!("{scheme}://{}", self.proxy.address),
            no_proxy: Vec::new(),
            username: None,
            password: None,
        };
        NetworkConfig { proxy: Some(proxy), trusted_ca_file: Some(self.path("ca.crt")) }
    }

    fn network_with_credentials(&self) -> NetworkConfig {
        let mut network = self.network();
        let proxy = network.proxy.as_mut().unwrap();
        proxy.username = Some(SecretSource::File(self.path("username")));
        proxy.password = Some(SecretSource::File(self.path("password")));
        network
    }

    fn bot(&self, network: &NetworkConfig) -> Bot {
        self.bot_with(network, timing())
    }

    fn bot_with(&self, network: &NetworkConfig, timing: Timing) -> Bot {
        let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
        Bot::start_behind(
            network,
            &format!("https://{SLACK}/api/"),
            timing,
            Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
            &tokens,
        )
    }
}

async fn reported(bot: &Bot, code: FaultCode) -> Fault {
    eventually(&format!("{code:?}"), || {
        bot.report().connection_fault.is_some_and(|fault| fault.code == code)
    })
    .await;
    bot.report().connection_fault.unwrap()
}

#[tokio::test]
async fn the_web_api_and_the_socket_go_through_the_proxy_and_trust_the_private_authority() {
    for secure_proxy in [false, true] {
        let world = World::start(secure_proxy).await;
        let bot = world.bot(&world.network());
        bot.connected().await;
        world.server.send(0, &envelope("e1", &typed("1.1", "!ping")));
        assert_eq!(bot.taken().await.text, "!ping");
        let asked = world.proxy.asked();
        assert!(asked.len() >= 2 && asked.iter().all(|target| target == "slack.test:443"), "{asked:?}");
        assert_eq!(bot.report().connection_fault, None);
    }
}

#[tokio::test]
async fn refused_credentials_are_named_and_new_ones_are_taken_up() {
    let world = World::start(false).await;
    let header = format!("Basic {}", STANDARD.encode("ops:right"));
    world.proxy.set(Policy::Authorised(header));
    world.write("username", "ops\n");
    world.write("password", "wrong\n");
    let bot = world.bot(&world.network_with_credentials());
    let fault = reported(&bot, FaultCode::ProxyAuthFailed).await;
    assert_eq!(fault.arg("proxy"), world.proxy.address.to_string());
    assert_eq!(fault.arg("status"), "407");
    world.write("password", "right\n");
    bot.connected().await;
    assert_eq!(bot.report().connection_fault, None);
}

#[tokio::test]
async fn credentials_that_are_not_there_are_named() {
    let world = World::start(false).await;
    world.write("username", "ops\n");
    let bot = world.bot(&world.network_with_credentials());
    assert_eq!(reported(&bot, FaultCode::ProxySecretNotFound).await.arg("key"), "password");
    world.write("password", "right\n");
    bot.connected().await;
}

#[tokio::test]
async fn a_proxy_that_lets_nothing_through_is_named() {
    let world = World::start(false).await;
    for (policy, cause, detail) in [
        (Policy::Refuse(403), "status", Some("403")),
        (Policy::Refuse(502), "status", Some("502")),
        (Policy::Hang, "timeout", None),
    ] {
        world.proxy.set(policy);
        let bot = world.bot(&world.network());
        let fault = reported(&bot, FaultCode::ProxyUnreachable).await;
        assert_eq!((fault.arg("cause"), fault.arg("host")), (cause, SLACK));
        assert!(detail.is_none_or(|detail| fault.arg("detail") == detail), "{fault:?}");
        world.proxy.set(Policy::Allow);
        bot.connected().await;
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let world = World::start(false).await;
    let mut network = world.network();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    network.proxy.as_mut().unwrap().url = format!("http://{closed}");
    let fault = reported(&world.bot(&network), FaultCode::ProxyUnreachable).await;
    assert_eq!((fault.arg("proxy"), fault.arg("cause")), (closed.to_string().as_str(), "refused"));
    network.proxy.as_mut().unwrap().url = "http://proxy.invalid:3128".into();
    let fault = reported(&world.bot(&network), FaultCode::DnsUnresolvable).await;
    assert_eq!(fault.arg("host"), "proxy.invalid");
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_is_named_and_a_new_file_is_taken_up() {
    let world = World::start(false).await;
    let path = world.path("ca.crt");
    fs::remove_file(&path).unwrap();
    let bot = world.bot(&world.network());
    assert_eq!(reported(&bot, FaultCode::TrustedCaNotFound).await.arg("file"), path);
    world.write("ca.crt", &Authority::new().pem);
    assert_eq!(reported(&bot, FaultCode::SlackUnreachable).await.arg("cause"), "tls");
    world.write("ca.crt", &world.authority.pem);
    bot.connected().await;
}

#[tokio::test]
async fn what_the_rules_name_is_reached_without_the_proxy() {
    let (world, server) = (World::start(false).await, Server::start().await);
    let mut network = world.network();
    network.proxy.as_mut().unwrap().no_proxy = vec!["127.0.0.1".into()];
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let bot = Bot::start_behind(
        &network,
        &server.api_url(),
        timing(),
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &tokens,
    );
    bot.connected().await;
    assert_eq!(world.proxy.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn connections_to_where_the_host_no_longer_is_are_not_used_again() {
    let world = World::start(false).await;
    // A call over such a connection would wait longer than this test does.
    let call = Duration::from_secs(30);
    let silence = Duration::from_millis(500);
    let timing = Timing { call, silence, recheck: call, ..timing() };
    let bot = world.bot_with(&world.network(), timing);
    bot.connected().await;
    world.proxy.freeze();
    eventually("another socket", || world.server.world().sockets.len() > 1).await;
    bot.connected().await;
}
