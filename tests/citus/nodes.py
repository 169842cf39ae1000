"""A Citus coordinator and its workers on this machine: a PostgreSQL server each, in the folder of one run."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from cluster import ENVIRONMENT, RUN_VARIABLE, Failure, command, kill, kill_all, lock, marked_processes, wait_until

PREFIX = "roster-citus-"
FOLDERS = Path("/tmp")
PORTS = range(20000, 32000)  # below those that connections get, so that a node finds its own again
SETTINGS = {
    "shared_preload_libraries": "citus",
    "wal_level": "logical",  # moving shards while they are written to needs it
    "max_connections": "200",
    "max_prepared_transactions": "200",
    "max_worker_processes": "64",  # Citus has one for each database
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    # Files in the data folder, deleted with it, instead of shared memory that a kill leaves behind.
    "dynamic_shared_memory_type": "mmap",
}


class Installation:
    """A PostgreSQL that has Citus."""

    def __init__(self, folder):
        self._programs = Path(folder) / "bin"
        if not os.access(self._programs / "initdb", os.X_OK):
            raise Failure(f"there is no PostgreSQL in {folder} (bin/initdb): name its folder with --citus")
        if not any(Path(folder, library, "citus.so").exists() for library in ("lib", "lib/postgresql")):
            raise Failure(f"the PostgreSQL in {folder} has no Citus (lib/citus.so): install it there, as README.md says, "
                          "or name another folder with --citus")

    def program(self, name):
        return str(self._programs / name)


class Run:
    """A folder that no other run has. The lock on its claim is what says that it is alive."""

    def __init__(self):
        remove_leftovers()
        # It gets its name when it is claimed, so that no other run takes it for a leftover.
        new = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=FOLDERS))
        new.chmod(0o711)
        self._claim = lock(new / "claim")
        self.folder = new.rename(FOLDERS / new.name.removeprefix("new-"))

    @property
    def environment(self):
        return ENVIRONMENT | {RUN_VARIABLE: str(self.folder)}

    def start(self, words, log, environment=None, output=None):
        """A process of its own session, so that Ctrl-C at the terminal reaches this program alone."""
        with open(log, "ab") as errors, open(output or log, "ab") as lines:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=lines, stderr=errors, cwd="/",
                                    env=environment or self.environment, start_new_session=True)

    def remove(self, keep_logs):
        end_processes(self.folder)
        if keep_logs:
            for data in self.folder.glob("*/PG_VERSION"):
                shutil.rmtree(data.parent)
            (self.folder / "claim").unlink()  # or the next run would remove it
        else:
            shutil.rmtree(self.folder)
        self._claim.close()


def remove_leftovers():
    for claim in FOLDERS.glob(f"{PREFIX}*/claim"):
        try:
            held = lock(claim)
        except FileNotFoundError:
            continue  # another run removes it
        if held is not None:
            print(f"removing what an earlier run left: {claim.parent}", flush=True)
            end_processes(claim.parent)
            shutil.rmtree(claim.parent)
            held.close()


def end_processes(folder):
    kill_all(lambda: [*processes_in(folder), *marked_processes(folder)])


def processes_in(folder):
    """A server of PostgreSQL and its sessions work in their data folder, whatever they call themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and Path(os.readlink(entry / "cwd")).is_relative_to(folder) and not is_dead(entry):
                found.append(int(entry.name))
        except OSError:
            pass  # it ended meanwhile
    return found


def is_dead(entry):
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def free_port():
    ports = list(PORTS)
    random.SystemRandom().shuffle(ports)
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # taken
    raise Failure(f"no port is free from {PORTS[0]} to {PORTS[-1]}")


class Node:
    """A PostgreSQL server with Citus."""

    def __init__(self, run, installation, name):
        self._run = run
        self._installation = installation
        self.name = name
        self.port = free_port()
        self.folder = run.folder / name
        self._log = run.folder / f"{name}.log"
        self._process = None

    def create(self):
        self.folder.mkdir(0o700)
        shutil.chown(self.folder, "postgres", "postgres")
        command("runuser", "-u", "postgres", "--", self._installation.program("initdb"), "-D", str(self.folder), "-U", "postgres",
                "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync")
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        with open(self.folder / "postgresql.conf", "a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.start()
        self.create_database("roster")

    def create_database(self, name):
        self.query(f"create database {name} encoding 'UTF8' lc_ctype 'C.UTF-8' template template0", "postgres")
        self.query("create extension citus", name)

    def start(self):
        kill_all(lambda: processes_in(self.folder))  # what is left of a server that was killed
        # Its shared memory is in a namespace that ends with its processes, so a kill leaves nothing behind.
        words = ["unshare", "--ipc", "runuser", "-u", "postgres", "--", self._installation.program("postgres"), "-D", str(self.folder)]
        self._process = self._run.start(words, self._log)
        wait_until(self.answers, 120, f"the start of {self.name}, see {self._log},")

    def answers(self):
        if self._process.poll() is not None:
            raise Failure(f"{self.name} does not start, see {self._log}")
        try:
            return self.query("select 1", "postgres", 5) == "1"
        except Failure:
            return False

    def query(self, sql, database="roster", seconds=600):
        words = [self._installation.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                 "-U", "postgres", "-d", database, "-c", sql]
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, cwd="/",
                                  env=ENVIRONMENT | {"PGCONNECT_TIMEOUT": "5"})
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has no answer within {seconds} s to: {sql}") from None
        if done.returncode != 0:
            raise Failure(f"{self.name}: {sql}: {done.stderr.strip()}")
        return done.stdout.strip()

    def stop(self):
        """As an operator does it: sessions are ended, and it writes a checkpoint."""
        os.kill(self._postmaster(), signal.SIGINT)
        wait_until(lambda: not processes_in(self.folder), 120, f"the end of {self.name}")

    def kill(self):
        """All of its processes, the postmaster first, so that it starts no others."""
        kill(self._postmaster())
        kill_all(lambda: processes_in(self.folder))

    def kill_session(self):
        """One of its processes: then PostgreSQL ends all sessions and recovers from its log by itself."""
        kill(int(wait_until(lambda: self.query(
            "select pid from pg_stat_activity where usename = 'roster' and backend_type = 'client backend' order by random() limit 1"),
            60, f"a session of a server on {self.name}")))

    def freeze(self):
        """Its connections stay open, and nothing answers."""
        os.kill(self._postmaster(), signal.SIGSTOP)
        for process in processes_in(self.folder):
            signal_if_there(process, signal.SIGSTOP)

    def thaw(self):
        # runuser stops with the server that it has started. Stopped, it would not reap it, and its lock file would hold.
        signal_if_there(self._process.pid, signal.SIGCONT)
        for process in processes_in(self.folder):
            signal_if_there(process, signal.SIGCONT)

    def mend(self):
        """Undoes what a fault has done, whatever it was."""
        self.thaw()
        if self._process.poll() is not None:
            self.start()

    def _postmaster(self):
        return int((self.folder / "postmaster.pid").read_text().split()[0])


