"""Kills and cuts off nodes of a PostgreSQL cluster again and again while two Roster servers write to it. See README.md."""

import argparse
import collections
import dataclasses
import http.client
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from cluster import Cluster, Failure, Run, wait_until
from compare import compare, read_partners
from workload import UNKNOWN, Client, Workload, clock, code_of

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT_SERVER = REPOSITORY / "src/Roster.Server/bin/Release/net10.0/Roster.Server.dll"
KEY = re.compile(r"roster_[0-9A-Za-z]{38}")
PROGRESS = 25  # acknowledged writes of each server between two faults
RECOVERY = 180  # seconds


class Server:
    """A Roster server in the machine's own namespace."""

    def __init__(self, run, number, program, database):
        self.number = number
        self.port = free_port()
        self.log = run.folder / f"server{number}.log"
        self.output = run.folder / f"server{number}.out"
        words = [program, "--database", database, "--urls", f"http://127.0.0.1:{self.port}",
                 "--log-format", "json", "--rows-per-minute", "0"]
        dotnet = [shutil.which("dotnet") or "dotnet"] if program.endswith(".dll") else []
        self._process = run.start(dotnet + words, self.log, run.environment | {"TMPDIR": str(run.folder)}, self.output)

    def wait_ready(self):
        wait_until(lambda: self.check_alive() or "Listening on http" in self.log.read_text(), 90,
                   f"the start of server {self.number}")

    def check_alive(self):
        if self._process.poll() is not None:
            raise Failure(f"server {self.number} ended with status {self._process.returncode}, see {self.log}")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Fault:
    name: str
    harm: str  # the method of a node that does it
    needs_others: bool
    ends_processes: bool
    strikes_standby: bool = False  # the synchronous one; otherwise the leader
    heals_late: bool = False  # only after both servers have written without the node

    def strike(self, cluster, node):
        getattr(node, self.harm)(*([cluster.others(node)] if self.needs_others else []))


KILLS = [Fault("kill the node", "kill", False, True), Fault("kill the database", "kill_database", False, True)]
CUTS = [Fault("cut from the nodes", "cut_from", True, False),
        Fault("cut from all", "cut_off", False, False),
        Fault("cut for longer", "cut_from", True, False, heals_late=True),
        Fault("cut the standby", "cut_from", True, False, strikes_standby=True, heals_late=True)]


@dataclasses.dataclass
class Struck:
    """What a fault did."""

    name: str
    node: str
    start: float
    elected: float  # seconds until a node that was not struck led
    standby: float  # seconds until a standby followed it synchronously
    back: float  # seconds until both servers acknowledged writes again
    gap: float = 0  # the longest time without an acknowledged write from this fault to the next


