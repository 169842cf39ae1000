#!/usr/bin/env bash
# Makes the root file system of the image, of a folder that dotnet publish made: the server, the libraries that it needs, and
# nothing else - no shell, no package manager. Dockerfile and image.sh both run this, so their images have the same files.
#   packaging/image-root.sh artifacts/test/server ROOT
# It needs Debian 12 (mmdebstrap) and root.
set -euo pipefail
server=$(realpath "$1")
mkdir -p "$2"
root=$(realpath "$2")
cd "$(dirname "$0")/.."
. packaging/common.sh
umask 022
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
debian=$(mktemp -d)
trap 'rm -rf "$debian"' EXIT

# Unpacked only: what their scripts would make is not needed, but for the list of certificates, which is made below.
libraries=$(list server.libraries | cut -d' ' -f1 | paste -sd,)
mmdebstrap --quiet --variant=extract --include="libc6,$libraries,ca-certificates" "$suite" "$debian/root" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
cd "$debian/root"

# The libraries with their licences, and what the list of certificates is made of.
mkdir -p "$root/usr/lib" "$root/usr/share/doc" "$root/etc/ssl/certs"
cp -a lib lib64 "$root/"
cp -a "usr/lib/$(uname -m)-linux-gnu" "$root/usr/lib/"
rm -rf "$root/lib/systemd" "$root/usr/lib"/*/{gconv,perl*,engines-3,ossl-modules}
for package in usr/share/doc/*; do
    if [ -f "$package/copyright" ]; then install -D -m 644 "$package/copyright" "$root/$package/copyright"; fi
done
# OpenSSL looks for it in the folder that its package makes.
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
find usr/share/ca-certificates -name '*.crt' | sort | xargs cat >"$root/etc/ssl/certs/ca-certificates.crt"
cd - >/dev/null

# The user has no shell and no password. /data is what a volume takes over, with its owner.
echo 'root:x:0:0:root:/root:/usr/sbin/nologin
roster:x:10001:10001:Roster:/data:/usr/sbin/nologin' >"$root/etc/passwd"
echo 'root:x:0:
roster:x:10001:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
install -d -m 700 -o 10001 -g 10001 "$root/data"
install -d -m 1777 "$root/tmp"
mkdir -p "$root"/{dev,proc,sys,usr/bin}
install_server "$server" "$root/usr/lib/roster"
ln -s ../lib/roster/Roster.Server "$root/usr/bin/roster-server"
install -D -m 644 LICENSE "$root/usr/share/doc/roster/copyright"
settle "$root"
