"""Stops, freezes and crashes the nodes of a Citus cluster, and moves shards, while two Roster servers write to it. See README.md."""

import argparse
import collections
import dataclasses
import itertools
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

FAILOVER = Path(__file__).resolve().parents[1] / "failover"
sys.path.insert(0, str(FAILOVER))  # the writers, the comparison and the servers are the ones of that test

from cluster import Failure, wait_until
from compare import compare, read_partners
from failover import Server, run_to_end
from nodes import CitusCluster, Installation, Node, Run
from workload import UNKNOWN, Client, Workload, clock, code_of

WORKERS = 3
PROGRESS = 25  # acknowledged writes of each server in each workspace between two faults
ELSEWHERE = 10  # such writes in each workspace of the other workers while one is away
RECOVERY = 180  # seconds
MOVES = ("auto", "block_writes")  # "auto" goes on writing while it copies, by logical replication


@dataclasses.dataclass
class Workspace:
    name: str
    key: str
    workload: Workload
    worker: Node = None


@dataclasses.dataclass
class Struck:
    """What a fault did."""

    name: str
    node: str
    start: float
    touched: list  # the workspaces that it concerns
    others: list
    away: float = 0  # seconds until it was undone
    back: float = 0  # seconds until both servers acknowledged writes again in all workspaces
    gap: float = 0  # the longest time without an acknowledged write in a workspace that it concerns
    gap_elsewhere: float = 0  # the same in another one

    def measure(self, end):
        self.gap = max((one.workload.longest_gap(self.start, end) for one in self.touched), default=0)
        self.gap_elsewhere = max((one.workload.longest_gap(self.start, end) for one in self.others), default=0)


