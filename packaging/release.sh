#!/usr/bin/env bash
# Makes everything that a release has, of the last commit, in a clone of its own:
#   packaging/release.sh OUT [WORK]
# OUT must not exist, and is there when all of it is made. WORK is a folder for what is made meanwhile. The same commit makes the
# same bytes, wherever WORK is, on the same Debian with the same .NET SDK, Node.js and clang. It needs root, for the image's files,
# and what test.sh installs.
set -euo pipefail
target=$(realpath -m "$1") works=$(realpath -m "${2:-${TMPDIR:-/tmp}}")
[ ! -e "$target" ] || { echo "$target exists already." >&2; exit 2; }
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
mkdir -p "$works"
work=$(mktemp -d -p "$works")
out=$work/release
mkdir "$out"
trap 'rm -rf "$work"' EXIT

# A clone has nothing of what was built or forgotten here.
git clone --quiet --no-hardlinks . "$work/source"
cd "$work/source"
. packaging/common.sh
platform=$(dotnet --info | sed -n 's/^ *RID: *//p' | head -n 1 | sed 's/^[^-]*-/linux-/')
build() { dotnet "$@" -c Release -p:ContinuousIntegrationBuild=true -v quiet --nologo; }

build publish src/Roster.Server -o "$work/server"
build publish src/Roster.Cli -o "$work/cli"

# pack NAME: the folder of this name as a tarball.
pack() {
    settle "$work/$1"
    tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$1" |
        gzip -9n >"$out/$1.tar.gz"
}
name=roster-server-$version-$platform
install_server "$work/server" "$work/$name"
install -m 644 LICENSE README.md CHANGELOG.md "$work/$name/"
"$work/server/Roster.Server" man >"$work/$name/roster-server.8"
pack "$name"
name=roster-$version-$platform
install -D -m 755 "$work/cli/roster" "$work/$name/roster"
install -m 644 LICENSE src/Roster.Cli/README.md "$work/$name/"
"$work/cli/roster" man >"$work/$name/roster.1"
for shell in bash zsh fish; do "$work/cli/roster" completion "$shell" >"$work/$name/completion.$shell"; done
pack "$name"

packaging/deb.sh "$work/server" "$work/cli" "$out" >/dev/null
packaging/image.sh "$work/server" "$out" >/dev/null

for project in Roster.Client Roster.Client.Extensions Roster.Cli; do build pack "src/$project" -o "$work/packages"; done
for package in "$work"/packages/*; do packaging/same-bytes.py "$package" "$out/$(basename "$package")"; done

# What each is made of, as CycloneDX. The server says it itself, since it knows what was linked.
"$work/server/Roster.Server" sbom >"$work/server.json"
# npm refuses a package without a version, which only this clone's gets.
(cd src/Roster.Console && npm pkg set version="$version" && npm sbom --omit=dev --sbom-format=cyclonedx --package-lock-only) \
    >"$work/console.json"
dotnet tool restore >/dev/null
for project in Roster.Cli Roster.Client.Extensions; do
    dotnet CycloneDX "src/$project/$project.csproj" --output "$work" --filename "$project.json" --output-format Json \
        --exclude-dev --disable-package-restore --no-serial-number --set-name "$project" --set-version "$version" >/dev/null
done
for file in server:roster-server console:roster-console Roster.Cli:roster Roster.Client.Extensions:roster-client; do
    packaging/same-bytes.py "$work/${file%%:*}.json" "$out/${file##*:}-$version.cdx.json"
done

cd "$out"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
mkdir -p "$(dirname "$target")"
mv "$out" "$target"
