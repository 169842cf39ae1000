#!/usr/bin/env python3
"""How soon a killed server is ready again: python3 bench/ready.py SERVER [PARTNERS] [KILLS] [ENGINE]

SERVER is the published program; 1,000,000 partners, 10 kills, and both engines unless said otherwise (sqlite or
postgres). While two clients write batches of 10,000 and two write single partners, the server is killed with -9 and
started again at once; on PostgreSQL the database server is killed too, every other time. Printed are the seconds from
the start until /health/ready answers 200, and until a read and a write are answered. The exit code is 1 where one of
them took more than 3 s.
"""
import glob
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BATCH = 10_000
PROMISE = 3.0  # seconds


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def call(port, key, method, path, body=None, timeout=120):
    """The status and the body of an answer; None where the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()


def is_running(process):
    try:
        return "State:\tZ" not in open(f"/proc/{process}/status").read()
    except OSError:
        return False


class Cluster:
    """A private PostgreSQL server, of the newest version that is installed, with its settings as they are."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda one: int(one.split("/")[4]))[-1]
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        self.run("initdb", "-D", f"{folder}/data", "-U", "roster", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()
        self.run("createdb", "-h", "127.0.0.1", "-p", f"{self.port}", "-U", "roster", "roster")
        self.address = f"postgresql://roster@127.0.0.1:{self.port}/roster"

    def run(self, program, *arguments):
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*user, f"{self.binaries}/{program}", *arguments], check=True, cwd=self.folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-w", "-t", "600", "start", "-o",
                 f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}")

    def kill(self):
        postmaster = int(open(f"{self.folder}/data/postmaster.pid").readline())
        os.kill(postmaster, signal.SIGSTOP)
        children = open(f"/proc/{postmaster}/task/{postmaster}/children").read().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGKILL)
        while any(map(is_running, processes)):
            time.sleep(0.001)
        # Where nobody reaps the dead, PostgreSQL takes them for a running server.
        for file in ("data/postmaster.pid", f".s.PGSQL.{self.port}.lock"):
            os.remove(f"{self.folder}/{file}")

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")


class Server:
    def __init__(self, program, database, folder):
        self.port, self.output = free_port(), os.path.join(folder, "output")
        self.began = time.monotonic()
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [program, "--database", database, "--urls", f"http://127.0.0.1:{self.port}", "--rows-per-minute", "0"],
                stdout=output, stderr=subprocess.STDOUT, cwd=folder)

    def until(self, key, method, path, body=None):
        """Seconds since the start until this call succeeds."""
        while call(self.port, key, method, path, body)[0] not in (200, 201):
            if self.process.poll() is not None:
                sys.exit(open(self.output).read())
            time.sleep(0.002)
        return time.monotonic() - self.began

    def kill(self):
        self.process.kill()
        self.process.wait()


def write(port, key, ids, size, seed, over):
    """Updates random partners until the server is gone or the time is over."""
    chosen = random.Random(seed)
    while not over.is_set():
        first = chosen.randrange(max(1, len(ids) - size))
        body = json.dumps([{"id": one, "phone": f"+44 {chosen.randrange(10**8)}"} for one in ids[first:first + size]])
        if call(port, key, "PUT", "/api/partners", body)[0] is None:
            return


def measure(program, engine, partners, kills, folder):
    cluster = Cluster(folder) if engine == "postgres" else None
    database = cluster.address if cluster else f"sqlite:{folder}/roster.db"
    server = Server(program, database, tempfile.mkdtemp(dir=os.path.dirname(folder)))
    seconds = []
    try:
        while not (key := re.search("roster_[0-9A-Za-z]{38}", open(server.output).read())):
            time.sleep(0.01)
        key = key.group()
        server.until(key, "GET", "/api/partners?take=1")
        ids = []
        while len(ids) < partners:
            body = json.dumps([{"name": f"Partner {i}", "email": f"partner{i}@example.com", "phone": f"+44 {i:08}"}
                               for i in range(len(ids), min(len(ids) + BATCH, partners))])
            status, answer = call(server.port, key, "PUT", "/api/partners", body)
            if status != 200:
                sys.exit(f"{status} {answer[:500]}")
            ids += [one["id"] for one in json.loads(answer)]
        for kill in range(kills):
            over = threading.Event()
            writers = [threading.Thread(target=write, args=(server.port, key, ids, size, (kill, i).__hash__(), over))
                       for i, size in enumerate((BATCH, BATCH, 1, 1))]
            for writer in writers:
                writer.start()
            time.sleep(2 + random.Random(kill).random() * 3)
            is_database = cluster is not None and kill % 2 == 1
            server.kill()
            if is_database:
                cluster.kill()
            over.set()
            for writer in writers:
                writer.join()
            began = time.monotonic()
            if is_database:
                cluster.start()
            recovered = time.monotonic() - began
            server = Server(program, database, os.path.dirname(server.output))
            ready = server.until("", "GET", "/health/ready")
            read = server.until(key, "GET", "/api/partners?take=1")
            written = server.until(key, "PUT", "/api/partners", json.dumps([{"id": ids[kill % len(ids)], "phone": f"{kill}"}]))
            seconds.append(max(ready, read, written))
            print(f"{engine}, kill {kill + 1}: ready {ready:.3f} s, read {read:.3f} s, written {written:.3f} s"
                  + (f" (after PostgreSQL, which was killed too, had started in {recovered:.3f} s)" if is_database else ""), flush=True)
    finally:
        server.kill()
        if cluster:
            cluster.stop()
    print(f"{engine}, {partners} partners, {kills} kills: median {statistics.median(seconds):.3f} s, most {max(seconds):.3f} s", flush=True)
    return max(seconds) <= PROMISE


def main(program, partners="1000000", kills="10", *engines):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        kept = []
        for engine in engines or ("sqlite", "postgres"):
            own = os.path.join(folder, engine)
            os.mkdir(own)
            kept.append(measure(os.path.abspath(program), engine, int(partners.replace(",", "")), int(kills), own))
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