class Test:
    def __init__(self, options):
        self._options = options
        self._random = random.Random(options.seed)
        self._started = time.monotonic()
        self.struck = []
        self.problems = []
        self._findings = []
        self._servers = []
        self._workspaces = []

    def say(self, text):
        print(f"{time.monotonic() - self._started:7.1f} s  {text}", flush=True)

    def run(self, run, program):
        self._run = run
        self._program = program
        self._cluster = CitusCluster(run, self._options.installation)
        self.say(f"starting a coordinator and {WORKERS} workers, logs in {run.folder}")
        self._cluster.start(WORKERS)
        self._command("distribute")
        for number in (1, 2):
            self._servers.append(Server(run, number, program, self._cluster.database_address))
            self._servers[-1].wait_ready()
        self._create_workspaces()
        for workspace in self._workspaces:
            workspace.workload.start()
        self.say(f"in {len(self._workspaces)} workspaces, one on each worker, {self._options.writers} writers and 2 readers are at work, "
                 f"seed {self._options.seed}")
        try:
            self._strike_all()
        except Failure as failure:
            self.problems.append(str(failure))
            for node in self._cluster.nodes:
                node.mend()
        finally:
            end = time.monotonic()
            finished = [workspace.workload.stop() for workspace in self._workspaces]
            for each, after in itertools.zip_longest(self.struck, self.struck[1:]):
                each.measure(after.start if after else end)
            self._save(run.folder)
        if not all(finished):
            self.problems.append("a request has had no answer for two minutes")
        self._compare()

    def _command(self, *words):
        """A command of the server, on the cluster's database."""
        dotnet = [shutil.which("dotnet") or "dotnet"] if self._program.endswith(".dll") else []
        done = subprocess.run([*dotnet, self._program, *words, "--database", self._cluster.database_address],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self._run.environment, cwd="/")
        if done.returncode != 0:
            raise Failure(f"{' '.join(words)} ended with status {done.returncode}: {(done.stdout + done.stderr).strip()}")
        return done.stdout.strip()

    def _create_workspaces(self):
        """So many that every worker has one; those that a worker has besides stay empty."""
        ports = [server.port for server in self._servers]
        taken = set()
        for number in itertools.count(1):
            if len(taken) == WORKERS:
                return
            name = f"workspace {number}"
            self._command("workspaces", "create", name)
            worker = self._cluster.worker_of(name)
            if worker.name in taken:
                continue
            taken.add(worker.name)
            key = self._command("keys", "create", "--workspace", name, "--name", "test", "--scopes", "all")
            workload = Workload(ports, key, self._options.writers, f"{self._options.seed} {name}")
            self._workspaces.append(Workspace(name, key, workload, worker))

    def _strike_all(self):
        stop = [lambda: self._take_away("stop a worker", self._some_worker(), Node.stop, Node.start)]
        freeze = [lambda: self._take_away("freeze a worker", self._some_worker(), Node.freeze, Node.thaw, 20)]
        crash = [lambda: self._take_away("crash a worker", self._some_worker(), Node.kill, Node.start),
                 lambda: self._kill_session(self._some_worker())]
        coordinator = [lambda: self._take_away("kill the coordinator", self._cluster.coordinator, Node.kill, Node.start, 4),
                       lambda: self._kill_session(self._cluster.coordinator)]
        faults = [kind[index % len(kind)] for kind, times in (
            (stop, self._options.stops), (freeze, self._options.freezes), (crash, self._options.crashes),
            (coordinator, self._options.coordinator_kills), ([self._move], self._options.moves)) for index in range(times)]
        self._random.shuffle(faults)
        for number, fault in enumerate(faults, 1):
            self._wait_ready()
            print(f"{time.monotonic() - self._started:7.1f} s  {number}/{len(faults)} ", end="", flush=True)
            fault()
            self._check_keys()
        self._wait_ready()

    def _wait_ready(self):
        self._cluster.wait_healthy()
        self._wait_writing(self._workspaces, time.monotonic(), PROGRESS)
        time.sleep(self._random.uniform(0, 2))

    def _some_worker(self):
        """One that has something to lose."""
        return self._random.choice(sorted({one.worker.name: one.worker for one in self._workspaces}.items()))[1]

    def _begin(self, name, node, touched):
        print(f"{name}: {node}", flush=True)
        others = [one for one in self._workspaces if one not in touched]
        self.struck.append(Struck(name, node, time.monotonic(), touched, others))
        return self.struck[-1]

    def _end(self, struck):
        """Waits until writes of all workspaces are acknowledged that began after the fault was undone."""
        undone = time.monotonic()
        struck.away = undone - struck.start
        self._wait_writing(self._workspaces, undone, 1)
        struck.back = time.monotonic() - struck.start
        self.say(f"    undone after {struck.away:.1f} s, both servers write everywhere after {struck.back:.1f} s")

    def _take_away(self, name, node, harm, mend, longest=8):
        concerned = [one for one in self._workspaces if one.worker is node or node is self._cluster.coordinator]
        struck = self._begin(name, node.name, concerned)
        harm(node)
        # What is on other workers goes on meanwhile, however long that takes to show.
        self._wait_writing(struck.others, time.monotonic(), ELSEWHERE)
        for workspace in struck.others:
            self._plan_import(workspace)
        time.sleep(self._random.uniform(0, longest))
        mend(node)
        self._end(struck)

    def _kill_session(self, node):
        concerned = [one for one in self._workspaces if one.worker is node or node is self._cluster.coordinator]
        struck = self._begin("kill a session", node.name, concerned)
        node.kill_session()
        wait_until(node.answers, 60, f"that {node.name} recovers")
        self._end(struck)

    def _move(self):
        """The first one goes to a node that is new, the last one of several spreads all workspaces over all nodes."""
        moves = sum(1 for each in self.struck if each.name.startswith("move"))
        if 1 < moves + 1 == self._options.moves:
            struck = self._begin("move: rebalance", "all", self._workspaces)
            self._cluster.rebalance()
        else:
            workspace = self._random.choice(self._workspaces)
            mode = MOVES[moves % len(MOVES)]
            struck = self._begin(f"move: {mode}", f"of {workspace.worker.name}", [workspace])
            target = self._cluster.add_worker() if moves == 0 else self._random.choice(
                [worker for worker in self._cluster.workers if worker is not workspace.worker])
            self._cluster.move(workspace.name, target, mode)
        for workspace in self._workspaces:
            workspace.worker = self._cluster.worker_of(workspace.name)
        self._end(struck)

    def _wait_writing(self, workspaces, since, times):
        def counts():
            return {one.name: one.workload.acknowledged_since(since) for one in workspaces}

        def writing():
            for server in self._servers:
                server.check_alive()
            return all(min(each) >= times for each in counts().values())

        try:
            wait_until(writing, RECOVERY, "acknowledged writes of both servers")
        except Failure as failure:
            raise Failure(f"{failure} (servers 1 and 2: {counts()})") from None

    def _check_keys(self):
        """A key that one server makes opens the other one, and no longer when it is revoked: on every node."""
        for workspace in self._workspaces:
            first, second = (Client(server.port, workspace.key) for server in self._servers)
            made = self._until_answered(first, "POST", "/api/keys", {"name": "for a moment", "scopes": ["partnersRead"]}, 201)
            guest = Client(self._servers[1].port, made["key"])
            self._until_answered(guest, "GET", "/api/partners?take=1", None, 200)
            self._until_answered(second, "DELETE", f"/api/keys/{made['id']}", None, 204)
            self._until_answered(Client(self._servers[0].port, made["key"]), "GET", "/api/partners?take=1", None, 401)

    def _plan_import(self, workspace):
        """An import is looked for in all workspaces, so one that cannot be read must not keep it from its turn."""
        client = Client(self._servers[0].port, workspace.key)
        sent = self._until_answered(client, "POST", "/api/imports?filename=people.json", [{"name": "Ada"}, {"name": "Grace"}], 201)
        path = f"/api/imports/{sent['id']}"
        self._until_answered(client, "POST", f"{path}/plan", {}, 202)
        wait_until(lambda: self._until_answered(client, "GET", path, None, 200)["state"] == "planned", RECOVERY,
                   f"the plan of an import in {workspace.name}")
        self._until_answered(client, "DELETE", path, None, 204)

    def _until_answered(self, client, method, path, body, expected):
        def answer():
            status, _, content = client.send(method, path, body)
            if status not in (expected, 503):
                raise Failure(f"{method} {path} was answered with {status} {code_of(content)} instead of {expected}")
            return (json.loads(content) if content else True) if status == expected else None

        return wait_until(answer, RECOVERY, f"the answer {expected} to {method} {path}")

    def _save(self, folder):
        with open(folder / "writes.ndjson", "w", encoding="utf-8") as file:
            for workspace in self._workspaces:
                for write in workspace.workload.writes():
                    times = {"sent": clock(write.sent), "answered": clock(write.answered), "ids": write.ids[:1]}
                    file.write(json.dumps({"workspace": workspace.name} | dataclasses.asdict(write) | times) + "\n")

    def _compare(self):
        self._cluster.wait_healthy()
        self._cluster.settle()
        for workspace in self._workspaces:
            self._compare_workspace(workspace)
        self.problems += [f"not every node has the same rows of {table}" for table in self._cluster.differing_tables()]
        self._check()

    def _compare_workspace(self, workspace):
        clients = [Client(server.port, workspace.key) for server in self._servers]
        listed = [read_partners(client) for client in clients]
        if listed[0] != listed[1]:
            self.problems.append(f"{workspace.name}: the two servers list different partners")
        status, headers, body = clients[0].send("PUT", "/api/partners", [{"name": "the last write"}])
        if status != 200:
            raise Failure(f"the last write was answered with {status} {code_of(body)}")
        workload = workspace.workload
        findings = compare(workload.writers, workload.writes(), listed[0], int(headers["Roster-Revision"]))
        self._findings.append(findings)
        self.problems += [f"{workspace.name}: {problem}" for problem in findings.problems + workload.problems]
        # A search waits until the index shows all that was written before it, which check compares too.
        found = self._until_answered(clients[1], "GET", "/api/partners?q=the%20last%20write", None, 200)
        if [partner["name"] for partner in found] != ["the last write"]:
            self.problems.append(f"{workspace.name}: the search does not find the last write")
        self.say(f"compared {len(listed[0])} partners of {workspace.name} with {len(workload.writes())} writes")

    def _check(self):
        try:
            lines = self._command("check").splitlines()
            self.say(f"check finds nothing damaged in {len({line.split(chr(9))[1] for line in lines} - {'-'})} workspaces")
        except Failure as failure:
            self.problems.append(str(failure))

    def stop_servers(self):
        for server in self._servers:
            server.stop()

    def report(self):
        if not self._workspaces:
            return
        titles = [f"{title:>12}" for title in ("undone", "both write", "gap", "elsewhere")]
        print(f"\n{'fault':<20} {'node':<11}", *titles)
        for each in self.struck:
            times = [f"{seconds:>10.1f} s" for seconds in (each.away, each.back, each.gap)]
            elsewhere = f"{each.gap_elsewhere:>10.1f} s" if each.others else f"{'-':>12}"
            print(f"{each.name:<20} {each.node:<11}", *times, elsewhere)
        writes = [write for workspace in self._workspaces for write in workspace.workload.writes()]
        print("\nwrites:")
        for (outcome, code), count in collections.Counter((write.outcome, write.code) for write in writes).most_common():
            print(f"{count:>8} {outcome}{' ' + code if code else ''}")
        unknown = collections.Counter(write.kind for write in writes if write.outcome == UNKNOWN)
        there = collections.Counter()
        for findings in self._findings:
            there.update(findings.unknown_there)
        print(f"of unknown outcome: {unknown['update']} updates, {there['update']} of them there; "
              f"{unknown['create']} creates, {there['create']} of them there")
        print(f"the slowest answer took {max((write.answered - write.sent for write in writes), default=0):.1f} s")
        reads = sum((reader.answers for workspace in self._workspaces for reader in workspace.workload.readers), collections.Counter())
        print("reads:", ", ".join(f"{count} {what}" for what, count in reads.most_common()))

    def last_line(self):
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            return f"citus: FAILED: {self.problems[0]}{more}"
        gap = max((each.gap_elsewhere for each in self.struck), default=0)
        options = self._options
        return (f"citus: {options.stops} stops, {options.freezes} freezes, {options.crashes} crashes, "
                f"{options.coordinator_kills} coordinator kills, {options.moves} moves: nothing lost, nothing twice, "
                f"gap elsewhere {gap:.1f} s")


