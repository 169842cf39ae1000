#!/usr/bin/env python3
"""What good clients see while others flood the server: python3 bench/flood.py

Starts the published server on an SQLite database of its own. Four good clients write one partner, read one, and read a
page, in turn: first alone, then beside each flood, and alone again. Floods come from a process of their own:

- slow: connections that announce a large body and send a byte five times a second,
- deaf: connections that ask for 10,000 partners and never read the answer,
- idle: connections that send nothing,
- batches: batches of 10,000 partners at the same time, again and again.

A connection that the server cuts off comes again. Prints what the good clients waited, the memory at most (VmHWM) and
which statuses there were. Ends with 1 if a good client got anything but 200, 429 and 503, or a batch did, if the server
took more than 512 MiB, or if the good clients' p99 was more than 3 times what it was alone. Each end needs as many open
files as there are connections: see ulimit -n.
"""
import argparse
import collections
import http.client
import json
import multiprocessing
import resource
import select
import socket
import sys
import tempfile
import threading
import time

from published import PROGRAM, Server, percentile

PARTNERS = 10_000
GOOD_CLIENTS, PAUSE = 4, 0.01
GOOD = {200, 429, 503}
MAX_MEMORY, MAX_RATIO = 512, 3
MEBIBYTE = 1 << 20


def batch():
    return json.dumps([{"name": f"Name {number}", "email": f"p{number}@example.com", "phone": f"+44 {number}"}
                       for number in range(PARTNERS)]).encode()


