#!/usr/bin/env bash
# Every test, on a local cluster that is started for them and stopped at the end, also when they fail.
#
#   e2e/scripts/test.sh                       everything
#   e2e/scripts/test.sh --keep -- FILTER…     only the product's tests that FILTER names; the cluster stays up
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

cd "$REPO"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
cluster=("$CARGO_TARGET_DIR/release/local-cluster" --name test)

# The clusters that the tests start, those of tests that failed included.
stop_clusters() {
    local name
    for name in test operator selftest selftest-other bed bed-kube dns dns-kube; do
        "$CARGO_TARGET_DIR/release/local-cluster" --name "$name" down
    done
}

keep=false
if [ "${1:-}" = --keep ]; then keep=true; shift; fi
if [ "${1:-}" = -- ]; then shift; fi

$keep || trap stop_clusters EXIT
"${cluster[@]}" up
"${cluster[@]}" load-image

if [ $# -gt 0 ]; then
    cargo test --locked --workspace --test product -- "$@"
    exit
fi
cargo test --locked --workspace --no-fail-fast
