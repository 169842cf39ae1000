"""Three database nodes on this machine: each a network namespace with etcd, Patroni and PostgreSQL, joined by a bridge."""

import fcntl
import http.client
import ipaddress
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

POSTGRES_PROGRAMS = "/usr/lib/postgresql/15/bin"
CLAIMS = Path("/run/roster-failover")
RUN_VARIABLE = "ROSTER_FAILOVER_RUN"
# The daemons get nothing of the caller's environment: a proxy setting would misdirect etcd's own calls.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Failure(Exception):
    """What ends a run as failed."""


def wait_until(condition, seconds, what, interval=0.25):
    """The first true answer of the condition."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f"{what} did not happen within {seconds} s")
        time.sleep(interval)


def command(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Run:
    """A folder, a subnet and names that no other run has. The lock on its claim is what says that it is alive."""

    def __init__(self):
        CLAIMS.mkdir(mode=0o700, exist_ok=True)
        remove_leftovers()
        self.number, self._claim = self._claim_number()
        self.folder = Path(tempfile.mkdtemp(prefix="roster-failover-", dir="/tmp"))
        self.folder.chmod(0o711)
        self._claim.write(str(self.folder))
        self._claim.flush()

    def _claim_number(self):
        numbers = list(range(1, 255))
        random.SystemRandom().shuffle(numbers)
        for number in numbers:
            claim = lock(CLAIMS / str(number))
            if claim is None:
                continue
            if subnet_is_free(number):
                claim.truncate(0)
                return number, claim
            os.unlink(claim.name)
        raise Failure("no subnet is free in 10.199.0.0/16")

    @property
    def environment(self):
        return ENVIRONMENT | {RUN_VARIABLE: str(self.folder)}

    def start(self, words, log, environment=None, output=None):
        """A process of its own session, so that Ctrl-C at the terminal reaches this program alone."""
        with open(log, "ab") as errors, open(output or log, "ab") as lines:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=lines, stderr=errors, cwd="/",
                                    env=environment or self.environment, start_new_session=True)

    def remove(self, keep_logs):
        remove_run(self.number, self.folder, keep_logs)
        os.unlink(self._claim.name)
        self._claim.close()


def lock(path):
    """The open file, or None where another process has the lock."""
    file = open(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def remove_leftovers():
    for path in CLAIMS.iterdir():
        claim = lock(path)
        if claim is None:
            continue
        claim.seek(0)
        folder = claim.read().strip()
        print(f"removing what an earlier run left: number {path.name}, {folder or 'no folder'}", flush=True)
        remove_run(int(path.name), Path(folder) if folder.startswith("/tmp/roster-failover-") else None)
        os.unlink(path)
        claim.close()


def remove_run(number, folder, keep_logs=False):
    namespaces = [name for name in (namespace_name(number, node) for node in (1, 2, 3)) if Path("/run/netns", name).exists()]
    kill_all(lambda: [process for namespace in namespaces for process in namespace_processes(namespace)])
    if folder:
        kill_all(lambda: marked_processes(folder))
    # The ports are deleted by name: a namespace and its port live on unseen while a closed connection waits for its
    # last answer.
    for interface in [*(port_name(number, node) for node in (1, 2, 3)), bridge_name(number)]:
        if Path("/sys/class/net", interface).exists():
            command("ip", "link", "delete", interface)
    for namespace in namespaces:
        command("ip", "netns", "delete", namespace)
    if folder and keep_logs:
        for data in folder.glob("node?"):
            shutil.rmtree(data, ignore_errors=True)
    elif folder:
        shutil.rmtree(folder, ignore_errors=True)


def marked_processes(folder):
    """The processes that a run started outside of its namespaces: they have its folder in their environment."""
    mark = f"{RUN_VARIABLE}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass  # it ended meanwhile
    return found


def namespace_processes(namespace):
    return [int(word) for word in command("ip", "netns", "pids", namespace).split()]


def process_name(process):
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return None  # it ended meanwhile


def kill_all(find, seconds=20):
    """Kills until none is found: a process may start another while it is looked for."""
    end = time.monotonic() + seconds
    while processes := find():
        if time.monotonic() > end:
            raise Failure(f"these processes do not end: {processes}")
        for process in processes:
            kill(process)
        time.sleep(0.1)


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def bridge_name(number):
    return f"rofo{number}"


def namespace_name(number, node):
    return f"rofo{number}n{node}"


def port_name(number, node):
    return f"rofo{number}p{node}"


def subnet_is_free(number):
    subnet = ipaddress.ip_network(f"10.199.{number}.0/24")
    for route in json.loads(command("ip", "-json", "-4", "route", "show", "table", "all")):
        destination = route["dst"]
        if destination != "default" and subnet.overlaps(ipaddress.ip_network(destination, strict=False)):
            return False
    return True


class Node:
    """A database node: its namespace, and the processes in it."""

    def __init__(self, run, number):
        self._run = run
        self.number = number
        self.name = f"node{number}"
        self.address = f"10.199.{run.number}.{10 + number}"
        self.folder = run.folder / self.name
        self._namespace = namespace_name(run.number, number)
        self._port = port_name(run.number, number)
        self._started = []

    def join(self, bridge):
        self.folder.mkdir()
        shutil.chown(self.folder, "postgres", "postgres")
        command("ip", "netns", "add", self._namespace)
        command("ip", "link", "add", self._port, "type", "veth", "peer", "name", "eth0", "netns", self._namespace)
        command("ip", "link", "set", self._port, "master", bridge, "up")
        for words in (["link", "set", "lo", "up"], ["address", "add", f"{self.address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"]):
            command("ip", "-n", self._namespace, *words)

    def start(self, nodes):
        """Starts what does not run of etcd and Patroni; Patroni starts PostgreSQL."""
        if not self._processes_named("etcd"):
            self._start("etcd.log", ["etcd", *self._etcd_options(nodes)])
        if not self._processes_named("patroni"):
            # Its shared memory is in a namespace that ends with its processes, so a kill leaves nothing behind.
            self._start("patroni.log", ["patroni", str(self.folder / "patroni.yml")], ["unshare", "--ipc"])

    def _start(self, log, words, before=()):
        inside = ["ip", "netns", "exec", self._namespace, *before, "runuser", "-u", "postgres", "--", *words]
        self._started.append(self._run.start(inside, self._run.folder / f"{self.name}-{log}"))

    def _etcd_options(self, nodes):
        peers = ",".join(f"{node.name}=http://{node.address}:2380" for node in nodes)
        return ["--name", self.name, "--data-dir", str(self.folder / "etcd"), "--pre-vote", "--enable-v2",
                "--initial-cluster", peers, "--initial-cluster-token", self._run.folder.name,
                "--initial-advertise-peer-urls", f"http://{self.address}:2380",
                "--listen-peer-urls", f"http://{self.address}:2380",
                "--listen-client-urls", f"http://{self.address}:2379",
                "--advertise-client-urls", f"http://{self.address}:2379",
                "--heartbeat-interval", "200", "--election-timeout", "2000"]

    def _processes(self):
        """Killed ones are reaped first, so that they do not count."""
        self._started = [process for process in self._started if process.poll() is None]
        return namespace_processes(self._namespace)

    def _processes_named(self, name):
        return [process for process in self._processes() if process_name(process) == name]

    def kill_database(self):
        """The postmaster and Patroni at once; the sessions end when they notice."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        for process in [postmaster, *self._processes_named("patroni")]:
            kill(process)

    def kill(self):
        """All that runs on the node, the database first."""
        try:
            self.kill_database()
        except FileNotFoundError:
            pass  # no database runs
        kill_all(self._processes)

    def cut_off(self):
        command("ip", "link", "set", self._port, "down")

    def cut_from(self, others):
        """Silence between this node and those, in both directions; all others still reach it."""
        addresses = ", ".join(node.address for node in others)
        rules = ["add table inet cut",
                 "add chain inet cut incoming { type filter hook input priority 0; }",
                 "add chain inet cut outgoing { type filter hook output priority 0; }",
                 f"add rule inet cut incoming ip saddr {{ {addresses} }} drop",
                 f"add rule inet cut outgoing ip daddr {{ {addresses} }} drop"]
        command("ip", "netns", "exec", self._namespace, "nft", "; ".join(rules))

    def heal(self):
        command("ip", "link", "set", self._port, "up")
        # Added first, so that deleting works in either case.
        command("ip", "netns", "exec", self._namespace, "nft", "add table inet cut; delete table inet cut")

    def mend(self, nodes):
        """Undoes what a fault has done, whatever it was."""
        self.heal()
        if not self._processes_named("patroni"):
            kill_all(lambda: self._processes_named("postgres"))  # what is left of a killed database
        self.start(nodes)

    def ask(self, path):
        """What Patroni says of itself, or None where it does not answer."""
        connection = http.client.HTTPConnection(self.address, 8008, timeout=2)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def leads(self):
        state = self.ask("/patroni") or {}
        return state.get("role") in ("master", "primary") and state.get("state") == "running"

    def synchronous_standbys(self):
        """The names of the nodes that follow it synchronously."""
        standbys = (self.ask("/patroni") or {}).get("replication", [])
        return [standby.get("application_name") for standby in standbys
                if standby.get("state") == "streaming" and standby.get("sync_state") in ("sync", "quorum")]

    def can_commit(self, without=None):
        """Whether a standby follows synchronously, other than that one: without any, no commit is acknowledged."""
        return any(without is None or name != without.name for name in self.synchronous_standbys())