class Test:
    def __init__(self, options):
        self._options = options
        self._random = random.Random(options.seed)
        self._started = time.monotonic()
        self.struck = []
        self.problems = []
        self.findings = None
        self._servers = []
        self._workload = None

    def say(self, text):
        print(f"{time.monotonic() - self._started:7.1f} s  {text}", flush=True)

    def run(self, run, program):
        self._cluster = Cluster(run)
        self.say(f"starting three database nodes, logs in {run.folder}")
        self._cluster.start()
        key = self._start_servers(run, program)
        ports = [server.port for server in self._servers]
        self._workload = Workload(ports, key, self._options.writers, self._options.seed)
        self._workload.start()
        self.say(f"{len(self._workload.writers)} writers and {len(self._workload.readers)} readers are at work, "
                 f"seed {self._options.seed}")
        try:
            self._strike_all()
        except Failure as failure:
            self.problems.append(str(failure))
            self._mend_all()
        finally:
            end = time.monotonic()
            finished = self._workload.stop()
            self._measure_gaps(end)
            self._save(run.folder)
        if not finished:
            self.problems.append("a request has had no answer for two minutes")
        self._compare(key)

    def _start_servers(self, run, program):
        for number in (1, 2):
            self._servers.append(Server(run, number, program, self._cluster.database_address))
            # The second server starts on the database that the first has created: only the first shows the key.
            self._servers[-1].wait_ready()
        key = KEY.search(self._servers[0].output.read_text())
        if key is None:
            raise Failure(f"server 1 showed no key, see {self._servers[0].output}")
        self.say("both servers are ready")
        return key.group()

    def _strike_all(self):
        faults = [KILLS[index % 2] for index in range(self._options.kills)]
        faults += [CUTS[index % len(CUTS)] for index in range(self._options.cuts)]
        self._random.shuffle(faults)
        for number, fault in enumerate(faults, 1):
            leader = self._wait_ready_for_fault()
            node = self._cluster.synchronous_standby(leader) if fault.strikes_standby else leader
            self.say(f"{number}/{len(faults)} {fault.name}: {node.name}")
            self._strike(fault, node)
            done = self.struck[-1]
            self.say(f"    a leader after {done.elected:.1f} s, its standby after {done.standby:.1f} s, "
                     f"both servers write after {done.back:.1f} s")
        self._wait_ready_for_fault()

    def _measure_gaps(self, end):
        ends = [*(each.start for each in self.struck[1:]), end]
        for each, next_start in zip(self.struck, ends):
            each.gap = self._workload.longest_gap(each.start, next_start)

    def _wait_ready_for_fault(self):
        leader = self._cluster.wait_healthy()
        self._wait_writing(time.monotonic(), PROGRESS)
        time.sleep(self._random.uniform(0, 3))
        return self._cluster.healthy_leader() or self._cluster.wait_healthy()

    def _wait_writing(self, since, times):
        def writing():
            for server in self._servers:
                server.check_alive()
            return min(self._workload.acknowledged_since(since)) >= times

        try:
            wait_until(writing, RECOVERY, "acknowledged writes of both servers")
        except Failure as failure:
            counts = self._workload.acknowledged_since(since)
            raise Failure(f"{failure} (server 1: {counts[0]}, server 2: {counts[1]})") from None

    def _strike(self, fault, node):
        start = time.monotonic()
        fault.strike(self._cluster, node)
        others = self._cluster.others(node)
        leader = wait_until(lambda: self._cluster.leader_among(others), 120, "the election of another leader", 0.1)
        elected = time.monotonic()
        standby = self._mend(fault, node, leader)
        written = standby if fault.strikes_standby else elected  # writes that were on their way at the cut do not count
        self._wait_writing(written, 1)
        back = max(next(at for at in times if at > written) for times in self._workload.acknowledged_at)
        self.struck.append(Struck(fault.name, node.name, start, elected - start, standby - start, back - start))

    def _mend(self, fault, node, leader):
        """Starts the node again, or heals its network after a while. The time when the leader could commit without it."""
        mend_at = time.monotonic() + (0 if fault.ends_processes else self._random.uniform(3, 8))
        is_mended = False
        could_commit = None
        end = time.monotonic() + RECOVERY
        while not is_mended or could_commit is None:
            if could_commit is None and leader.can_commit(node if fault.strikes_standby else None):
                could_commit = time.monotonic()
            is_time = time.monotonic() >= mend_at and (not fault.heals_late or self._written_since(could_commit))
            if not is_mended and is_time:
                node.mend(self._cluster.nodes)
                is_mended = True
            if time.monotonic() > end:
                raise Failure(f"no standby follows {leader.name}, or the servers do not write")
            time.sleep(0.1)
        return could_commit

    def _written_since(self, moment):
        return moment is not None and min(self._workload.acknowledged_since(moment)) >= PROGRESS

    def _mend_all(self):
        for node in self._cluster.nodes:
            node.mend(self._cluster.nodes)

    def _save(self, folder):
        with open(folder / "writes.ndjson", "w", encoding="utf-8") as file:
            for write in self._workload.writes():
                times = {"sent": clock(write.sent), "answered": clock(write.answered), "ids": write.ids[:1]}
                file.write(json.dumps(dataclasses.asdict(write) | times) + "\n")
        (folder / "notes.txt").write_text("".join(f"{note}\n" for note in self._workload.notes), encoding="utf-8")

    def _compare(self, key):
        self._cluster.wait_healthy()
        clients = [Client(server.port, key) for server in self._servers]
        listed = [read_partners(client) for client in clients]
        if listed[0] != listed[1]:
            self.problems.append("the two servers list different partners")
        revision = self._last_revision(clients[0])
        self.findings = compare(self._workload.writers, self._workload.writes(), listed[0], revision)
        self.problems += self.findings.problems + self._workload.problems
        self.say(f"compared {len(listed[0])} partners with {len(self._workload.writes())} writes")

    def _last_revision(self, client):
        status, headers, body = client.send("PUT", "/api/partners", [{"name": "the last write"}])
        if status != 200:
            raise Failure(f"the last write was answered with {status} {code_of(body)}")
        return int(headers["Roster-Revision"])

    def stop_servers(self):
        for server in self._servers:
            server.stop()

    def report(self):
        if self._workload is None:
            return
        titles = [f"{title:>12}" for title in ("a leader", "its standby", "both write", "gap")]
        print(f"\n{'fault':<20} {'node':<7}", *titles)
        for each in self.struck:
            times = [f"{seconds:>10.1f} s" for seconds in (each.elected, each.standby, each.back, each.gap)]
            print(f"{each.name:<20} {each.node:<7}", *times)
        self._report_writes()
        reads = sum((reader.answers for reader in self._workload.readers), collections.Counter())
        print("reads:", ", ".join(f"{count} {what}" for what, count in reads.most_common()))

    def _report_writes(self):
        writes = self._workload.writes()
        print("\nwrites:")
        for (outcome, code), count in collections.Counter((write.outcome, write.code) for write in writes).most_common():
            print(f"{count:>8} {outcome}{' ' + code if code else ''}")
        unknown = collections.Counter(write.kind for write in writes if write.outcome == UNKNOWN)
        if self.findings:
            there = self.findings.unknown_there
            print(f"of unknown outcome: {unknown['update']} updates, {there['update']} of them there; "
                  f"{unknown['create']} creates, {there['create']} of them there")
        print(f"the slowest answer took {max(write.answered - write.sent for write in writes):.1f} s")

    def last_line(self):
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            return f"failover: FAILED: {self.problems[0]}{more}"
        gap = max((each.gap for each in self.struck), default=0)
        return (f"failover: {self._options.kills} kills, {self._options.cuts} cuts: nothing lost, nothing twice, "
                f"longest gap {gap:.1f} s")


