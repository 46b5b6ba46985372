#!/usr/bin/env bash
# What people may pick instead of our bot, for the benchmark: four echo bots with all they need, in a folder in the
# cache named by a hash of rivals/. Prints that folder; its start-bolt-js, start-bolt-python, start-hubot and
# start-errbot each run one. Done before, it ends at once.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# The folder alone goes to standard output.
exec 3>&1 1>&2

sources=$E2E/rivals
home=$CACHE/rivals/$(cd "$sources" && find . -type f ! -name README.md | LC_ALL=C sort | xargs cat | sha256sum | cut -c1-12)

installed() {
    [ -e "$home/complete" ] || return 1
    printf '%s\n' "$home" >&3
}

installed && exit 0

only_one rivals
installed && exit 0

python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3 python3-venv
command -v npm >/dev/null || need_packages nodejs npm
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    fail "@slack/bolt needs Node 20 or newer, this is $(node --version)"

errbot=$("$E2E/scripts/errbot.sh")

say "installing the rivals: Bolt for JavaScript and Python, Hubot, Errbot …"
rm -rf "$home"
mkdir -p "$home"
cp -R "$sources/." "$home/"
for bot in bolt-js hubot; do
    npm ci --prefix "$home/$bot" --ignore-scripts --no-audit --no-fund --loglevel=error
done
python3 -m venv "$home/bolt-python/env"
"$home/bolt-python/env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "$home/bolt-python/requirements.txt"
ln -s "$errbot" "$home/errbot/env"
touch "$home/complete"
installed
