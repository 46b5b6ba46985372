#!/bin/sh
# Makes a root file system for programs of this machine: the libraries that they load, the certificate authorities,
# and the few files that glibc reads. The programs themselves are not copied.
#
#   rootfs.sh PROGRAM… FOLDER
set -eu

programs=
while [ $# -gt 1 ]; do
    programs="$programs $1"
    shift
done
root=$1

mkdir -p "$root/etc/ssl/certs" "$root/tmp"
chmod 1777 "$root/tmp"

# `ldd` writes "NAME => /PATH (ADDRESS)" for a library and "/PATH (ADDRESS)" for the loader.
for program in $programs; do ldd "$program"; done |
    sed -n -e 's/.*=> \(\/[^ ]*\) (.*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | sort -u |
    while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done

# As Debian ships them, without what an administrator of this machine may have added.
cat /usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"

cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/:/sbin/nologin
nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin
EOF
cat >"$root/etc/group" <<'EOF'
root:x:0:
nonroot:x:65532:
EOF
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
