#!/usr/bin/env bash
# Checks dependencies against deny.toml, with a cargo-deny of a fixed version that is built once.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

VERSION=0.20.2

if [ "$("$CACHE/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $VERSION" ]; then
    say "Building cargo-deny $VERSION (once, a few minutes) …"
    CARGO_TARGET_DIR=$(mktemp -d) cargo install --quiet --locked --no-default-features --root "$CACHE" --version "$VERSION" cargo-deny
fi
cd "$REPO"
# cargo-deny reads the sources; offline, so that it asks nobody else.
cargo fetch --quiet --locked
"$CACHE/bin/cargo-deny" --offline --all-features check --hide-inclusion-graph bans licenses sources
