#!/usr/bin/env python3
"""Databases as servers of the past wrote them: python3 tests/data/schemas/make.py [NAME]...

For each schema, the last server that had it is built from the repository's history, in a folder of its own, and fills a
directory by its API, in every way that it knows. Of these schemas only sqlite-0013 and postgres-0012 were released, in
0.2.0. The archive NAME.tar.gz has the database (roster.db and roster.db.imports, or dump.sql) and
answers.json: the key, what the server answered to reads, and requests that it will answer again under their
idempotency keys. Once made, an archive stays as it is. A new migration gets a new line in SERVERS: the commit before it.
"""
import contextlib
import csv
import glob
import gzip
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))

# The last commit that had the schema. No server stopped at 0004 or 0007 of SQLite, which came with the next one. The server of
# 0006 of PostgreSQL, which nobody had, wrote rows of its search index in another form: check finds them, and reindex cures it.
SERVERS = {
    "sqlite-0001": "e7dcd4c^", "sqlite-0002": "dc2fff5^", "sqlite-0003": "e2be6d6^", "sqlite-0005": "ce68234^",
    "sqlite-0006": "86ea3cf^", "sqlite-0008": "4219580^", "sqlite-0009": "5e32357^", "sqlite-0010": "b16a4a5^",
    "sqlite-0011": "f561b71^", "sqlite-0012": "a001389^", "sqlite-0013": "dccc2e4",
    "postgres-0001": "37c1473^", "postgres-0002": "e7b5c4d^", "postgres-0003": "564fc73^", "postgres-0004": "86ea3cf^",
    "postgres-0005": "d53c26d^", "postgres-0007": "5e32357^", "postgres-0008": "b16a4a5^",
    "postgres-0009": "65aefa3^", "postgres-0010": "f561b71^", "postgres-0011": "a001389^", "postgres-0012": "dccc2e4",
}

PARTNERS = "/api/partners"
KEY = re.compile("roster_[0-9A-Za-z]{38}")
NAMES = [
    "Ada Lovelace", "Åsa Ødegård", "محمد بن موسى الخوارزمي", "王小明", "Müller & Söhne GmbH", "Łukasz Żak", "O'Brien \"Bob\", Ltd.",
    "Zoë 🚀 Rocket", "  Spaces  ", "Ё Ж",
]


def text_of(body):
    return body if body is None or isinstance(body, str) else json.dumps(body, ensure_ascii=False)


class Api:
    """Calls of a server; what it refuses is told by the status."""

    def __init__(self, port, key):
        self.address, self.key = f"http://127.0.0.1:{port}", key

    def call(self, method, path, body=None, type="application/json", headers=()):
        data = None if body is None else text_of(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method, headers=dict(headers))
        request.add_header("Authorization", f"Bearer {self.key}")
        if data is not None:
            request.add_header("Content-Type", type)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def done(self, *arguments, **named):
        """The answer of a call that must succeed."""
        status, headers, text = self.call(*arguments, **named)
        if status not in (200, 201, 202):
            raise SystemExit(f"{arguments[:2]}: {status} {text}")
        return headers, json.loads(text)


def ids_of(partners):
    return [partner["id"] for partner in partners]


