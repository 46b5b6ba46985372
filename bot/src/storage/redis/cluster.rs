//! Finding the server of a cluster that has the bot's slot. All keys are in one slot, so there is no map of slots to
//! keep: any server says where a key is.

use std::collections::{HashSet, VecDeque};

use ::redis::{RedisError, Value as Answer, cmd};
use chatops_crds::bot_report::Fault;

use super::{
    connect::{Access, Node, dial},
    fault,
    link::Shared,
    send::answered,
};

/// Servers that are asked at most. A cluster has up to 1,000; those that are asked later have nothing new to say.
const MOST_ASKED: usize = 32;

/// The server that has the keys: as `known` servers say, or those of the configuration. Learns more servers.
pub(super) async fn owner(shared: &Shared, access: &Access, known: &mut Vec<String>) -> Result<Node, Fault> {
    let mut next: VecDeque<String> =
        shared.take_moved().into_iter().chain(shared.config.addresses.iter().cloned()).collect();
    next.extend(known.iter().cloned());
    let (mut asked, mut first) = (HashSet::new(), None);
    while let Some(address) = next.pop_front() {
        if asked.len() >= MOST_ASKED || !asked.insert(address.clone()) {
            continue;
        }
        let fault = match dial(&access.server(&shared.config, &address)).await {
            Ok(node) => match has_the_keys(shared, &node).await {
                Ok(None) => {
                    learn(known, &node).await;
                    return Ok(node);
                }
                Ok(Some(other)) => {
                    next.push_front(other);
                    continue;
                }
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        first.get_or_insert(fault);
    }
    let nobody = || {
        let address = shared.config.addresses.first().map_or("", String::as_str);
        fault::unreachable(address, "other", "no server of the cluster has the keys")
    };
    Err(first.unwrap_or_else(nobody))
}

/// None: it has. Otherwise it knows who does.
async fn has_the_keys(shared: &Shared, node: &Node) -> Result<Option<String>, Fault> {
    let mut get = cmd("GET");
    get.arg(shared.keys.probe());
    match answered(get.exec_async(&mut node.connection.clone())).await {
        Ok(()) => Ok(None),
        Err(error) => match (fault::server_code(&error).as_deref(), redirection(&error, &node.address)) {
            (Some("MOVED"), Some(other)) => Ok(Some(other)),
            // It has the slot, and is giving it away.
            (Some("ASK" | "TRYAGAIN" | "NOPERM"), _) => Ok(None),
            _ => Err(fault::from_redis(&node.address, &error)),
        },
    }
}

/// Remembers all servers, for when those of the configuration are gone. A user need not be allowed to ask.
async fn learn(known: &mut Vec<String>, node: &Node) {
    let mut slots = cmd("CLUSTER");
    slots.arg("SLOTS");
    let answer = answered(slots.query_async::<Answer>(&mut node.connection.clone())).await;
    let Ok(Answer::Array(ranges)) = answer else { return };
    let servers: HashSet<String> = ranges.iter().flat_map(servers).collect();
    if !servers.is_empty() {
        *known = servers.into_iter().collect();
    }
}

/// The servers of a range of slots: `[first, last, [host, port, …], …]`.
fn servers(range: &Answer) -> Vec<String> {
    let Answer::Array(items) = range else { return Vec::new() };
    let server = |item: &Answer| match item {
        Answer::Array(parts) => match parts.as_slice() {
            [Answer::BulkString(host), Answer::Int(port), ..] if !host.is_empty() => {
                address(&String::from_utf8_lossy(host), &port.to_string())
            }
            _ => None,
        },
        _ => None,
    };
    items.iter().filter_map(server).collect()
}

/// The server that `error` names, as `host:port`; `from` answered with it.
pub(super) fn redirection(error: &RedisError, from: &str) -> Option<String> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    match host {
        // The same host, as far as that server knows.
        "" | "?" => Some(format!("{}:{port}", from.rsplit_once(':')?.0)),
        host => self::address(host, port),
    }
}

fn address(host: &str, port: &str) -> Option<String> {
    match host.trim_matches(['[', ']']) {
        "" | "?" => None,
        host if host.contains(':') => Some(format!("[{host}]:{port}")),
        host => Some(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers_are_read_from_what_a_cluster_says() {
        let bulk = |text: &str| Answer::BulkString(text.into());
        let server = |host: &str| Answer::Array(vec![bulk(host), Answer::Int(7000), bulk("id")]);
        let range = Answer::Array(vec![
            Answer::Int(0),
            Answer::Int(16_383),
            server("10.0.0.1"),
            server("fd00::1"),
            server(""),
        ]);
        assert_eq!(servers(&range), ["10.0.0.1:7000", "[fd00::1]:7000"]);
    }
}
