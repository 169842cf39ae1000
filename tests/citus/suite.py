"""Runs the tests that use PostgreSQL on a cluster of Citus that is made for it. See README.md."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/failover"))

from cluster import Failure
from failover import stop_on_signals
from nodes import CitusCluster, Installation, Run

CITUS = os.environ.get("ROSTER_TEST_CITUS", "/usr/lib/postgresql/15")
TESTS = ROOT / "tests/Roster.Tests"
ALONE = 16  # databases for tests whose server has to be alone on its database; the tests of imports take 13
# TidyTests holds the classes that use PostgreSQL to these names.
CLASSES = ["-class", "*Postgres*", "-class", "*PgBouncer*"]


def main(options):
    stop_on_signals()
    dotnet = shutil.which("dotnet") or "dotnet"
    subprocess.run([dotnet, "build", TESTS, "-c", "Release", "--nologo", "-v", "quiet"], check=True)
    run = Run()
    failed = True
    try:
        cluster = CitusCluster(run, Installation(CITUS))
        cluster.start(3)
        cluster.coordinator.query("alter role roster createrole")
        databases = {"ROSTER_TEST_POSTGRES": cluster.database_address,
                     "ROSTER_TEST_POSTGRES_MORE": " ".join(cluster.add_database(f"alone{number}") for number in range(ALONE))}
        print("on", cluster.coordinator.query("select citus_version()"), flush=True)
        done = subprocess.run([dotnet, TESTS / "bin/Release/net10.0/Roster.Tests.dll", "-noColor", *(options or CLASSES)],
                              env=os.environ | databases, check=False)
        failed = done.returncode != 0
        return done.returncode
    except Failure as failure:
        print("citus:", failure)
        return 1
    finally:
        run.remove(keep_logs=failed)
        if failed:
            print("the logs are in", run.folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
