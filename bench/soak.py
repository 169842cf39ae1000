#!/usr/bin/env python3
"""Whether a server stays as it is under load: python3 bench/soak.py --minutes 60

Starts the published server on an SQLite database of its own and sends requests of every kind at half the rate that it
manages: batches and single updates, pages, searches, lookups, exports, the feed, the past, undo, deletes and restores,
imports, and requests that are sent twice under one Idempotency-Key. The directory keeps its size. Every minute it looks
at memory, open files, threads and the disk. In the end it compares the first quarter with the last one, says of each
measure whether it stayed, and ends with 1 if one grew more than there is a reason for, or an answer was wrong.

Old values and imports are kept for a short time, so that as much is forgotten as is written. The first part of the run,
in which memory and files come to their size, is left out: a third, and of a long run 20 minutes.
"""
import argparse
import collections
import glob
import http.client
import json
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time

from published import PROGRAM, Server, percentile

CLIENTS = 4
BATCH = 200
IMPORTED = 300

# A round of requests. A batch changes 200 partners.
ROUND = (
    "batch page search partner single page lookup repeated partner history "
    "single page search partner undo page lookup changes partner feed "
    "batch page search partner single page lookup asOf partner single "
    "stats page search partner removed page lookup feed partner next").split()
# Every so many requests one that takes longer, in the place of another.
IMPORT_EVERY, EXPORT_EVERY = 503, 997

COUNTS = ("Created", "Updated", "Deleted", "Restored")

MEBIBYTE = 1 << 20


class Soaked(Server):
    def __init__(self, command, folder, kept):
        super().__init__(command, folder, "--keep-old-values", kept, "--keep-imports", kept, "--idempotency-hours", "1")

    def look(self):
        """What the server has now; sizes in bytes."""
        metrics = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=30)
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        metrics.close()

        def total(name):
            return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.M))

        def size(pattern):
            return sum(os.path.getsize(one) for one in glob.glob(os.path.join(self.data, pattern)) if os.path.isfile(one))

        return {
            "rss": self.status("VmRSS"),
            "peak": self.status("VmHWM"),
            "managed": total("dotnet_gc_last_collection_heap_size_bytes"),
            "committed": total("dotnet_gc_last_collection_memory_committed_size_bytes"),
            "files": len(os.listdir(f"/proc/{self.process.pid}/fd")),
            "threads": self.status("Threads"),
            "db": size("roster.db"),
            "wal": size("roster.db-wal"),
            "imports": size("roster.db.imports*"),
            "search": size("roster.db.search/*.db"),
            "search wal": size("roster.db.search/*-wal"),
            "cores": sum(int(field) for field in open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])
            / os.sysconf("SC_CLK_TCK"),
        }


class Wrong(Exception):
    pass


class Busy(Exception):
    """The server asks to try again, as it may."""


