#!/usr/bin/env bash
# Chromium, for the test that opens the simulator's page in a browser (tests/page). Installed before, it ends at once.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

command -v chromium >/dev/null || need_packages chromium fonts-liberation fonts-noto-color-emoji --no-install-recommends
