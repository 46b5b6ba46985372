#!/usr/bin/env bash
# Builds container images into docker archives, $CACHE/images/NAME.tar, for `local-cluster load-image`, `docker load`
# or `kind load image-archive`. What has not changed since the last time is skipped. Prints the sizes.
#
#   e2e/scripts/images.sh [NAME…]    operator bot slack-simulator pause coredns redis, all of them by default; bot-musl
#
# Programs of the product come from $CARGO_TARGET_DIR/release ($CACHE/target by default): build them first.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

RELEASE=${CARGO_TARGET_DIR:-$CACHE/target}/release
ARCHIVES=$CACHE/images
VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$REPO/Cargo.toml")
ALL=(pause coredns redis operator bot slack-simulator)

# The name that manifests use.
tag_of() {
    case $1 in
    bot-musl) echo "chatops-bot:musl" ;;
    operator | bot | slack-simulator) echo "chatops-$1:$VERSION" ;;
    redis) echo "redis:7" ;;
    pause | coredns) echo "localhost/$1:1" ;;
    *) fail "there is no image $1" "Known are: ${ALL[*]}" ;;
    esac
}

# A program of the product; cargo builds it, not this script.
released() {
    [ -x "$RELEASE/$1" ] || fail "$RELEASE/$1 is missing" "Build it first: cargo build --release --bin $1"
    cp "$RELEASE/$1" "$2"
}

prepare_pause() { cp "$(tool_dir kubernetes)/pause" "$E2E/images/pause/Dockerfile" "$1"; }

prepare_coredns() { cp "$(tool_dir coredns)/coredns" "$E2E/images/coredns/Dockerfile" "$1"; }

prepare_redis() {
    local program programs=(redis-server redis-cli sh cat sleep getent)
    "$E2E/images/rootfs.sh" "${programs[@]/#//usr/bin/}" "$1/rootfs"
    mkdir -p "$1/rootfs/usr/bin" "$1/rootfs/bin" "$1/rootfs/data"
    chmod 1777 "$1/rootfs/data"
    for program in "${programs[@]}"; do cp -L "/usr/bin/$program" "$1/rootfs/usr/bin/"; done
    ln -s ../usr/bin/sh "$1/rootfs/bin/sh"
    cp "$E2E/images/redis/entrypoint.sh" "$1/rootfs/usr/bin/"
    chmod 755 "$1/rootfs/usr/bin/entrypoint.sh"
    cp "$E2E/images/redis/Dockerfile" "$1"
}

prepare_slack-simulator() {
    released slack-simulator "$1/slack-simulator"
    "$E2E/images/rootfs.sh" "$1/slack-simulator" "$1/rootfs"
    cp "$E2E/images/slack-simulator/Dockerfile" "$1"
}

# The same layout that the Dockerfile's stage `build` has.
prepare_product() {
    mkdir -p "$2/out"
    released "chatops-$1" "$2/out/chatops-$1"
    "$E2E/images/rootfs.sh" "$2/out/chatops-$1" "$2/out/rootfs"
    cp "$REPO/Dockerfile" "$2"
}
prepare_operator() { prepare_product operator "$1"; }
prepare_bot() { prepare_product bot "$1"; }
prepare_bot-musl() { RELEASE=$RELEASE/../$MUSL/release prepare_product bot "$1"; }

# What the image is made of: names, modes and content of all files.
key_of() {
    (cd "$1" && { find . -printf '%P %m %y %l\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum; echo "$2"; }) |
        sha256sum | cut -d' ' -f1
}

STORAGE=$CACHE/buildah
buildah_() { buildah --root "$STORAGE/root" --runroot "$STORAGE/run" "$@"; }

# overlay where the kernel and the folder's file system allow it, else plain copies.
choose_storage() {
    export STORAGE_DRIVER=overlay
    if ! buildah_ images >/dev/null 2>&1; then
        rm -rf "$STORAGE"
        export STORAGE_DRIVER=vfs
    fi
}

# usage: build NAME CONTEXT TAG ARCHIVE
build() {
    local options=()
    case $1 in
    operator | bot | bot-musl) options=(--target "${1%-musl}" --build-context "build=$2") ;;
    esac
    buildah_ build --quiet --isolation chroot --pull-never --label "org.opencontainers.image.version=$VERSION" \
        "${options[@]}" --tag "$3" "$2" >/dev/null
    rm -f "$4"
    buildah_ push --quiet "$3" "docker-archive:$4:$3"
    buildah_ rmi --all --force >/dev/null
}

make_image() {
    local name=$1 tag context archive=$ARCHIVES/$1.tar key
    tag=$(tag_of "$name")
    context=$WORK/$name
    mkdir -p "$context"
    "prepare_$name" "$context"
    key=$(key_of "$context" "$tag")
    if [ ! -f "$archive" ] || [ "$(cat "$archive.key" 2>/dev/null)" != "$key" ]; then
        say "Building the image $tag …"
        build "$name" "$context" "$tag" "$archive.partial"
        mv "$archive.partial" "$archive"
        echo "$key" >"$archive.key"
    fi
    rm -rf "$context"
    printf '%-32s %6.1f MB  %s\n' "$tag" "$(megabytes "$archive")" "$archive"
}

megabytes() { awk -v bytes="$(stat -c %s "$1")" 'BEGIN { print bytes / 1000000 }'; }

command -v buildah >/dev/null || fail "buildah is missing" "Install it with e2e/scripts/tools.sh."
only_one images
mkdir -p "$ARCHIVES"
WORK=$(mktemp -d "$CACHE/images.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
choose_storage
for name in "${@:-${ALL[@]}}"; do make_image "$name"; done
