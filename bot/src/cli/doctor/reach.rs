//! Connections to Slack's hosts: the proxy between, TCP, and TLS with whose certificate.

use std::time::Duration;

use chatops_crds::bot_config::BotConfig;
use http::Uri;
use jiff::Timestamp;
use tokio::time::timeout;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::check::Check;
use crate::{
    dns::hooks,
    network::{Limits, Network, Target, Unreachable, handshake},
};

/// As for a bot that runs, and a little more: a slow network is to be told from one that is closed.
const LIMITS: Limits = Limits { resolve: Duration::from_secs(6), connect: Duration::from_secs(8) };

/// A certificate that ends so soon is about to be forgotten.
const SOON_DAYS: i64 = 14;

/// Looks at the host of the Web API, at that of the socket where Slack has named one, and at that of answers to a slash
/// command where the bot has one.
pub(super) async fn look(config: &BotConfig, network: &Network, socket: Option<&str>) -> Vec<Check> {
    let target = |address: &str| address.parse().ok().and_then(|uri: Uri| Target::of(&uri));
    let mut targets: Vec<_> = target(&config.slack.api_url).into_iter().collect();
    targets.extend(socket.and_then(target).filter(|socket| !targets.contains(socket)));
    targets.extend(hooks(config).and_then(|host| target(&format!("https://{host}/"))));
    let mut checks = Vec::new();
    for target in &targets {
        checks.extend(one(network, target).await);
    }
    checks
}

async fn one(network: &Network, target: &Target) -> Vec<Check> {
    let address = target.address();
    let (name, way) = match network.proxy_for(&target.host) {
        Some(proxy) => (format!("proxy to {address}"), format!("connected through {}", proxy.address())),
        None => (format!("TCP {address}"), "connected".to_owned()),
    };
    let stream = match network.connect_plain(target, LIMITS).await {
        Ok(stream) => stream,
        Err(error) => return vec![Check::fault(name, &error.fault(&address))],
    };
    let connected = Check::ok(name, way);
    if !target.secure {
        return vec![connected];
    }
    let encrypted = async { handshake(network.client_config().await?, stream, &target.host).await };
    let encrypted = timeout(LIMITS.connect, encrypted).await;
    let name = format!("TLS {address}");
    let tls = match encrypted.unwrap_or_else(|_| Err(Unreachable::timeout("no TLS handshake"))) {
        Ok(stream) => {
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            certificate(name, certificates.first().map_or(&[], |own| own.as_ref()), Timestamp::now())
        }
        Err(error) => Check::fault(name, &error.fault(&address)),
    };
    vec![connected, tls]
}

fn certificate(name: String, der: &[u8], now: Timestamp) -> Check {
    let Ok((_, own)) = X509Certificate::from_der(der) else {
        return Check::warn(name, "the certificate cannot be read", "");
    };
    let days = (own.validity().not_after.timestamp() - now.as_second()) / (24 * 60 * 60);
    let what = format!("{}, valid for {days} days, issued by {}", own.subject(), own.issuer());
    if days < SOON_DAYS {
        Check::warn(name, what, "renew the server's certificate")
    } else {
        Check::ok(name, what)
    }
}