def fill(api):
    """Writes of every kind that this server knows; others it refuses. Returns ids, and the requests with a key."""
    kept = []

    def with_key(key, method, path, body=None):
        status, headers, text = api.call(method, path, body, headers={"Idempotency-Key": key})
        known, _, _ = api.call("GET", f"/api/changesets/by-key/{key}")
        if status in (200, 201) and known == 200:
            kept.append({"method": method, "path": path, "key": key, "body": text_of(body), "answer": json.loads(text)})
        return status, headers, text

    ids = ids_of(api.done("PUT", PARTNERS, [
        {"name": f"{NAMES[i % len(NAMES)]} {i}", "email": f"person{i % 25}@example.com" if i % 4 else None,
         "phone": f"+44 20 7946 {i:04}" if i % 3 else None} for i in range(40)])[1])
    api.done("PUT", PARTNERS, [{"id": one, "phone": None, "email": f"new.{one[-4:]}@example.org"} for one in ids[:10]])
    with_key("kept-1", "PUT", PARTNERS, [{"id": ids[0], "name": "Ada King"}, {"name": "Charles Babbage"}])
    status, _, text = api.call("PUT", PARTNERS, [
        {"name": f"External {i}", "externalId": f"x{i}", "email": f"external{i}@example.net"} for i in range(8)])
    if status == 200:
        ids += ids_of(json.loads(text))
    with_key("kept-2", "PUT", PARTNERS + "?matchOn=externalId", [
        {"externalId": "x1", "name": "External one", "phone": "1"}, {"externalId": "x100", "name": "External hundred"}])
    api.call("PUT", PARTNERS + "?matchOn=email", [{"email": "EXTERNAL2@example.net", "name": "External two"}])
    with_key("kept-3", "POST", PARTNERS, [{"name": "Posted", "phone": "٠١٢"}, {"name": "Posted too"}])
    with_key("kept-4", "DELETE", PARTNERS, ids[10:14])
    with_key("kept-5", "POST", PARTNERS + "/restore", ids[10:12])
    api.call("PUT", PARTNERS, [
        {"id": one, "tags": ["vip", f"Größe {i}"], "metadata": {"region": "EU", "n": str(i)}} for i, one in enumerate(ids[:6])])
    api.call("PUT", PARTNERS, [{"id": ids[1], "addTags": ["late"], "removeTags": ["VIP"], "metadata": {"region": None}}])
    _, headers, _ = api.call("PUT", PARTNERS + "?mode=mirror&matchOn=externalId&maxDeletes=1000", [
        {"externalId": "x1", "name": "Mirrored one"}, {"externalId": "m1", "name": "Mirrored new"}])
    if "Roster-Deleted" in headers:
        with_key("kept-6", "POST", f"/api/changesets/{headers['Roster-Revision']}/undo")
    api.call("DELETE", PARTNERS, ids[14:16])
    api.call("POST", PARTNERS + "/erase", ids[14:16])
    status, _, text = api.call("POST", "/api/keys", {"name": "reader", "scopes": ["partnersRead"]})
    if status == 201:
        api.call("POST", f"/api/keys/{json.loads(text)['id']}/rotate")
    api.call("POST", "/api/keys", {"name": "page", "scopes": ["partnersRead"], "allowedHostnames": ["www.example.com"]})
    status, _, text = api.call("POST", "/api/keys", {"name": "revoked", "scopes": ["partnersRead", "keysRead"]})
    if status == 201:
        api.call("DELETE", f"/api/keys/{json.loads(text)['id']}")
    api.call("POST", "/api/links", {"name": "Grace", "scopes": ["partnersRead"]})
    imported(api)
    # What the newest server will undo.
    api.done("PUT", PARTNERS, [{"id": one, "phone": "9", "name": f"Last {i}"} for i, one in enumerate(ids[:5])] + [{"name": "Last"}])
    return ids, kept


def imported(api):
    """An import that is applied, and one that is only planned."""
    for file, is_applied in (("people", True), ("more", False)):
        text = io.StringIO()
        csv.writer(text).writerows([["externalId", "name", "phone"]] + [[f"{file}{i}", f"Imported {i} é", f"{i}"] for i in range(12)])
        status, _, answer = api.call("POST", f"/api/imports?filename={file}.csv", text.getvalue(), "text/csv")
        if status != 201:
            return
        path = f"/api/imports/{json.loads(answer)['id']}"
        api.done("PATCH", path, {"matchOn": "externalId"})
        api.done("POST", path + "/plan")
        counts = settled(api, path)["counts"]
        if is_applied:
            api.done("POST", path + "/apply", {name: counts[name] for name in ("created", "updated", "deleted")})
            settled(api, path)


def settled(api, path):
    while (found := api.done("GET", path)[1])["work"] is not None:
        time.sleep(0.05)
    return found