def signal_if_there(process, number):
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass  # it ended meanwhile


class CitusCluster:
    """A coordinator, which has no workspaces itself, and workers."""

    def __init__(self, run, installation):
        self._run = run
        self._installation = installation
        self.coordinator = Node(run, installation, "coordinator")
        self.workers = []

    @property
    def nodes(self):
        return [self.coordinator, *self.workers]

    @property
    def database_address(self):
        return f"postgresql://roster@127.0.0.1:{self.coordinator.port}/roster"

    def start(self, workers):
        """As docs/how-to/run-on-postgresql.md says."""
        self.coordinator.create()
        self.coordinator.query(f"select citus_set_coordinator_host('127.0.0.1', {self.coordinator.port})")
        for _ in range(workers):
            self.add_worker()
        self.coordinator.query("create role roster login")
        self.coordinator.query("alter database roster owner to roster")

    def add_database(self, name):
        """Another database on the same nodes, with few shards. Returns its address."""
        for node in self.nodes:
            node.create_database(name)
        self.coordinator.query(f"select citus_set_coordinator_host('127.0.0.1', {self.coordinator.port})", name)
        for worker in self.workers:
            self.coordinator.query(f"select citus_add_node('127.0.0.1', {worker.port})", name)
        self.coordinator.query(f"alter database {name} owner to roster", name)  # Citus tells the workers of this database alone
        self.coordinator.query(f"alter database {name} set citus.shard_count = 4")
        return self.database_address.removesuffix("roster") + name

    def add_worker(self):
        worker = Node(self._run, self._installation, f"worker{len(self.workers) + 1}")
        self.workers.append(worker)
        worker.create()
        self.coordinator.query(f"select citus_add_node('127.0.0.1', {worker.port})")
        return worker

    def worker_of(self, workspace):
        """The worker with all that this workspace owns."""
        port = self.coordinator.query(f"""
            select nodeport from pg_dist_shard_placement
            where shardid = get_shard_id_for_distribution_column('log_end', {self.id_of(workspace)}::bigint)""")
        return next(worker for worker in self.workers if str(worker.port) == port)

    def id_of(self, workspace):
        return self.coordinator.query(f"select id from workspace where name = '{workspace}'")

    def move(self, workspace, target, mode):
        """Moves all tables' shards with this workspace; other workspaces that share the shards move too."""
        source = self.worker_of(workspace)
        self.coordinator.query(f"""
            select citus_move_shard_placement(get_shard_id_for_distribution_column('log_end', {self.id_of(workspace)}::bigint),
                '127.0.0.1', {source.port}, '127.0.0.1', {target.port}, shard_transfer_mode => '{mode}')""")

    def rebalance(self):
        self.coordinator.query("select rebalance_table_shards(shard_transfer_mode => 'block_writes')")

    def is_healthy(self):
        """Whether every node reaches every other one."""
        try:
            return self.coordinator.query("select bool_and(result) from citus_check_cluster_node_health()", seconds=20) == "t"
        except Failure:
            return False

    def wait_healthy(self):
        wait_until(self.is_healthy, 120, "that all nodes reach each other")

    def settle(self):
        """Ends what commits in two phases and was interrupted between them, as Citus itself does once in a minute."""
        def settled():
            self.coordinator.query("select recover_prepared_transactions()")
            return all(node.query("select count(*) from pg_prepared_xacts") == "0" for node in self.nodes)

        wait_until(settled, 60, "the end of all prepared transactions")

    def differing_tables(self):
        """The tables that every node has, where one has other rows than the coordinator."""
        differing = []
        for table in ("workspace", "api_key", "session", "console_link"):
            rows = f"select coalesce(string_agg(one::text, E'\\n' order by id), '') from {table} as one"
            if len({node.query(rows) for node in self.nodes}) > 1:
                differing.append(table)
        return differing
