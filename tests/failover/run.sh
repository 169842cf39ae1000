#!/usr/bin/env bash
# Installs what the test needs and runs it. README.md describes the test and its options.
set -euo pipefail
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
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

# Debian's packages start services, and PostgreSQL's creates a cluster; neither is wanted here.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
made_policy=
saved_clusters=
restore() {
    if [ -n "$made_policy" ]; then rm -f "$policy"; fi
    if [ -n "$saved_clusters" ]; then cp "$saved_clusters" "$clusters" && rm -f "$saved_clusters"; fi
}

install_packages() {
    trap restore EXIT
    apt-get update -qq
    if [ ! -e "$policy" ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    if [[ " ${packages[*]} " == *" postgresql-15 "* ]]; then
        apt-get install -y -qq --no-install-recommends postgresql-common
        saved_clusters=$(mktemp)
        cp "$clusters" "$saved_clusters"
        echo "create_main_cluster = false" >>"$clusters"
    fi
    apt-get install -y -qq --no-install-recommends "${packages[@]}"
    if [[ " ${packages[*]} " == *" etcd-server "* ]]; then
        systemctl --quiet disable etcd.service || true # or it would start with the machine
    fi
    restore
    trap - EXIT
}

if [ "${#packages[@]}" -gt 0 ]; then install_packages </dev/null; fi

# Patroni's own Python. -B: no byte code is written into this folder.
exec /usr/bin/python3 -B failover.py "$@"
