#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors, checks the formatting, publishes the server and
# the command line, and runs all tests, those of the console in a real browser. Tests that start one of them as a process
# start the published one.
#   --postgres VERSION   runs them on this PostgreSQL: one of tests/postgres/package.json (15, 16, 17, 18), or debian, which
#                        is what is installed, and the default. Given again, the tests that use PostgreSQL run on that one
#                        too: ./test.sh --postgres debian --postgres 18
# Other arguments go to the test runner, in each run:
#   ./test.sh -class Roster.Tests.Server.KillOnSqlite
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
. build/packages.sh

versions=() options=()
while [ $# -gt 0 ]; do
    case $1 in
        --postgres) versions+=("${2:?--postgres needs a version}") && shift ;;
        *) options+=("$1") ;;
    esac
    shift
done
if [ ${#versions[@]} -eq 0 ]; then versions=(debian); fi
for version in "${versions[@]}"; do
    if [ "$version" != debian ] && ! grep -q "\"postgres-$version\"" tests/postgres/package.json; then
        echo "test.sh: --postgres takes debian, or a version of tests/postgres/package.json, not $version" >&2
        exit 2
    fi
done

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

# The clock of servers is set while they run.
if ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime
fi

# The published programs are linked with clang.
has clang || install_packages clang

# Other versions of PostgreSQL. As root, the tests start them as the user postgres, who may not enter root's folders.
postgres=tests/postgres
if [ "$(id -u)" -eq 0 ]; then postgres=/var/cache/roster-tests/postgres; fi
install_postgres() {
    if [ -e $postgres/node_modules/.package-lock.json ] && cmp -s {tests/postgres,$postgres}/package-lock.json; then return; fi
    mkdir -p $postgres
    if [ $postgres != tests/postgres ]; then cp tests/postgres/package*.json $postgres; fi
    npm ci --prefix $postgres --ignore-scripts --no-audit --no-fund --silent
    # npm packs no symbolic links. The packages come with a script that makes them.
    for package in $postgres/node_modules/postgres-*; do (cd "$package" && node scripts/hydrate-symlinks.js); done
}
if [ "${versions[*]}" != debian ]; then install_postgres; fi

# One process compiles all projects: a process for each takes longer to begin than to compile. For .NET to count the calls of
# its code, and to compile it anew by them, takes longer than it saves.
export UseSharedCompilation=true DOTNET_TieredPGO=0

# The native compiler of the server takes minutes of one core, so all else is built and checked beside it, and gives way to it.
# What is published has folders of its own for what it shares with the build, and leaves the rules of style to that.
logs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$logs"' EXIT
# publish PROJECT NAME NICENESS: in the background, where it is this shell's process that a signal ends.
publish() {
    exec nice -n "$3" dotnet publish "src/$1" -c Release -p:RunAnalyzers=false --artifacts-path "artifacts/publish/$2" \
        -o "artifacts/test/$2" >"$logs/$2" 2>&1
}
# join PROCESS NAME: waits for it, and shows what it said.
join() {
    local status=0
    wait "$1" || status=$?
    cat "$logs/$2"
    if [ "$status" -ne 0 ]; then exit "$status"; fi
}
publish Roster.Cli cli 10 &
cli=$!
# The console's pages, which the server holds.
nice -n 10 dotnet build src/Roster.Server -c Release -t:BuildConsole
publish Roster.Server server 0 &
server=$!
nice -n 10 dotnet build Roster.slnx -c Release
# The build has installed the console's packages and made its types. Its pages are checked, and their logic tested.
(cd src/Roster.Console && npm run --silent check && npm run --silent test) >"$logs/console" 2>&1 &
console=$!
# The build has applied the rules of style, as errors. The tests look at the order of using directives.
dotnet format whitespace Roster.slnx --no-restore --verify-no-changes
join $console console
join $cli cli
join $server server
dotnet build-server shutdown --vbcscompiler >/dev/null
unset UseSharedCompilation DOTNET_TieredPGO
export ROSTER_TEST_SERVER=$PWD/artifacts/test/server/Roster.Server ROSTER_TEST_CLI=$PWD/artifacts/test/cli/roster

log=$logs/tests
status=0 passed=0 failed=0

# The runner's summary: "Roster.Tests  Total: 12, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.234s"
count() {
    local number
    number=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -n 1 \
        | sed -nE "s/.*$1: ([0-9]+).*/\1/p") || true
    echo "${number:-0}"
}

# run OPTION…: runs tests and adds up what passed and failed.
run() {
    local skipped fails passes
    dotnet tests/Roster.Tests/bin/Release/net10.0/Roster.Tests.dll -noColor "$@" | tee "$log" || status=$?
    fails=$(($(count Errors) + $(count Failed)))
    skipped=$(count Skipped)
    passes=$(($(count Total) - $(count "Not Run") - $(count Failed) - skipped))
    # A skipped test means that an engine was not tested: on a developer's machine a note, here a failure.
    if [ "$skipped" -gt 0 ] || [ "$fails" -gt 0 ] || [ "$passes" -eq 0 ]; then status=1; fi
    passed=$((passed + passes)) failed=$((failed + fails))
}

for version in "${versions[@]}"; do
    if [ "$version" = debian ]; then
        unset ROSTER_TEST_POSTGRES_PROGRAMS
    else
        export ROSTER_TEST_POSTGRES_PROGRAMS=$(realpath $postgres/node_modules/postgres-"$version"/native/bin)
        "$ROSTER_TEST_POSTGRES_PROGRAMS/postgres" --version
    fi
    run "${options[@]}"
    # TidyTests holds the classes that use PostgreSQL to these names.
    if [ ${#options[@]} -eq 0 ]; then options=(-class '*Postgres*' -class '*PgBouncer*'); fi
done
echo "$passed passed, $failed failed"
exit "$status"