def read_options():
    parser = argparse.ArgumentParser(
        prog="run.sh", description="Tests that no acknowledged write is lost when the database fails over.")
    parser.add_argument("--kills", type=int, default=10, metavar="N", help="how often the leader is killed (10)")
    parser.add_argument("--cuts", type=int, default=5, metavar="N", help="how often a node is cut off from the network (5)")
    parser.add_argument("--writers", type=int, default=8, metavar="N", help="how many write at the same time, at least 2 (8)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="for the order and the moments of faults and writes (1)")
    parser.add_argument("--server", metavar="PATH", help="Roster.Server or Roster.Server.dll, instead of building it")
    parser.add_argument("--keep", action="store_true", help="keep the logs also after success")
    options = parser.parse_args()
    if options.writers < 2 or options.kills < 0 or options.cuts < 0:
        parser.error("at least 2 writers, and no negative numbers")
    return options


def build_server(name):
    build = ["dotnet", "build", "src/Roster.Server", "-c", "Release"]
    if subprocess.run(build, cwd=REPOSITORY, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit(f"{name}: FAILED: the server does not build")
    return str(BUILT_SERVER)


def stop_on_signals():
    def stop(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)


def ignore_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def main():
    options = read_options()
    return run_to_end(options, "failover", Run, Test)


def run_to_end(options, name, make_run, make_test):
    """The exit status. Whatever happens, nothing goes on running."""
    stop_on_signals()
    program = str(Path(options.server).resolve()) if options.server else build_server(name)
    run = make_run()
    test = make_test(options)
    keep = True
    try:
        run_and_report(test, run, program)
        keep = bool(test.problems) or options.keep
    except KeyboardInterrupt:
        test.problems.insert(0, "interrupted")
        keep = options.keep
    finally:
        ignore_signals()
        test.stop_servers()
        run.remove(keep_logs=keep)
    if keep:
        print("the logs are in", run.folder)
    print(test.last_line())
    return 1 if test.problems else 0


def run_and_report(test, run, program):
    try:
        test.run(run, program)
    except (Failure, OSError, http.client.HTTPException) as failure:
        test.problems.append(str(failure))
    test.report()
    for problem in test.problems[:20]:
        print("problem:", problem)
    if test.problems:
        (run.folder / "problems.txt").write_text("\n".join(test.problems) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
