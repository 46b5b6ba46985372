#!/usr/bin/env bash
# Installs what the local cluster is made of, and says so first: Debian packages
# that are absent, and Kubernetes, etcd and CoreDNS compiled from the Go modules
# in e2e/tools. With everything in place it ends at once. It may be interrupted:
# a folder of programs appears under its final name only when it is complete.
#
#   e2e/scripts/tools.sh            install what is missing
#   e2e/scripts/tools.sh --check    say what is missing, install nothing; status 1 if something is
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# package: what it is for
PACKAGES=(
    "containerd:            runs the containers"
    "runc:                  starts them"
    "containernetworking-plugins: connects pods to the node's network"
    "iptables:              address translation for pods"
    "nftables:              service addresses (kube-proxy)"
    "iproute2:              network namespaces"
    "mount:                 volumes of pods"
    "util-linux:            daemons that outlive a terminal"
    "buildah:               builds the images"
    "redis-server:          goes into the Redis image"
    "dnsmasq-base:          stands in for kube-dns"
    "ca-certificates:       goes into the images"
    "gcc:                   builds the pause program"
    "libc6-dev:             builds the pause program"
)
MODULES=(etcd kubernetes coredns)

without_a_cluster() {
    fail "$1" \
        "The local cluster needs root on Debian or a relative of it. Without that:" \
        "  chatops-bot dev -f manifests/samples     try the bot in this terminal, no cluster" \
        "  make demo CLUSTER=current                use the cluster that your kubeconfig names"
}

missing_packages() {
    local entry name
    for entry in "${PACKAGES[@]}"; do
        name=${entry%%:*}
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || printf '%s\n' "$entry"
    done
}

missing_modules() {
    local module
    for module in "${MODULES[@]}"; do [ -d "$(tool_dir "$module")" ] || printf '%s\n' "$module"; done
}

# Keeps Debian from starting the services of the packages: the cluster runs its own.
install_packages() {
    local policy=/usr/sbin/policy-rc.d names=("${@%%:*}")
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        # shellcheck disable=SC2064 # the path is meant as it is now
        trap "rm -f '$policy'" EXIT
    fi
    say "Installing ${names[*]} …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${names[@]}" >"$CACHE/apt.log" 2>&1 ||
        fail "apt-get could not install the packages:" "$(tail -n 5 "$CACHE/apt.log")"
}

# Reads the names of compiled packages, shows how far the build is.
# usage: progress TITLE TOTAL
progress() {
    local count=0 line step=250
    if [ -t 2 ]; then step=10; fi
    while IFS= read -r line; do
        case $line in
        'go: downloading'*) continue ;;
        *[:\ ]*) say "$line"; continue ;; # an error, not a package
        esac
        count=$((count + 1))
        if [ $((count % step)) -eq 0 ]; then
            if [ -t 2 ]; then printf '\r  %s: %d of at most %d packages' "$1" "$count" "$2" >&2; else say "  $1: $count of at most $2 packages"; fi
        fi
    done
    if [ -t 2 ] && [ "$count" -ge "$step" ]; then printf '\r\033[K' >&2; fi
}

# usage: compile TITLE PACKAGES OUTPUT [LDFLAGS]   in the module's folder
compile() {
    local total
    total=$(go list -deps "$2" | wc -l)
    CGO_ENABLED=0 go build -v -trimpath -ldflags "-s -w ${4:-}" -o "$3" "$2" 2> >(progress "$1" "$total")
}

build_etcd() { compile "etcd" go.etcd.io/etcd/server/v3 "$1/etcd"; }

build_coredns() { compile "CoreDNS" . "$1/coredns"; }

build_kubernetes() {
    local version package=k8s.io/component-base/version minor
    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
    minor=${version#v1.}
    compile "Kubernetes $version" tool "$1/" \
        "-X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
    gcc -Os -Wall -static -DVERSION=1 -o "$1/pause" "$(go list -m -f '{{.Dir}}' k8s.io/kubernetes)/build/pause/linux/pause.c"
}

build_module() {
    local module=$1 final partial
    final=$(tool_dir "$module")
    partial=$final.partial
    rm -rf "$partial"
    mkdir -p "$partial"
    say "Building $module …"
    (cd "$E2E/tools/$module" && "build_$module" "$partial")
    mv "$partial" "$final"
}

[ "$(id -u)" = 0 ] || without_a_cluster "not root"
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || without_a_cluster "this is not Debian or a relative of it"

mapfile -t packages < <(missing_packages)
mapfile -t modules < <(missing_modules)
if [ ${#packages[@]} -eq 0 ] && [ ${#modules[@]} -eq 0 ]; then exit 0; fi

say "The local cluster needs, and will now get:"
if [ ${#packages[@]} -gt 0 ]; then
    say "  from Debian, with apt-get:"
    for entry in "${packages[@]}"; do printf '    %-28s %s\n' "${entry%%:*}" "$(sed 's/^[^:]*: *//' <<<"$entry")" >&2; done
fi
if [ ${#modules[@]} -gt 0 ]; then
    say "  compiled from Go modules into $CACHE/tools (on two cores some 8 minutes the first time, 0.5 GB):"
    for module in "${modules[@]}"; do say "    $module"; done
fi
if [ "${1:-}" = --check ]; then exit 1; fi
if [ ${#modules[@]} -gt 0 ] && ! command -v go >/dev/null; then
    fail "Go is missing" "Install Go 1.26 or newer (https://go.dev/dl) and run this again."
fi

only_one tools
if [ ${#packages[@]} -gt 0 ]; then install_packages "${packages[@]}"; fi
mapfile -t modules < <(missing_modules)
for module in ${modules[@]+"${modules[@]}"}; do build_module "$module"; done
say "The tools are complete."
