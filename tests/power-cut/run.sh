#!/usr/bin/env bash
# Installs what the test needs, publishes the server and runs the test. README.md describes it and its options.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

# need PROGRAM PACKAGE
packages=()
need() { if ! command -v "$1" >/dev/null; then packages+=("$2"); fi; }
need linux.uml user-mode-linux
need /usr/sbin/mkfs.ext4 e2fsprogs
need /usr/bin/python3 python3
need /usr/sbin/ip iproute2
need cc gcc
if [ "${#packages[@]}" -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" libc6-dev </dev/null
fi

if [[ " $* " != *" --server"* && " $* " != *" --help "* ]]; then
    dotnet publish ../../src/Roster.Server -c Release -o ../../artifacts/test/server -v quiet --nologo
fi
exec /usr/bin/python3 -B power_cut.py "$@"
