#!/usr/bin/env bash
# Looks for inputs that a reader of ours neither accepts nor refuses, with AFL++ (Debian's afl++) and SharpFuzz:
#   tests/fuzz.sh TARGET --seconds 900     one target; tests/fuzz.sh alone lists them
# It begins with the inputs in tests/Roster.Fuzz/corpus/TARGET, goes on with those of its last run in artifacts/fuzz/TARGET,
# and ends with 1 if it found a fault. Look at a fault with:
#   dotnet tests/Roster.Fuzz/bin/Release/net10.0/Roster.Fuzz.dll TARGET FILE
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

target=${1-} seconds=60
if [ -z "$target" ] || ! [ -d "tests/Roster.Fuzz/corpus/$target" ]; then
    echo "Usage: tests/fuzz.sh TARGET [--seconds N], where TARGET is one of:" $(ls tests/Roster.Fuzz/corpus)
    exit 2
fi
if [ "${2-}" = --seconds ]; then seconds=$3; fi

if ! command -v afl-fuzz >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends afl++
fi

# Our assemblies are instrumented, in a copy: branches taken in them are what afl-fuzz is guided by.
bin=$PWD/artifacts/fuzz/bin
newer() { find src tests/Roster.Fuzz -name "*.cs" -not -path "*/obj/*" -newer "$bin/instrumented" -print -quit; }
if ! [ -f "$bin/instrumented" ] || [ -n "$(newer)" ]; then
    rm -rf "$bin"
    dotnet build tests/Roster.Fuzz -c Release -v q
    mkdir -p "$bin"
    cp -r tests/Roster.Fuzz/bin/Release/net10.0/. "$bin"
    dotnet tool restore >/dev/null
    for assembly in Roster Roster.Server; do dotnet sharpfuzz "$bin/$assembly.dll"; done
    touch "$bin/instrumented"
fi

input=$(mktemp -d)
trap 'rm -rf "$input"' EXIT
cp "tests/Roster.Fuzz/corpus/$target"/* "$input"
# Files as people send them; large ones make afl-fuzz slow.
if [ "$target" = file ]; then find tests/data/imports -type f -size -16k -exec cp {} "$input" \;; fi
output=$PWD/artifacts/fuzz/$target
if [ -d "$output/default/queue" ]; then begin=-; else begin=$input; fi

# Memory beyond the limit of .NET's heap is an OutOfMemoryException, and so a fault, as is every input that takes 5 seconds.
AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 \
    DOTNET_GCHeapHardLimit=0x30000000 DOTNET_TieredPGO=0 \
    afl-fuzz -i "$begin" -o "$output" -V "$seconds" -t 5000 -m none -G 65536 -- \
    dotnet "$bin/Roster.Fuzz.dll" "$target" >"$output.log" 2>&1 || { tail -n 20 "$output.log"; exit 1; }

stat() { sed -nE "s/^$1 *: ([0-9.]+).*/\1/p" "$output/default/fuzzer_stats"; }
crashes=$(find "$output/default/crashes" -name 'id:*' | wc -l) hangs=$(find "$output/default/hangs" -name 'id:*' | wc -l)
echo "$target: $(stat execs_done) runs in $(stat run_time) s, $(stat corpus_count) inputs kept of which $(stat corpus_found) found," \
    "$(stat edges_found) edges, $crashes faults, $hangs hangs"
if [ "$crashes" -gt 0 ] || [ "$hangs" -gt 0 ]; then
    find "$output/default/crashes" "$output/default/hangs" -name 'id:*'
    exit 1
fi