def read_options():
    parser = argparse.ArgumentParser(
        prog="run.sh", description="Tests that no acknowledged write is lost when nodes of Citus fail and shards move.")
    for name, default, what in (
            ("stops", 3, "a worker is stopped"), ("freezes", 3, "a worker hangs"), ("crashes", 4, "a worker crashes"),
            ("coordinator-kills", 2, "the coordinator is killed"), ("moves", 3, "shards are moved, the first time to a new node")):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"how often {what} ({default})")
    parser.add_argument("--writers", type=int, default=2, metavar="N", help="how many write at the same time in each workspace (2)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="for the order and the moments of faults and writes (1)")
    parser.add_argument("--citus", default="/usr/lib/postgresql/15", metavar="FOLDER",
                        help="the PostgreSQL that has Citus: the folder with its bin and lib (/usr/lib/postgresql/15)")
    parser.add_argument("--server", metavar="PATH", help="Roster.Server, or Roster.Server.dll, instead of building it")
    parser.add_argument("--keep", action="store_true", help="keep the logs also after success")
    options = parser.parse_args()
    if options.writers < 2 or min(options.stops, options.freezes, options.crashes, options.coordinator_kills, options.moves) < 0:
        parser.error("at least 2 writers, and no negative numbers")
    try:
        options.installation = Installation(options.citus)
    except Failure as failure:
        parser.exit(2, f"citus: {failure}\n")
    return options


if __name__ == "__main__":
    sys.exit(run_to_end(read_options(), "citus", Run, Test))
