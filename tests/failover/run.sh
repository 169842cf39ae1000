#!/usr/bin/env bash
# Installs what the test needs and runs it. README.md describes the test and its options.
set -euo pipefail
cd "$(dirname "$0")"
. ../../build/packages.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

if [ "$(id -u)" -ne 0 ]; then
    echo "run.sh: network namespaces need root" >&2
    exit 1
fi

# need PROGRAM PACKAGE
packages=()
need() { if [ ! -x "$1" ]; then packages+=("$2"); fi; }
need /usr/lib/postgresql/15/bin/postgres postgresql-15
need /usr/bin/etcd etcd-server
need /usr/bin/patroni patroni
need /usr/sbin/ip iproute2
need /usr/sbin/nft nftables
need /usr/sbin/runuser util-linux

if [ "${#packages[@]}" -gt 0 ]; then install_packages --no-install-recommends "${packages[@]}"; fi

# Patroni's own Python. -B: no byte code is written into this folder.
exec /usr/bin/python3 -B failover.py "$@"
