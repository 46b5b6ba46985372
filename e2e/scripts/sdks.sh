#!/usr/bin/env bash
# Slack's official client libraries, for the test that holds the simulator to them (tests/slack_sdks.rs), and what Errbot
# stores values with (tests/errbot_values.rs): a Python environment and a node_modules folder in the cache, named by a hash
# of the files that pin them. Done before, it ends at once.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

python_pins=$E2E/sdks/python/requirements.txt
node_pins=("$E2E/sdks/node/package.json" "$E2E/sdks/node/package-lock.json")
# src/installed.rs computes the same name.
home=$CACHE/sdks/$(cat "$python_pins" "${node_pins[@]}" | sha256sum | cut -c1-12)
[ -e "$home/complete" ] && exit 0

only_one sdks
[ -e "$home/complete" ] && exit 0

python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3 python3-venv
command -v npm >/dev/null || need_packages nodejs npm
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    fail "@slack/bolt needs Node 20 or newer, this is $(node --version)"

say "installing Slack's clients for Python and Node, and jsonpickle …"
rm -rf "$home"
mkdir -p "$home/node"
python3 -m venv "$home/python"
"$home/python/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$python_pins"
cp "${node_pins[@]}" "$home/node/"
npm ci --prefix "$home/node" --ignore-scripts --no-audit --no-fund --loglevel=error
touch "$home/complete"
