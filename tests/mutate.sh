#!/usr/bin/env bash
# Changes src/Roster in one place after another with Stryker, and looks whether a test fails each time:
#   tests/mutate.sh                            all files, for hours
#   tests/mutate.sh 'Log/*' Batches/Batch.cs   these files of src/Roster
# It runs the tests that need nothing but one process (tests/Roster.Mutation/InProcess.cs), of them those that reach the place.
# The score of each file, and the changes that no test noticed, are at the end of what it prints, and in
# artifacts/mutation/reports. Before the first change it builds, and runs each test once.
#   MUTATE_TESTS=Log,UpsertOnSqlite   only these rooms and classes of tests
#   MUTATE_AT_ONCE=2                  so many changes are tried at once; 1 by default
set -euo pipefail
cd "$(dirname "$0")/Roster.Mutation"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
# Stryker builds the tests itself. What test.sh checks is not checked again.
export RunAnalyzers=false EnforceCodeStyleInBuild=false NuGetAudit=false

options=()
for files; do options+=(--mutate "**/$files"); done
dotnet tool restore >/dev/null
exec dotnet stryker --skip-version-check --output ../../artifacts/mutation --concurrency "${MUTATE_AT_ONCE:-1}" "${options[@]}"