class GoodClients:
    """Clients that behave, in this process."""

    def __init__(self, server, one):
        self.server, self.one = server, one
        self.times, self.statuses = {"write": [], "read": [], "page": []}, collections.Counter()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(GOOD_CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = None
        while not self.over.is_set():
            for kind, method, path, body in (
                    ("write", "PUT", "/api/partners", '[{"name":"good"}]'), ("read", "GET", "/api/partners/" + self.one, None),
                    ("page", "GET", "/api/partners?take=50", None)):
                begun = time.monotonic()
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
                    connection.request(method, path, body, {
                        "Authorization": "Bearer " + self.server.key, "Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    status = answer.status
                except OSError as failure:
                    status, connection = type(failure).__name__, None
                except http.client.HTTPException as failure:
                    status, connection = type(failure).__name__, None
                self.times[kind].append(time.monotonic() - begun)
                self.statuses[status] += 1
                self.over.wait(PAUSE)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Connections:
    """Connections that misbehave, on one thread. One that is cut off comes again."""

    def __init__(self, port, count, first, again, every, reads):
        self.address, self.first, self.again, self.every, self.reads = ("127.0.0.1", port), first, again, every, reads
        self.poll, self.open, self.wanted = select.epoll(), {}, count
        self.seen = collections.Counter()

    def run(self, over):
        while not over.is_set():
            while len(self.open) < self.wanted and not over.is_set():
                if not self.connect():
                    break
            for file, _ in self.poll.poll(self.every):
                self.hear(self.open[file])
            for one in list(self.open.values()) if self.again else ():
                try:
                    one.send(self.again)
                except BlockingIOError:
                    pass
                except OSError:
                    self.drop(one, "cut off")
        for one in self.open.values():
            one.close()
        return self.seen

    def connect(self):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            one.connect(self.address)
            one.sendall(self.first)
        except OSError as failure:
            self.seen[type(failure).__name__] += 1
            one.close()
            return False
        one.setblocking(False)
        self.open[one.fileno()] = one
        self.seen["connected"] += 1
        # Whoever does not read hears only of the end.
        self.poll.register(one, select.EPOLLIN if self.reads else select.EPOLLRDHUP)
        return True

    def hear(self, one):
        if not self.reads:
            self.drop(one, "cut off")
            return
        try:
            said = one.recv(4096)
        except OSError:
            said = b""
        self.drop(one, "status " + said.split()[1].decode() if said.startswith(b"HTTP/1.1 ") else "cut off")

    def drop(self, one, why):
        self.seen[why] += 1
        self.poll.unregister(one)
        del self.open[one.fileno()]
        one.close()


def send_batches(port, key, count, over):
    seen, body = collections.Counter(), batch()

    def run():
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
            try:
                connection.request("PUT", "/api/partners", body, {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                seen[f"status {answer.status}"] += 1
                if answer.status != 200:
                    over.wait(float(answer.headers.get("Retry-After", 1)))
            except OSError:
                # The server answers and closes while the rest of the body is on its way.
                seen["cut off"] += 1
                over.wait(1)
            finally:
                connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def flood(kind, count, port, key, over, result):
    """Runs in a process of its own."""
    head = f"HTTP/1.1\r\nHost: flood\r\nAuthorization: Bearer {key}\r\n"
    slow = f"PUT /api/partners {head}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n[".encode()
    deaf = f"GET /api/partners?take=10000 {head}\r\n".encode()
    if kind == "batches":
        seen = send_batches(port, key, count, over)
    else:
        seen = Connections(port, count, *{
            "slow": (slow, b" ", 0.2, True), "deaf": (deaf, None, 0.5, False), "idle": (b"", None, 1, True)}[kind]).run(over)
    result.put(dict(seen))


def measure(server, one, seconds, floods):
    """Returns the good clients' times and statuses, the memory at most, and what the floods saw."""
    over, result = multiprocessing.Event(), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=flood, args=(kind, count, server.port, server.key, over, result))
                 for kind, count in floods]
    open(f"/proc/{server.process.pid}/clear_refs", "w").write("5")
    for process in processes:
        process.start()
    # Until the flood is there.
    time.sleep(2 if floods else 0)
    good = GoodClients(server, one)
    time.sleep(seconds)
    good.end()
    over.set()
    seen = [result.get() for _ in processes]
    for process in processes:
        process.join()
    return good, server.status("VmHWM") / MEBIBYTE, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", nargs="+", default=[PROGRAM], help="the command that starts the server")
    for kind, count in (("slow", 500), ("deaf", 200), ("idle", 5000), ("batches", 64)):
        parser.add_argument(f"--{kind}", type=int, default=count)
    parser.add_argument("--seconds", type=float, default=20, help="of each flood")
    options = parser.parse_args()
    kinds = [(kind, getattr(options, kind)) for kind in ("slow", "deaf", "idle", "batches") if getattr(options, kind)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    broken = []
    with tempfile.TemporaryDirectory(prefix="roster-flood-") as folder:
        server = Server(options.server, folder)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("PUT", "/api/partners", batch(), {
                "Authorization": "Bearer " + server.key, "Content-Type": "application/json"})
            one = json.loads(connection.getresponse().read())[0]["id"]
            # The first requests of a process are not measured.
            measure(server, one, min(2, options.seconds), [])
            runs = [("alone", [])] + [(f"{count} {kind}", [(kind, count)]) for kind, count in kinds] + [
                ("alone again", []), ("slow, deaf and idle", [one for one in kinds if one[0] != "batches"])]
            print("| | requests | write p50, p99 | read p50, p99 | page p50, p99 | p99 / alone | memory at most, MiB "
                  "| good clients | the others |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
            alone = None
            for name, floods in runs:
                good, memory, seen = measure(server, one, options.seconds, floods)
                alone = alone or good.times
                ratios = {kind: percentile(times, 0.99) / percentile(alone[kind], 0.99) for kind, times in good.times.items()}
                shown = [f"{percentile(times, 0.5):.1f}, {percentile(times, 0.99):.1f} ms" for times in good.times.values()]
                print(f"| {name} | {sum(good.statuses.values()):,} | {' | '.join(shown)} "
                      f"| {', '.join(f'{ratio:.1f}' for ratio in ratios.values())} | {memory:.0f} | {counts(good.statuses)} "
                      f"| {'; '.join(counts(part) for part in seen)} |", flush=True)
                wrong = [status for status in good.statuses if status not in GOOD]
                wrong += [status for part in seen for status in part if status.startswith("status ")
                          and int(status.split()[1]) not in GOOD | {408}]
                if wrong:
                    broken.append(f"{name}: statuses {wrong}")
                if memory > MAX_MEMORY:
                    broken.append(f"{name}: {memory:.0f} MiB")
                if max(ratios.values()) > MAX_RATIO:
                    broken.append(f"{name}: p99 is {max(ratios.values()):.1f} times that alone")
            code = server.stop()
            if code != 0:
                broken.append(f"the server ended with {code}")
        finally:
            server.process.kill()
    print("\n" + ("\n".join("broken: " + one for one in broken) or "all within bounds"))
    return 1 if broken else 0


def counts(seen):
    return ", ".join(f"{what}: {number:,}" for what, number in sorted(seen.items(), key=str)) or "none"


if __name__ == "__main__":
    sys.exit(main())