def read(api, ids):
    """What the server answers to every read that it knows."""
    asked = []

    def ask(path):
        status, headers, text = api.call("GET", path)
        if status == 200 and headers.get("Content-Type", "").startswith(("application/json", "application/vnd.roster")):
            asked.append({"method": "GET", "path": path, "body": None, "answer": json.loads(text)})
            return asked[-1]["answer"]
        return None

    if ask(PARTNERS + "?take=1000&sort=asc") is None:
        # The first servers had only PUT. Items that change nothing are answered with the partners as they are.
        body = [{"id": one} for one in ids]
        asked.append({"method": "PUT", "path": PARTNERS, "body": text_of(body), "answer": api.done("PUT", PARTNERS, body)[1]})
    ask(PARTNERS + "?take=1000&sort=asc&deleted=true&include=deletedAt")
    for query in ("q=external", "q=ada", "email=external2@example.net", "externalId=x1", "tag=vip", "metadata.region=EU"):
        ask(f"{PARTNERS}?take=1000&sort=asc&{query}")
    ask(f"{PARTNERS}/{ids[0]}?include=revision")
    for one in ids[:3] + ids[10:14] + ids[-3:]:
        ask(f"{PARTNERS}/{one}/history")
    ask(PARTNERS + "/changes?after=0&take=1000")
    ask(PARTNERS + "/changes?full=true&take=1000")
    for change_set in ask("/api/changesets?take=1000") or []:
        revision = change_set["revision"]
        ask(f"/api/changesets/{revision}")
        ask(f"/api/changesets/{revision}/changes")
        ask(f"{PARTNERS}?asOf={revision}&take=1000&sort=asc&deleted=true")
    for key in range(1, 7):
        ask(f"/api/changesets/by-key/kept-{key}")
    for path in ("/api/tags", "/api/metadata-keys", "/api/keys", "/api/audit"):
        ask(path)
    for one in ask("/api/imports") or []:
        ask(f"/api/imports/{one['id']}")
        ask(f"/api/imports/{one['id']}/rows")
    return asked


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def serving(server, database, folder):
    port = free_port()
    with open(os.path.join(folder, "output"), "w+b") as output:
        process = subprocess.Popen(
            ["dotnet", server, "--database", database, "--urls", f"http://127.0.0.1:{port}"],
            stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            while True:
                key = KEY.search(open(output.name).read())
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    if key:
                        break
                if process.poll() is not None:
                    raise SystemExit(open(output.name).read())
                time.sleep(0.05)
            yield Api(port, key.group())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


class Cluster:
    """A private PostgreSQL server, of the newest version that is installed."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda one: int(one.split("/")[4]))[-1]
        shutil.chown(folder, "postgres", "postgres")
        self.run("initdb", "-D", f"{folder}/data", "-U", "roster", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.run("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "start", "-o",
                 f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}")

    def run(self, program, *arguments):
        return subprocess.run(
            ["runuser", "-u", "postgres", "--", f"{self.binaries}/{program}", *arguments], check=True, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if program == "pg_dump" else subprocess.DEVNULL).stdout

    def new(self, name):
        self.run("createdb", "-h", "127.0.0.1", "-p", f"{self.port}", "-U", "roster", name)
        return f"postgresql://roster@127.0.0.1:{self.port}/{name}"

    def dump(self, name):
        return self.run("pg_dump", "-h", "127.0.0.1", "-p", f"{self.port}", "-U", "roster", "--no-owner", "--no-privileges", name)

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")


def built(commit, folder):
    """The server of a commit."""
    tree, server = os.path.join(folder, "tree"), os.path.join(folder, "server")
    os.makedirs(tree)
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(tree, filter="data")
    # Nobody looks at the console.
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(tree, "src/Roster.Console/package.json"))
    subprocess.run(
        ["dotnet", "build", "src/Roster.Server", "-c", "Release", "-o", server, "-v", "q", "--nologo", "-p:RunAnalyzers=false",
         "-p:EnforceCodeStyleInBuild=false", "-p:NuGetAudit=false", "-p:TreatWarningsAsErrors=false"],
        check=True, cwd=tree, env=os.environ | {
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_CLI_USE_MSBUILD_SERVER": "0", "MSBUILDDISABLENODEREUSE": "1"})
    return os.path.join(server, "Roster.Server.dll")


def make(name, server, folder, cluster):
    engine = name.split("-")[0]
    database = f"sqlite:{folder}/roster.db" if engine == "sqlite" else cluster.new(name.replace("-", "_"))
    with serving(server, database, folder) as api:
        ids, kept = fill(api)
        answers = {"key": api.key, "asked": read(api, ids), "kept": kept}
    if engine == "sqlite":
        files = {}
        for file in ("roster.db", "roster.db.imports"):
            path = os.path.join(folder, file)
            if os.path.exists(path):
                with contextlib.closing(sqlite3.connect(path)) as connection:
                    connection.execute("vacuum")
                files[file] = open(path, "rb").read()
    else:
        # Only the newest psql knows \restrict.
        files = {"dump.sql": re.sub(rb"(?m)^\\(un)?restrict .*\n", b"", cluster.dump(name.replace("-", "_")))}
    files["answers.json"] = json.dumps(answers, ensure_ascii=False, indent=1).encode()
    with open(os.path.join(HERE, name + ".tar.gz"), "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as packed, \
            tarfile.open(fileobj=packed, mode="w") as archive:
        for file, content in files.items():
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    print(f"{name}: {len(answers['asked'])} answers, {len(kept)} with a key, "
          f"{os.path.getsize(os.path.join(HERE, name + '.tar.gz'))} bytes", flush=True)


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "postgres"))
        cluster = Cluster(os.path.join(folder, "postgres"))
        try:
            wanted = names or [name for name in SERVERS if not os.path.exists(os.path.join(HERE, name + ".tar.gz"))]
            for commit in dict.fromkeys(SERVERS[name] for name in wanted):
                own = os.path.join(folder, re.sub(r"\W", "_", commit))
                server = built(commit, own)
                for name in (name for name in wanted if SERVERS[name] == commit):
                    os.mkdir(os.path.join(own, name))
                    make(name, server, os.path.join(own, name), cluster)
                shutil.rmtree(own)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