class Cluster:
    def __init__(self, run):
        self._run = run
        self.nodes = [Node(run, number) for number in (1, 2, 3)]
        self._passwords = {role: secrets.token_hex(16) for role in ("postgres", "replicator", "roster")}

    def start(self):
        bridge = bridge_name(self._run.number)
        # A fixed address: otherwise a bridge takes the address of one of its ports and changes with it.
        command("ip", "link", "add", bridge, "address", f"02:00:0a:c7:{self._run.number:02x}:01", "type", "bridge")
        command("ip", "address", "add", f"10.199.{self._run.number}.1/24", "dev", bridge)
        command("ip", "link", "set", bridge, "up")
        for node in self.nodes:
            node.join(bridge)
            self._configure(node)
        for node in self.nodes:
            node.start(self.nodes)
        leader = self.wait_healthy()
        self.query(leader, f"CREATE ROLE roster LOGIN PASSWORD '{self._passwords['roster']}'")
        self.query(leader, "CREATE DATABASE roster OWNER roster")
        for node in self.nodes:  # the standbys take a moment
            there = "SELECT count(*) FROM pg_database WHERE datname = 'roster'"
            wait_until(lambda node=node: self.query(node, there) == "1", 30, f"the database's appearance on {node.name}")

    def _configure(self, node):
        path = node.folder / "patroni.yml"
        path.write_text(json.dumps(self._patroni_settings(node), indent=2))  # JSON is YAML too
        shutil.chown(path, "postgres", "postgres")
        path.chmod(0o600)

    def _patroni_settings(self, node):
        users = {"superuser": "postgres", "replication": "replicator"}
        return {
            "scope": "roster",
            "name": node.name,
            "restapi": {"listen": f"{node.address}:8008", "connect_address": f"{node.address}:8008"},
            # Not "etcd3": with it, Patroni 3.0.2 overwrites another leader's name when it comes back from a cut longer
            # than the lease (fixed in 3.0.3). The cluster then loses what it has acknowledged since.
            "etcd": {"hosts": [f"{other.address}:2379" for other in self.nodes]},
            "bootstrap": {"dcs": CLUSTER_SETTINGS,
                          "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"]},
            "postgresql": {
                "listen": f"{node.address}:5432",
                "connect_address": f"{node.address}:5432",
                "use_unix_socket": True,
                "data_dir": str(node.folder / "data"),
                "bin_dir": POSTGRES_PROGRAMS,
                "pgpass": str(node.folder / "pgpass"),
                "authentication": {use: {"username": user, "password": self._passwords[user]}
                                   for use, user in users.items()},
                "parameters": {"unix_socket_directories": str(node.folder)},
                "pg_hba": ["local all all scram-sha-256",
                           f"host all all 10.199.{self._run.number}.0/24 scram-sha-256",
                           f"host replication replicator 10.199.{self._run.number}.0/24 scram-sha-256"],
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }

    @property
    def database_address(self):
        hosts = ",".join(f"{node.address}:5432" for node in self.nodes)
        options = "Target%20Session%20Attributes=primary&Timeout=5"
        return f"postgresql://roster:{self._passwords['roster']}@{hosts}/roster?{options}"

    def query(self, node, sql, database="postgres"):
        words = [f"{POSTGRES_PROGRAMS}/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", node.address, "-U", "postgres",
                 "-d", database, "-c", sql]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=ENVIRONMENT | {"PGPASSWORD": self._passwords["postgres"], "PGCONNECT_TIMEOUT": "5"})
        if done.returncode != 0:
            raise Failure(f"{sql.split()[0]} on {node.name}: {done.stderr.strip()}")
        return done.stdout.strip()

    def others(self, node):
        return [other for other in self.nodes if other is not node]

    def leader_among(self, nodes):
        return next((node for node in nodes if node.leads()), None)

    def synchronous_standby(self, leader):
        names = wait_until(leader.synchronous_standbys, 30, f"a synchronous standby of {leader.name}")
        return next(node for node in self.nodes if node.name in names)

    def healthy_leader(self):
        """The leader, where it is the only one, a synchronous standby is known to etcd, and all standbys stream."""
        leaders = [node for node in self.nodes if node.leads()]
        if len(leaders) != 1 or not leaders[0].can_commit():
            return None
        state = leaders[0].ask("/patroni") or {}
        standbys = [standby.get("state") for standby in state.get("replication", [])]
        members = (leaders[0].ask("/cluster") or {}).get("members", [])
        synchronous = any(member.get("role") == "sync_standby" for member in members)
        return leaders[0] if standbys == ["streaming"] * 2 and synchronous else None

    def wait_healthy(self, seconds=240):
        what = "a healthy cluster (one leader, two streaming standbys, one synchronous)"
        return wait_until(self.healthy_leader, seconds, what, 0.5)


CLUSTER_SETTINGS = {
    "ttl": 20,  # the least that Patroni takes
    "loop_wait": 2,
    "retry_timeout": 5,
    # Both together: a commit is acknowledged only when a standby has it, even if it must wait for a standby to come
    # back.
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "max_connections": 100,
            "shared_buffers": "64MB",
            "wal_keep_size": "256MB",
            # A silent standby is noticed as fast as Patroni notices a silent leader.
            "wal_sender_timeout": "5s",
            "wal_receiver_timeout": "5s",
            "wal_retrieve_retry_interval": "1s",
            # Files in the data folder, deleted with it, instead of shared memory that a kill leaves behind.
            "dynamic_shared_memory_type": "mmap",
        },
    },
}
