#!/usr/bin/env bash
# The pinned Errbot of rivals/errbot, for the test that holds our manners to it (tests/manners) and for the benchmark: a
# Python environment in the cache, named by a hash of the files that pin it. Prints the folder. Done before, it ends at
# once.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# The folder alone goes to standard output.
exec 3>&1 1>&2

pins=("$E2E/rivals/errbot/build.txt" "$E2E/rivals/errbot/requirements.txt")
home=$CACHE/errbot/$(cat "${pins[@]}" | sha256sum | cut -c1-12)

installed() {
    [ -e "$home/complete" ] || return 1
    printf '%s\n' "$home" >&3
}

installed && exit 0

only_one errbot
installed && exit 0

python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3 python3-venv
python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' ||
    fail "Errbot is pinned for Python 3.11 to 3.14, this is $(python3 --version)"

say "installing Errbot …"
rm -rf "$home"
mkdir -p "$home"
python3 -m venv "$home"
for file in "${pins[@]}"; do
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        --no-build-isolation --use-pep517 -r "$file"
done
touch "$home/complete"
installed
