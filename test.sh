#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors, checks the formatting, publishes the server and
# the command line, and runs all tests, those of the console in a real browser. Tests that start one of them as a process
# start the published one.
# Arguments go to the test runner:
#   ./test.sh -class Roster.Tests.Server.KillOnSqlite
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
. build/packages.sh

has() { for program; do command -v "$program" >/dev/null || return; done; }

# The commands in README.md and docs are run as written, with curl.
has curl || install_packages curl

# The tests start private PostgreSQL servers, and PgBouncer.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has initdb || install_packages postgresql
[ -x /usr/sbin/pgbouncer ] || install_packages --no-install-recommends pgbouncer

# The console and the page /docs are opened in Chromium. The console is built with Node 20.19 or newer.
[ -x "${ROSTER_TEST_CHROMIUM:-/usr/bin/chromium}" ] || install_packages --no-install-recommends chromium
has npm || install_packages --no-install-recommends nodejs npm
[ tests/browser/node_modules/.package-lock.json -nt tests/browser/package-lock.json ] \
    || npm ci --prefix tests/browser --no-audit --no-fund --silent

# The command line is tried in a terminal and in three shells, and the page for Python with Requests.
if ! has tmux zsh fish || ! python3 -c 'import requests' 2>/dev/null; then
    install_packages --no-install-recommends tmux zsh fish python3-requests
fi

# Alerts are tried with a real Prometheus.
has prometheus promtool || install_packages --no-install-recommends prometheus

# The packages are made, checked and installed in a root of their own, and proxies run in front of a server.
if ! has dpkg-shlibdeps lintian mmdebstrap umoci skopeo systemd-analyze nginx caddy; then
    install_packages --no-install-recommends dpkg-dev lintian mmdebstrap umoci skopeo systemd nginx-light caddy
fi

# The published programs are linked with clang.
has clang || install_packages clang

dotnet build Roster.slnx -c Release
# The build has installed the console's packages and made its types. Its pages are checked, and their logic tested.
(cd src/Roster.Console && npm run --silent check && npm run --silent test)
# The build has applied the rules of style, as errors. The tests look at the order of using directives.
dotnet format whitespace Roster.slnx --no-restore --verify-no-changes
dotnet publish src/Roster.Server -c Release -o artifacts/test/server
dotnet publish src/Roster.Cli -c Release -o artifacts/test/cli
export ROSTER_TEST_SERVER=$PWD/artifacts/test/server/Roster.Server ROSTER_TEST_CLI=$PWD/artifacts/test/cli/roster

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet tests/Roster.Tests/bin/Release/net10.0/Roster.Tests.dll -noColor "$@" | tee "$log" || status=$?

# The runner's summary: "Roster.Tests  Total: 12, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.234s"
summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -n 1)
count() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
failed=$(($(count Errors) + $(count Failed)))
skipped=$(count Skipped)
passed=$(($(count Total) - $(count "Not Run") - $(count Failed) - skipped))
# A skipped test means that an engine was not tested: on a developer's machine a note, here a failure.
if [ "$skipped" -gt 0 ] || [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
echo "$passed passed, $failed failed"
exit "$status"
