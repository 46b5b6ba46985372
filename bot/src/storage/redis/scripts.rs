//! Scripts that Redis runs: each changes a value and the indexes together, or not at all. They are sent whole: a
//! script that a server knows by its hash only is unknown after a failover.

use ::redis::{Cmd, cmd};

use super::{Run, keys::Keys};
use crate::storage::texts::{Expected, Stay, Write};

/// Answers `[what, before]`: 0 the value is another than expected, 1 done, `[2]` the plugin has as many keys as it may.
/// An index is written before the value: a key without a value is forgotten when it is listed, a value without a key
/// would never be. As part of a run: `[]` where another session has the command; a second time only what the first found.
const WRITE: &str = r"
local value, index, plugins = KEYS[1], KEYS[2], KEYS[3]
local new, ttl, key, plugin, most, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local before = redis.call('GET', value)
local function done(found)
  return {1, found}
end
if KEYS[4] then
  local commands, lanes, session, command = KEYS[4], KEYS[5], ARGV[7], ARGV[8]
  local lane = redis.call('HGET', commands, 'l' .. command)
  if not lane or redis.call('HGET', lanes, lane) ~= 'r' .. session then return {} end
  local found = redis.call('HGET', commands, 'e' .. command)
  if found then return {1, string.sub(found, 1, 1) == '=' and string.sub(found, 2)} end
  done = function(found)
    redis.call('HSET', commands, 'e' .. command, found and '=' .. found or '-')
    return {1, found}
  end
end
if expected ~= '*' and (before and '=' .. before or '-') ~= expected then return {0, before} end
if new == '' then
  redis.call('DEL', value)
  redis.call('ZREM', index, key)
  if redis.call('ZCARD', index) == 0 then redis.call('ZREM', plugins, plugin) end
  return done(before)
end
if not before and redis.call('ZCARD', index) >= most and not redis.call('ZSCORE', index, key) then return {2} end
redis.call('ZADD', plugins, 0, plugin)
redis.call('ZADD', index, 0, key)
if ttl == '' then redis.call('SET', value, new)
elseif ttl == 'KEEP' then redis.call('SET', value, new, 'KEEPTTL')
else redis.call('SET', value, new, 'PX', ttl) end
return done(before)
";

/// Answers with value and remaining milliseconds of each key, until the values are too long together. Keys without a
/// value are forgotten, where the server takes writes.
const READ: &str = r"
local left, found, gone = tonumber(ARGV[1]), {}, {}
for i = 3, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value then
    left = left - #value
    if left < 0 and #found > 0 then break end
  else
    gone[#gone + 1] = ARGV[i]
  end
  found[#found + 1] = value
  found[#found + 1] = redis.call('PTTL', KEYS[i])
end
if #gone > 0 then
  redis.pcall('ZREM', KEYS[1], unpack(gone))
  if redis.call('ZCARD', KEYS[1]) == 0 then redis.pcall('ZREM', KEYS[2], ARGV[2]) end
end
return found
";

/// Forgets the keys that have no value.
const SWEEP: &str = r"
for i = 3, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then redis.call('ZREM', KEYS[1], ARGV[i - 1]) end
end
if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 1
";

/// Removes the owner record if it is `ARGV[1]`, or whichever it is if that is empty.
const RELEASE: &str = r"
local owner = redis.call('GET', KEYS[1])
if owner and (ARGV[1] == '' or owner == ARGV[1]) then redis.call('DEL', KEYS[1]) end
return 1
";

/// Does `write`, unless the plugin has `most` keys, as part of `run` if there is one.
pub(super) fn write(keys: &Keys, write: &Write, most: u64, run: Option<&Run>) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg(WRITE).arg(if run.is_some() { 5 } else { 3 });
    eval.arg(keys.value(&write.plugin, &write.key)).arg(keys.index(&write.plugin)).arg(keys.plugins());
    if run.is_some() {
        eval.arg(keys.of("inbox", "commands")).arg(keys.of("inbox", "lanes"));
    }
    eval.arg(write.text.as_deref().unwrap_or_default());
    match write.stay {
        Stay::Forever => eval.arg(""),
        Stay::For(milliseconds) => eval.arg(milliseconds),
        Stay::Unchanged => eval.arg("KEEP"),
    };
    eval.arg(&write.key).arg(&write.plugin).arg(most);
    match &write.expected {
        Expected::Anything => eval.arg("*"),
        Expected::Nothing => eval.arg("-"),
        Expected::Exactly(text) => eval.arg([b"=", &**text].concat()),
    };
    if let Some(Run { session, command }) = run {
        eval.arg(session).arg(command);
    }
    eval
}

/// Reads the values under `names`, until they have `bytes` together.
pub(super) fn read(keys: &Keys, plugin: &str, names: &[String], bytes: usize) -> Cmd {
    let mut eval = over(READ, keys, plugin, names);
    eval.arg(bytes).arg(plugin).arg(names);
    eval
}

/// Forgets those of `names` that have no value.
pub(super) fn sweep(keys: &Keys, plugin: &str, names: &[String]) -> Cmd {
    let mut eval = over(SWEEP, keys, plugin, names);
    eval.arg(plugin).arg(names);
    eval
}

/// A script whose keys are the indexes and the values under `names`.
fn over(script: &str, keys: &Keys, plugin: &str, names: &[String]) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg(script).arg(names.len() + 2).arg(keys.index(plugin)).arg(keys.plugins());
    for name in names {
        eval.arg(keys.value(plugin, name));
    }
    eval
}

/// Removes the owner record if it is `owner`, or whichever it is if that is none.
pub(super) fn release(keys: &Keys, owner: Option<&str>) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg(RELEASE).arg(1).arg(keys.owner()).arg(owner.unwrap_or_default());
    eval
}

/// Runs nothing: for asking whether the server runs scripts.
pub(super) fn nothing(keys: &Keys) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg("return 1").arg(1).arg(keys.probe());
    eval
}
