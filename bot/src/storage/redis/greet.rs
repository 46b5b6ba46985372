//! Whether a connected server is of use: new enough, does what is needed for this user, knows this bot as the owner of
//! its keys, and takes writes. Everything that is asked changes nothing, except that keys without an owner get one.

use ::redis::{Cmd, RedisError, Value as Answer, cmd, from_redis_value};
use chatops_crds::bot_report::{Fault, FaultCode};
use futures::future::join_all;

use super::{
    connect::Server,
    fault,
    link::{Open, Shared},
    scripts,
    send::answered,
};

/// Oldest Redis that this is tested with. Valkey says that it is Redis 7.2.4.
const OLDEST: (u32, u32) = (6, 2);

/// Asks everything. Returns why the server takes no writes, though it answers.
pub(super) async fn greet(shared: &Shared, server: &Server<'_>, open: &Open) -> Result<Option<Fault>, Fault> {
    is_new_enough(open).await?;
    does_what_is_needed(shared, server, open).await?;
    probe(shared, open).await
}

async fn is_new_enough(open: &Open) -> Result<(), Fault> {
    let mut info = cmd("INFO");
    info.arg("server");
    let answer = answered(info.query_async::<String>(&mut open.connection.clone())).await;
    let text = match answer {
        Ok(text) => text,
        // Not every user may ask; the commands are checked one by one all the same.
        Err(error) if error.code() == Some("NOPERM") => return Ok(()),
        Err(error) => return Err(fault::from_redis(&open.address, &error)),
    };
    if text.contains("redis_mode:sentinel") {
        let said = "this is a sentinel, which needs topology: Sentinel";
        return Err(fault::unreachable(&open.address, "other", said));
    }
    match version(&text) {
        Some((numbers, text)) if numbers < OLDEST => {
            Err(Fault::new(FaultCode::StorageTooOld).with("address", &*open.address).with("version", text))
        }
        _ => Ok(()),
    }
}

/// Major and minor number, and the whole version.
fn version(info: &str) -> Option<((u32, u32), &str)> {
    let text = info.lines().find_map(|line| line.strip_prefix("redis_version:"))?.trim();
    let mut numbers = text.split('.').map(str::parse);
    Some(((numbers.next()?.ok()?, numbers.next()?.ok()?), text))
}

/// Runs each command once on a key that holds nothing, all at once. Unlike `COMMAND INFO` and `ACL DRYRUN` that works
/// for users who may not ask about commands, sees renamed commands, and checks the keys as well.
async fn does_what_is_needed(shared: &Shared, server: &Server<'_>, open: &Open) -> Result<(), Fault> {
    let commands = needed(shared);
    let answers = commands.iter().map(async |command| {
        answered(command.query_async::<Answer>(&mut open.connection.clone())).await.err()
    });
    let errors = join_all(answers).await;
    for (command, error) in commands.iter().zip(errors) {
        let Some(error) = error else { continue };
        if let Some(fault) = fault::about_command(server, &name(command), &shared.keys.pattern(), &error) {
            return Err(fault);
        }
    }
    Ok(())
}

fn name(command: &Cmd) -> String {
    match command.args_iter().next() {
        Some(::redis::Arg::Simple(name)) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    }
}

fn needed(shared: &Shared) -> Vec<Cmd> {
    let probe = shared.keys.probe();
    let on_probe = |name: &str, arguments: &[&str]| {
        let mut command = cmd(name);
        command.arg(&probe).arg(arguments);
        command
    };
    vec![
        on_probe("GET", &[]),
        on_probe("EXISTS", &[]),
        on_probe("PTTL", &[]),
        on_probe("SET", &["1", "XX"]),
        on_probe("DEL", &[]),
        on_probe("ZADD", &["XX", "0", "1"]),
        on_probe("ZREM", &["1"]),
        on_probe("ZCARD", &[]),
        on_probe("ZSCORE", &["1"]),
        on_probe("ZRANGEBYLEX", &["-", "+"]),
        on_probe("ZRANDMEMBER", &["1"]),
        on_probe("ZRANGE", &["0", "0"]),
        on_probe("ZRANGEBYSCORE", &["0", "0"]),
        on_probe("ZREMRANGEBYSCORE", &["0", "0"]),
        on_probe("ZLEXCOUNT", &["-", "+"]),
        on_probe("HGET", &["1"]),
        on_probe("HGETALL", &[]),
        on_probe("HEXISTS", &["1"]),
        on_probe("HDEL", &["1"]),
        // Refused for their arguments, but only by a server that would let this user run them.
        on_probe("HSET", &["1", "1", "odd"]),
        on_probe("HINCRBY", &["1", "not a number"]),
        cmd("TIME"),
        scripts::nothing(&shared.keys),
    ]
}

/// Asks whether the keys are still this bot's and whether the server takes writes. Returns why it does not.
pub(super) async fn probe(shared: &Shared, open: &Open) -> Result<Option<Fault>, Fault> {
    let Some(owner) = &shared.config.owner else {
        // `XX` never applies, but a server that is read-only or full refuses the command all the same.
        let mut set = cmd("SET");
        set.arg(shared.keys.probe()).arg(1).arg("XX");
        return read_only(open, shared.send_to(open, &set).await);
    };
    let mut claim = cmd("SET");
    claim.arg(shared.keys.owner()).arg(owner).arg("NX");
    let read_only = read_only(open, shared.send_to(open, &claim).await)?;
    let mut get = cmd("GET");
    get.arg(shared.keys.owner());
    let told = shared.send_to(open, &get).await;
    let told = told.and_then(|answer| Ok(from_redis_value::<Option<String>>(answer)?));
    match told.map_err(|error| fault::from_redis(&open.address, &error))? {
        Some(other) if other != *owner => Err(Fault::new(FaultCode::StorageInUse)
            .with("address", &*open.address)
            .with("keyPrefix", &shared.config.key_prefix)
            .with("owner", other)),
        Some(_) | None => Ok(read_only),
    }
}

fn read_only(open: &Open, answer: Result<Answer, RedisError>) -> Result<Option<Fault>, Fault> {
    match answer.map_err(|error| fault::from_redis(&open.address, &error)) {
        Ok(_) => Ok(None),
        Err(fault) if fault::is_about_writes(&fault) => Ok(Some(fault)),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_redis_and_valkey_say_of_themselves() {
        let valkey = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n";
        assert_eq!(version(valkey), Some(((7, 2), "7.2.4")));
        assert_eq!(version("redis_version:6.0.16\n"), Some(((6, 0), "6.0.16")));
        assert_eq!(version("# Server\r\n"), None);
    }
}
