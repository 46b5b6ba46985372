//! What runs in the server's container. It starts the server itself, not the image's entrypoint, so that the public
//! images of Redis and Valkey and others behave the same; it takes `redis-server`, `redis-cli` and a POSIX shell.
//!
//! The password is read from the mounted Secret and is on no command line and in no environment but the probes' own.

use chatops_crds::bot_config::REDIS_CREDENTIALS_DIR;

/// Folder of the volume.
pub(super) const DATA_DIR: &str = "/data";

/// What the data may take, of the container's memory: the rest is for the copy while the file is rewritten, and for
/// connections.
const MAX_MEMORY: &str = "160mb";

/// Starts the server, with its configuration on standard input. It waits for a Secret that is not there yet. A password
/// that would have to be quoted is refused here, for Redis would print the line that it cannot read.
pub(super) fn start(secret: &str) -> String {
    format!(
        r#"trap 'exit 0' TERM
while
    [ -r {REDIS_CREDENTIALS_DIR}/password ] && read -r password <{REDIS_CREDENTIALS_DIR}/password
    [ -z "${{password-}}" ]
do
    [ -n "${{told-}}" ] || echo 'Secret "{secret}" has no key "password": waiting for it' >&2
    told=yes
    sleep 1
done
case $password in
*[!A-Za-z0-9._~+/=-]*)
    echo 'the password in Secret "{secret}" may hold letters, digits and ._~+/=- only' >&2
    exit 1
    ;;
esac
exec redis-server - <<END
requirepass $password
dir {DATA_DIR}
appendonly yes
appendfsync everysec
save ""
maxmemory {MAX_MEMORY}
maxmemory-policy noeviction
END
"#
    )
}

/// Succeeds when the server can do its work.
pub(super) fn readiness() -> String {
    format!("{}\n[ \"$answer\" = PONG ]\n", ask())
}

/// Succeeds while the server lives: also while it loads its data, is busy with a script, or refuses to write since its
/// disk is full. None of these is mended by a restart. A password that is no longer right is: the server reads the
/// present one when it starts.
pub(super) fn liveness() -> String {
    format!("{}\ncase $answer in\n*PONG* | *LOADING* | *BUSY* | *MISCONF*) ;;\n*) exit 1 ;;\nesac\n", ask())
}

fn ask() -> String {
    format!(
        "read -r REDISCLI_AUTH <{REDIS_CREDENTIALS_DIR}/password\nexport REDISCLI_AUTH\nanswer=$(redis-cli ping 2>&1)"
    )
}
