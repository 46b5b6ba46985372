# Shared by the scripts of this folder: where things are, and how they speak.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by the scripts that source this file
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPO=$(dirname "$E2E")
CACHE=${CHATOPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chatops-operator}

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $1"
    shift
    for line in "$@"; do say "       $line"; done
    exit 1
}

# Rust's name for this machine with musl as its C library.
# shellcheck disable=SC2034 # used by the scripts that source this file
MUSL=$(uname -m)-unknown-linux-musl

# usage: need_packages PACKAGE…
need_packages() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] ||
        fail "needed for the tests: $*" "install them, then run this again"
    say "installing $* …"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

# One run at a time per machine: a second one waits, then finds everything done.
# usage: only_one NAME
only_one() {
    mkdir -p "$CACHE"
    exec 9>"$CACHE/$1.lock"
    flock --nonblock 9 || { say "waiting for another run of $1 …"; flock 9; }
}

# The folder of a Go module's programs. Its name carries a hash of what they are
# built from; cluster/tools.rs computes the same one.
# usage: tool_dir MODULE
tool_dir() {
    local sources=("$E2E/tools/$1/go.mod" "$E2E/tools/$1/go.sum")
    if [ -f "$E2E/tools/$1/main.go" ]; then sources+=("$E2E/tools/$1/main.go"); fi
    printf '%s/tools/%s-%s' "$CACHE" "$1" "$(cat "${sources[@]}" | sha256sum | cut -c1-12)"
}
