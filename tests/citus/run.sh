#!/usr/bin/env bash
# Installs what the test needs of Debian and runs it. README.md describes the test and its options.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

if [ "$(id -u)" -ne 0 ]; then
    echo "run.sh: starting each node's PostgreSQL as the user postgres needs root" >&2
    exit 1
fi

# PostgreSQL comes with Citus, or before it; so what can be missing besides is Python.
if [ ! -x /usr/bin/python3 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 </dev/null
fi

# -B: no byte code is written into this folder or the other one.
if [ "${1:-}" = suite ]; then shift && exec /usr/bin/python3 -B suite.py "$@"; fi
exec /usr/bin/python3 -B citus.py "$@"
