#!/usr/bin/env python3
"""What a change costs batches: python3 bench/beside.py BEFORE AFTER [--rounds N] [--database A --database B]

BEFORE and AFTER are folders that dotnet publish src/Roster.Server made, of two commits. Their servers take turns with
the same batches of 10,000 partners that have a name, an e-mail address, a phone number and an external id. Printed are
the median times of each, AFTER's time divided by BEFORE's as the median of the turns, with the least and the greatest,
and the same for processor time. Without --database each has an SQLite database of its own in a temporary folder; two
empty databases of PostgreSQL can be given instead, in the form that the servers' --database takes.
"""
import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request

from published import Server

BATCH = 10_000
TIMES = {"creates": 2, "updates": 2, "unchanged": 4}  # batches of a turn


def put(server, partners):
    body = json.dumps(partners).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/partners", data=body, method="PUT",
        headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"})
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return time.perf_counter() - begun, json.loads(text)


def processor(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rest(server):
    """Until it does nothing: the search index follows writes."""
    last, end = None, time.monotonic() + 120
    while (now := processor(server)) != last:
        assert time.monotonic() < end, "The server does not come to rest within two minutes."
        last = now
        time.sleep(0.4)
    return now


def batch(kind, ids, number):
    if kind == "creates":
        return [{"name": f"Person {i} of {number}", "email": f"p{i}.{number}@example.com", "phone": f"+49 30 {i:07}",
                 "externalId": f"crm-{number}-{i}"} for i in range(BATCH)]
    if kind == "updates":
        return [{"id": one, "name": f"Person {i} after {number}", "phone": f"+49 {number} {i}"} for i, one in enumerate(ids)]
    return [{"id": one, "phone": f"+49 {number} {i}"} for i, one in enumerate(ids)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--rounds", type=int, default=15, help="turns, after two that do not count")
    parser.add_argument("--database", action="append", help="of BEFORE, then of AFTER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        servers = []
        try:
            for i, name in enumerate((options.before, options.after)):
                own = os.path.join(folder, str(i))
                os.makedirs(os.path.join(own, "data"))
                settings = ["--database", options.database[i]] if options.database else []
                servers.append(Server([os.path.join(name, "Roster.Server")], own, *settings, metrics=False))
            ids = [[one["id"] for one in put(server, batch("creates", [], "first"))[1]] for server in servers]
            results = {kind: ([], []) for kind in TIMES}
            number = 0
            for turn in range(-2, options.rounds):
                for kind, times in TIMES.items():
                    # What is unchanged sends the last update again.
                    numbers = [number] * times if kind == "unchanged" else range(number + 1, number + 1 + times)
                    for i in (0, 1) if turn % 2 else (1, 0):
                        used = rest(servers[i])
                        took = [put(servers[i], batch(kind, ids[i], one))[0] for one in numbers]
                        used = rest(servers[i]) - used
                        if turn >= 0:
                            results[kind][i].append((statistics.median(took), used / times))
                    number = numbers[-1]
        finally:
            for server in servers:
                server.process.kill()
                server.process.wait()
    print("| ms | before | after | after / before | processor before | after | after / before |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, (before, after) in results.items():
        cells = []
        for which in (0, 1):
            ratios = [b[which] / a[which] for a, b in zip(before, after)]
            cells += [f"{statistics.median(one[which] for one in side) * 1000:.1f}" for side in (before, after)]
            cells.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")
        print(f"| 10,000 {kind} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
