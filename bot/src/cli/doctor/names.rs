//! `resolv.conf`, each name that the bot needs, and the cause if they do not resolve as they should.

use chatops_crds::{
    advice,
    bot_config::BotConfig,
    bot_report::{Fault, FaultCode},
};
use http::Uri;

use super::check::Check;
use crate::{
    dns::{HostSeen, NameSeen, Prober, Resolver, classify, needed},
    network::{Network, Target},
};

/// `socket`: address of the web socket, where Slack has named one.
pub(super) async fn look(config: &BotConfig, network: &Network, socket: Option<&str>) -> Vec<Check> {
    let prober = Prober::default();
    let socket = socket.and_then(|socket| Target::of(&socket.parse::<Uri>().ok()?)).map(|target| target.host);
    let hosts = needed(config, network, socket.as_deref());
    let resolver = prober.resolver().await;
    let seen = prober.look(&hosts, config.dns.cluster_domain.as_deref()).await;
    let mut checks = vec![resolv_conf(&resolver)];
    checks.extend(seen.hosts.iter().map(host));
    if let Some(fault) = classify(&seen) {
        checks.push(cause(&fault));
    }
    checks
}

fn resolv_conf(resolver: &Resolver) -> Check {
    let servers: Vec<_> = resolver.servers.iter().map(ToString::to_string).collect();
    let what = format!(
        "name servers {}; search {}; ndots:{} timeout:{} attempts:{}",
        servers.join(", "),
        if resolver.search.is_empty() { "-".into() } else { resolver.search.join(" ") },
        resolver.ndots,
        resolver.timeout.as_secs(),
        resolver.attempts,
    );
    Check::ok("resolv.conf", what)
}

fn host(seen: &HostSeen) -> Check {
    let name = format!("DNS {}", seen.host.name);
    match seen.walk().find(|name| name.resolves()) {
        Some(found) => Check::ok(name, found_at(found)),
        None => {
            let failure = seen.absolute.failure();
            let what = failure.map(|(failure, answer)| {
                format!("{} from {} after {} ms", failure.word(), answer.server, answer.took.as_millis())
            });
            Check::fail(name, what.unwrap_or_default(), "")
        }
    }
}

fn found_at(found: &NameSeen) -> String {
    let addresses: Vec<_> = found.addresses().iter().map(ToString::to_string).collect();
    let millis = found.answers().map(|answer| answer.took.as_millis()).max().unwrap_or_default();
    format!("{} in {millis} ms", addresses.join(", "))
}

fn cause(fault: &Fault) -> Check {
    match advice::network(fault) {
        Some(advice) if fault.code == FaultCode::DnsSlow => {
            Check::warn(advice.reason.as_str(), advice.what.clone(), advice.remedy())
        }
        Some(advice) => Check::fail(advice.reason.as_str(), advice.what.clone(), advice.remedy()),
        None => Check::fault("DNS", fault),
    }
}
