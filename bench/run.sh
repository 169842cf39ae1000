#!/usr/bin/env bash
# Measures Roster against its database engine alone and against peers, and writes the tables of
# docs/explanation/performance.md anew. Installs what is missing. A whole run takes about 25 minutes; one to try it out, two:
#   bench/run.sh --partners 20000 --rounds 2 --page /tmp/page.md --no-directus
# --no-directus leaves Directus out. The other options are the benchmark's own: bench/run.sh --help lists them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
. "$root/build/packages.sh"
out=$root/artifacts/bench
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

directus_version=12.3.0
directus=${XDG_CACHE_HOME:-$HOME/.cache}/roster-bench/directus-$directus_version
options=(--server "$out/server" --efcore "$out/efcore")
page=(--page "$root/docs/explanation/performance.md")
wants_directus=true
for option in "$@"; do
    case $option in
        --no-directus) wants_directus=false ;;
        --page) page=() options+=("$option") ;;
        *) options+=("$option") ;;
    esac
done

# Directus is installed once, outside the repository. If that fails, it is left out.
install_directus() {
    command -v npm >/dev/null || { echo "Directus is left out: there is no npm." >&2; return 1; }
    [ -d "$directus" ] && return
    local new=$directus.new
    rm -rf "$new" && mkdir -p "$new" && echo '{"private": true}' >"$new/package.json"
    echo "Installing Directus $directus_version" >&2
    if ! (cd "$new" && timeout 300 npm install --no-audit --no-fund --legacy-peer-deps "directus@$directus_version" \
        </dev/null >"$new.log" 2>&1); then
        echo "Directus is left out: npm could not install it, see $new.log." >&2
        return 1
    fi
    mv "$new" "$directus"
}
if $wants_directus && install_directus; then options+=(--directus "$directus"); fi

# The benchmark starts a private PostgreSQL cluster. sqlite3 is the loader beside which imports are measured, and the published
# server is linked with clang.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || install_packages postgresql
command -v sqlite3 >/dev/null || install_packages sqlite3
command -v clang >/dev/null || install_packages clang

publish() { dotnet publish "$root/$1" -c Release -o "$out/$2" --nologo -v quiet >&2; }
publish src/Roster.Server server
publish bench/Roster.Bench.EfCore efcore
publish bench/Roster.Bench bench

# In the foreground of a terminal Ctrl+C reaches the benchmark by itself; any other end of this script is handed on, so that it stops
# its databases.
"$out/bench/Roster.Bench" "${options[@]}" "${page[@]}" &
benchmark=$!
trap 'kill -TERM $benchmark 2>/dev/null || true' TERM INT
status=0
wait $benchmark || status=$?
# A wait that a signal ends comes back before the benchmark does.
while kill -0 $benchmark 2>/dev/null; do wait $benchmark || status=$?; done
exit $status
