#!/usr/bin/env bash
# The bot linked with musl, as an image: what people get who build theirs on Alpine. It is not shipped; a test shows what
# becomes of names then (tests/names).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

cd "$REPO"
only_one musl
command -v musl-gcc >/dev/null || need_packages musl-tools
rustup target list --installed | grep -qx "$MUSL" || rustup target add "$MUSL"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# Not for people: built fast rather than to be fast.
CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo build --release --locked --package chatops-bot --bin chatops-bot --target "$MUSL"
"$E2E/scripts/images.sh" bot-musl