class Client:
    """Sends requests on a connection of its own."""

    def __init__(self, server, shared, number):
        self.server, self.shared = server, shared
        self.random = random.Random(number)
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.position = "0"
        self.link = None

    def send(self, method, path, body=None, *, content="application/json", expect=(200,), **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = "Bearer " + self.server.key
        if body is not None:
            headers["Content-Type"] = content
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 503:
            raise Busy()
        if answer.status not in expect:
            raise Wrong(f"{method} {path}: {answer.status} {text[:500].decode()}")
        self.shared.heard(answer)
        return answer, text

    def run(self, kind):
        getattr(self, kind)()

    def some(self, count):
        return self.random.sample(self.shared.ids, min(count, len(self.shared.ids)))

    def phone(self):
        return f"{self.random.randrange(100, 1000)}0000"

    def put(self, count, **headers):
        items = [{"id": one, "phone": self.phone()} for one in self.some(count)]
        return self.send("PUT", "/api/partners", json.dumps(items), **headers)

    def batch(self):
        self.put(BATCH)

    def single(self):
        answer, _ = self.put(1)
        self.shared.undoable.append(answer.headers["Roster-Revision"])

    def repeated(self):
        items = json.dumps([{"id": self.some(1)[0], "phone": self.phone()}])
        key = f"{self.random.getrandbits(64):x}"
        _, first = self.send("PUT", "/api/partners", items, Idempotency_Key=key)
        again, second = self.send("PUT", "/api/partners", items, Idempotency_Key=key)
        if again.headers["Idempotent-Replayed"] != "true" or first != second:
            raise Wrong(f"A request under one Idempotency-Key was not replayed: {first} {second}")

    def undo(self):
        if self.shared.undoable:
            self.send("POST", f"/api/changesets/{self.shared.undoable.popleft()}/undo?onConflict=skip", expect=(200, 400))

    def removed(self):
        with self.shared.removing:
            ids = json.dumps(self.shared.removable)
            self.send("DELETE", "/api/partners", ids)
            self.send("POST", "/api/partners/restore", ids)

    def page(self):
        answer, _ = self.send("GET", f"/api/partners?take=100&skip={self.random.randrange(1000)}")
        self.link = answer.headers["Link"]

    def next(self):
        if self.link:
            self.send("GET", self.link.split("<")[1].split(">")[0])

    def search(self):
        self.send("GET", "/api/partners?q=" + self.random.choice(NAMES)[:4].lower() + "%20" + self.random.choice(NAMES)[:2].lower())

    def lookup(self):
        self.send("GET", f"/api/partners?phone={self.phone()}")

    def partner(self):
        self.send("GET", f"/api/partners/{self.some(1)[0]}")

    def history(self):
        self.send("GET", f"/api/partners/{self.some(1)[0]}/history?take=50")

    def stats(self):
        self.send("GET", "/api/stats?days=30")

    def asOf(self):
        self.send("GET", f"/api/partners?take=1000&asOf={max(1, self.shared.revision - 200)}")

    def changes(self):
        revision = self.random.randint(max(1, self.shared.revision - 500), self.shared.revision)
        self.send("GET", f"/api/changesets/{revision}/changes?take=10000")

    def feed(self):
        _, text = self.send("GET", f"/api/partners/changes?take=2000&after={self.position}")
        self.position = json.loads(text)["next"]

    def export(self):
        self.send("GET", "/api/partners", Accept="text/csv")

    def imported(self):
        numbers = self.random.sample(range(len(self.shared.ids)), min(IMPORTED, len(self.shared.ids)))
        file = "externalId,phone\n" + "".join(f"p-{number},{self.phone()}\n" for number in numbers)
        _, text = self.send("POST", "/api/imports?filename=soak.csv", file, content="text/csv", expect=(201,))
        path = "/api/imports/" + json.loads(text)["id"]
        self.send("POST", path + "/plan", expect=(202,))
        planned = self.wait(path, "planned")
        counts = {name: planned["counts"][name] for name in ("created", "updated", "deleted")}
        if counts["created"] or not counts["updated"]:
            raise Wrong(f"An import plans {planned['counts']}")
        self.send("POST", path + "/apply?onConflict=skip", json.dumps(counts), expect=(202,))
        self.wait(path, "applied")
        with self.shared.lock:
            self.shared.changes += counts["updated"]
        # The other half is forgotten when its time is over.
        if self.random.random() < 0.5:
            self.send("DELETE", path, expect=(204,))

    def wait(self, path, state):
        step = 0
        while True:
            _, text = self.send("GET", f"{path}?after={step}&wait=30")
            one = json.loads(text)
            if one["state"] == state and one["work"] is None:
                return one
            if one["work"] is None and one["state"] not in ("uploaded", "planned"):
                raise Wrong(f"An import is {one['state']}: {one['reason']}")
            step = one["step"]


NAMES = ("Ada Grace Edsger Barbara Donald Frances Alan Kathleen Niklaus Margaret Tony Radia Ken Leslie Dennis Shafi "
         "Lovelace Hopper Dijkstra Liskov Knuth Allen Turing Booth Wirth Hamilton Hoare Perlman Thompson Lamport Ritchie").split()


class Shared:
    """What all clients know."""

    def __init__(self):
        self.ids, self.removable, self.removing = [], [], threading.Lock()
        self.undoable = collections.deque(maxlen=100)
        self.lock, self.revision, self.changes = threading.Lock(), 1, 0

    def heard(self, answer):
        if not (revision := answer.headers["Roster-Revision"]):
            return
        with self.lock:
            self.revision = max(self.revision, int(revision))
            if not answer.headers["Idempotent-Replayed"]:
                self.changes += sum(int(answer.headers["Roster-" + count] or 0) for count in COUNTS)


def fill(client, partners):
    ids = []
    for start in range(0, partners, 5000):
        items = [{"name": f"{client.random.choice(NAMES)} {client.random.choice(NAMES)} {number}", "externalId": f"p-{number}",
                  "email": f"p{number}@example.com", "phone": client.phone()} for number in range(start, min(partners, start + 5000))]
        _, text = client.send("PUT", "/api/partners", json.dumps(items))
        ids += [one["id"] for one in json.loads(text)]
    # Until the search index has all of them.
    while True:
        try:
            client.search()
            break
        except Busy:
            time.sleep(1)
    # Nobody else writes to those that are deleted and restored.
    apart = max(1, partners // 100)
    client.shared.ids, client.shared.removable = ids[:-apart], ids[-apart:][:50]


class Load:
    """Sends requests at a fixed rate, or each when the one before is answered, until it is told to end."""

    def __init__(self, clients, rate):
        self.rate, self.number, self.late, self.busy, self.wrong = rate, 0, 0, 0, None
        self.times = []
        self.counts = collections.Counter()
        self.begun, self.lock, self.over = time.monotonic(), threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(one,)) for one in clients]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        try:
            while not self.over.is_set():
                with self.lock:
                    number = self.number
                    self.number += 1
                kind = ("imported" if number % IMPORT_EVERY == IMPORT_EVERY // 2 else
                        "export" if number % EXPORT_EVERY == EXPORT_EVERY // 2 else ROUND[number % len(ROUND)])
                if self.rate:
                    pause = self.begun + number / self.rate - time.monotonic()
                    if pause > 0 and self.over.wait(pause):
                        return
                    if pause < -1:
                        self.late += 1
                started = time.monotonic()
                try:
                    client.run(kind)
                except Busy:
                    self.busy += 1
                    continue
                self.times.append((kind, time.monotonic() - started))
                self.counts[kind] += 1
        except Exception as failure:
            self.wrong = self.wrong or f"{type(failure).__name__}: {failure}"
            self.over.set()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        return time.monotonic() - self.begun


# Measure, its unit, and how much more the last quarter may have than the first one, with the reason. Between the two there
# were so many change sets, of so many changes.
MEASURES = (
    ("rss", MEBIBYTE, lambda first, sets, changes: 0.10 * first + 8 * MEBIBYTE, "a tenth and 8 MiB: the collector's heap breathes"),
    ("managed", MEBIBYTE, lambda first, sets, changes: 0.25 * first + 8 * MEBIBYTE, "a quarter and 8 MiB: as the last collection left it"),
    ("committed", MEBIBYTE, lambda first, sets, changes: 0.25 * first + 8 * MEBIBYTE, "the same"),
    ("files", 1, lambda first, sets, changes: 8, "8: connections of the moment"),
    ("threads", 1, lambda first, sets, changes: 4, "4: of the pool"),
    ("db", MEBIBYTE, lambda first, sets, changes: 0.05 * first + 400 * sets + 30 * changes,
     "400 bytes for a change set and 30 for a change: who was changed stays, only old values are forgotten; and a twentieth"),
    ("wal", MEBIBYTE, lambda first, sets, changes: max(0, 256 * MEBIBYTE - first), "256 MiB at most"),
    ("imports", MEBIBYTE, lambda first, sets, changes: 0.25 * first + MEBIBYTE, "a quarter and 1 MiB: those of the last hour"),
    ("search", MEBIBYTE, lambda first, sets, changes: 0.25 * first + 8 * MEBIBYTE, "a quarter and 8 MiB: merges of the index"),
    ("search wal", MEBIBYTE, lambda first, sets, changes: max(0, 272 * MEBIBYTE - first), "about 256 MiB at most"),
)


def report(looks, load, rate, minutes, settle, partners):
    """Prints the tables. Returns whether everything stayed."""
    kept = [one for one in looks if one["at"] >= settle] or looks
    each = max(1, len(kept) // 4)
    first, last = kept[:each], kept[-each:]
    sets, changes = (statistics.mean(one[name] for one in last) - statistics.mean(one[name] for one in first)
                     for name in ("revision", "changes"))
    print(f"\n{minutes:g} minutes, {partners:,} partners, {rate:.1f} requests a second, {sum(load.counts.values()):,} answered, "
          f"{load.busy} answered with 503, {load.late} sent more than a second late; the first {settle / 60:.1f} minutes left out\n")
    print("| | first quarter | last quarter | more | allowed | |\n| --- | --- | --- | --- | --- | --- |")
    flat = True
    for name, unit, allowed, why in MEASURES:
        before, after = (statistics.mean(one[name] for one in part) for part in (first, last))
        bound = allowed(before, sets, changes)
        holds = after - before <= bound
        flat = flat and holds
        text = [f"{value / unit:,.1f}" for value in (before, after, after - before, bound)]
        print(f"| {name}{', MiB' if unit > 1 else ''} | {' | '.join(text)} | {'' if holds else '**grew**; '}{why} |")
    print(f"\npeak memory {max(one['peak'] for one in looks) / MEBIBYTE:.0f} MiB, "
          f"{sets:,.0f} change sets of {changes:,.0f} changes between the two quarters")
    quarter = len(load.times) // 4
    print("\n| ms | requests | p50 first quarter | p50 last | p99 first | p99 last |\n| --- | --- | --- | --- | --- | --- |")
    for kind in sorted(load.counts):
        parts = [[took for name, took in part if name == kind] for part in (load.times[:quarter], load.times[-quarter:])]
        print(f"| {kind} | {load.counts[kind]:,} | " + " | ".join(
            f"{percentile(part, share):.1f}" for share in (0.5, 0.99) for part in parts) + " |")
    return flat


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--server", nargs="+", default=[PROGRAM],
                        help="the command that starts the server")
    parser.add_argument("--partners", type=int, default=50_000)
    parser.add_argument("--rate", type=float, help="requests a second; without it, half of what the server manages")
    parser.add_argument("--kept", default="10m", help="how long old values and imports are kept")
    parser.add_argument("--look-every", type=float, default=60, help="seconds")
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory(prefix="roster-soak-") as folder:
        server = Soaked(options.server, folder, options.kept)
        try:
            shared = Shared()
            clients = [Client(server, shared, number) for number in range(CLIENTS)]
            fill(clients[0], options.partners)
            rate = options.rate
            if rate is None:
                probe = Load(clients, None)
                probe.over.wait(min(20, seconds / 4))
                rate = probe.number / probe.end() / 2
                assert probe.wrong is None, probe.wrong
            looks, names = [], [name for name, *_ in MEASURES]
            print(f"{rate:.1f} requests a second", file=sys.stderr)
            print("minutes cores " + " ".join(f"{name:>9}" for name in names), file=sys.stderr)
            load = Load(clients, rate)
            every = min(options.look_every, seconds / 12)
            before = (0, server.look()["cores"])
            while (at := time.monotonic() - load.begun) < seconds and not load.over.wait(min(every, seconds - at)):
                look = server.look()
                look["at"], look["revision"], look["changes"] = time.monotonic() - load.begun, shared.revision, shared.changes
                cores = (look["cores"] - before[1]) / (look["at"] - before[0])
                before = (look["at"], look["cores"])
                looks.append(look)
                print(f"{look['at'] / 60:7.1f} {cores:5.2f} " + " ".join(
                    f"{look[name] / unit:9.1f}" for name, unit, *_ in MEASURES), file=sys.stderr, flush=True)
            load.end()
            code = server.stop()
        finally:
            server.process.kill()
        flat = bool(looks) and report(looks, load, rate, options.minutes, min(1200, seconds / 3), options.partners)
        wrong = load.wrong or (f"the server ended with {code}" if code != 0 else None)
        if wrong:
            print("\nwrong: " + wrong)
        print("\nflat" if flat and not wrong else "\nnot flat")
        return 0 if flat and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
