#!/usr/bin/env python3
"""What metrics and traces cost: python3 bench/telemetry.py PUBLISHED [PIECES]

PUBLISHED is the folder that dotnet publish src/Roster.Server made. Servers without telemetry (two of them, to see the
noise), with metrics, and with metrics and traces take turns in short pieces: what else the machine does falls on all of
them alike. A piece is 400 writes of one partner, 1,200 reads of one, or 4 batches that change 10,000 partners, on 4
connections. Each piece is compared with the one of the server without telemetry in the same turn; the medians are printed.
"""
import http.server
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

CONNECTIONS = 4
COUNTS = {"writes": 400, "reads": 1200, "batches": 4}
BATCH = 10_000
SCRAPE_EVERY = 10  # pieces; about as often as Prometheus does
SETTLE = 0.25  # seconds in which what was batched is sent


class Sink(http.server.BaseHTTPRequestHandler):
    """A collector that takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, name, program, folder, settings=()):
        self.name, self.pieces, self.results = name, 0, {kind: [] for kind in COUNTS}
        os.makedirs(folder)
        log = os.path.join(folder, "log")
        self.process = subprocess.Popen(
            [program, "--urls", "http://127.0.0.1:0", "--rows-per-minute", "0", *settings], cwd=folder,
            stdout=open(os.path.join(folder, "out"), "w"), stderr=open(log, "w"),
            env={**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "200"})
        while "Listening on" not in open(log).read():
            assert self.process.poll() is None, f"{name} did not start, see {log}"
            time.sleep(0.1)
        text = open(log).read()
        metrics = re.search(r'served at (http://[^\s"]+)', text)
        self.metrics = metrics and metrics.group(1)
        port = int(re.search(r"Listening on http://127\.0\.0\.1:(\d+)", text).group(1))
        self.key = re.search("roster_[0-9A-Za-z]{38}", open(os.path.join(folder, "out")).read()).group(0)
        self.sockets = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(CONNECTIONS)]
        for one in self.sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = self.call(self.sockets[0], "PUT /api/partners", '[{"name":"a"}]')
        self.id = re.search(rb'"id":"([^"]+)"', first).group(1).decode()
        batch = self.call(self.sockets[0], "PUT /api/partners", json.dumps([{"name": f"Partner {i}"} for i in range(BATCH)]))
        self.ids = [one["id"] for one in json.loads(batch)]

    def call(self, connection, head, body=""):
        connection.sendall(
            f"{head} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = bytearray()

        def read_more():
            part = connection.recv(1 << 20)
            assert part, "The server closed the connection."
            answer.extend(part)

        while (end := answer.find(b"\r\n\r\n")) < 0:
            read_more()
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        whole = end + 4 + int(re.search(rb"Content-Length: (\d+)", answer).group(1))
        while len(answer) < whole:
            read_more()
        return bytes(answer[end + 4:])

    def cpu(self):
        """Seconds of processor that the process has used."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                total += int(open(f"/proc/{self.process.pid}/task/{task}/schedstat").read().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def piece(self, kind, keeps=True):
        self.pieces += 1
        count = COUNTS[kind]

        def run(connection, number):
            for i in range(count // CONNECTIONS):
                if kind == "writes":
                    self.call(connection, "PUT /api/partners", f'[{{"name":"Person {i} of {number} in {self.pieces}"}}]')
                elif kind == "batches":
                    self.call(connection, "PUT /api/partners", batches[number])
                else:
                    self.call(connection, f"GET /api/partners/{self.id}")

        batches = [json.dumps([{"id": id, "phone": f"{self.pieces} {number} {i}"} for i, id in enumerate(self.ids)])
                   for number in range(CONNECTIONS)] if kind == "batches" else []
        cpu, begun = self.cpu(), time.time()
        threads = [threading.Thread(target=run, args=(one, number)) for number, one in enumerate(self.sockets)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lasted = time.time() - begun
        if self.metrics and self.pieces % SCRAPE_EVERY == 0:
            urllib.request.urlopen(self.metrics).read()
        time.sleep(SETTLE)
        if keeps:
            self.results[kind].append(((self.cpu() - cpu) / count * 1e6, count / lasted))


def main(published, pieces):
    program = os.path.abspath(os.path.join(published, "Roster.Server"))
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    metrics = ["--metrics-urls", "http://127.0.0.1:0"]
    traces = ["--otlp", f"http://127.0.0.1:{sink.server_port}"]
    kinds = [("off", []), ("off, again", []), ("metrics", metrics), ("metrics and traces", metrics + traces)]
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, settings in kinds:
                servers.append(Server(name, program, os.path.join(folder, str(len(servers))), settings))
            for turn in range(-3, pieces):
                for i in range(len(servers)):
                    for kind in COUNTS:
                        servers[(turn + i) % len(servers)].piece(kind, keeps=turn >= 0)
        finally:
            for server in servers:
                server.process.terminate()
                server.process.wait()
    print("| | processor time a request | beside off | requests a second | beside off |\n| --- | --- | --- | --- | --- |")
    for kind in COUNTS:
        for server in servers:
            ours, off = server.results[kind], servers[0].results[kind]
            columns = []
            for i, unit in enumerate((" us", "")):
                beside = statistics.median(one[i] / other[i] for one, other in zip(ours, off)) - 1
                columns += [f"{statistics.median(one[i] for one in ours):,.0f}{unit}", f"{beside:+.1%}"]
            print(f"| {kind}, {server.name} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40)
