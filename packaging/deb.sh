#!/usr/bin/env bash
# Makes the Debian package of the server and the command line, of folders that dotnet publish made:
#   packaging/deb.sh artifacts/test/server artifacts/test/cli artifacts [VERSION]
# It prints the package's path. DEB_COMPRESSION has other options of dpkg-deb than -Zxz, where time counts more than size.
set -euo pipefail
server=$(realpath "$1") cli=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
cd "$(dirname "$0")/.."
. packaging/common.sh
version=${4:-$version}
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
umask 022

install_server "$server" "$root/usr/lib/roster"
install -D -m 755 "$cli/roster" "$root/usr/bin/roster"
install -D -m 755 packaging/deb/roster-server "$root/usr/bin/roster-server"
install -D -m 644 packaging/deb/roster.service "$root/usr/lib/systemd/system/roster.service"
install -D -m 644 packaging/deb/roster.sysusers "$root/usr/lib/sysusers.d/roster.conf"
install -D -m 644 packaging/deb/roster.tmpfiles "$root/usr/lib/tmpfiles.d/roster.conf"
install -D -m 644 packaging/deb/roster.env "$root/etc/roster/roster.env"
for file in nginx/roster.conf caddy/Caddyfile prometheus/{prometheus,alerts,alerts.test}.yml grafana/roster.json; do
    install -D -m 644 "ops/$file" "$root/usr/share/doc/roster/examples/$file"
done
install -D -m 644 packaging/deb/copyright "$root/usr/share/doc/roster/copyright"
install -D -m 644 packaging/deb/lintian-overrides "$root/usr/share/lintian/overrides/roster"

# The programs write their own pages and scripts.
mkdir -p "$root"/usr/share/man/man{1,8} "$root"/usr/share/{bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d}
"$cli/roster" man | gzip -9n >"$root/usr/share/man/man1/roster.1.gz"
"$server/Roster.Server" man | gzip -9n >"$root/usr/share/man/man8/roster-server.8.gz"
"$cli/roster" completion bash >"$root/usr/share/bash-completion/completions/roster"
"$cli/roster" completion zsh >"$root/usr/share/zsh/vendor-completions/_roster"
"$cli/roster" completion fish >"$root/usr/share/fish/vendor_completions.d/roster.fish"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/roster/CHANGELOG.md.gz"
gzip -9n >"$root/usr/share/doc/roster/changelog.gz" <<END
roster ($version) unstable; urgency=medium

  * What has changed is in CHANGELOG.md.gz beside this file.

 -- $(sed -n 's/^Maintainer: //p' packaging/deb/control)  $(date -R -d "@$SOURCE_DATE_EPOCH")
END

# dpkg-shlibdeps wants the folder of a source package.
mkdir -p "$root.source/debian"
trap 'rm -rf "$root" "$root.source"' EXIT
touch "$root.source/debian/control"
needed=$(cd "$root.source" &&
    dpkg-shlibdeps --warnings=0 -O -e"$server/Roster.Server" -e"$server/libe_sqlite3.so" -e"$cli/roster" 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')
loaded=$(list server.libraries | paste -sd, | sed 's/,/, /g')

mkdir "$root/DEBIAN"
install -m 755 packaging/deb/{preinst,postinst,prerm,postrm} "$root/DEBIAN/"
echo /etc/roster/roster.env >"$root/DEBIAN/conffiles"
size=$(find "$root" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
    -e "s/@LIBRARIES@/$needed, $loaded/" packaging/deb/control >"$root/DEBIAN/control"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -print | sed 's|^\./||' | grep -vx etc/roster/roster.env | sort |
    xargs md5sum) >"$root/DEBIAN/md5sums"
settle "$root"
package=$out/roster_${version}_$architecture.deb
dpkg-deb --root-owner-group ${DEB_COMPRESSION:--Zxz} --build "$root" "$package" >&2
echo "$package"
