"""Writers and readers, and the record of what each of their requests was answered."""

import collections
import dataclasses
import datetime
import http.client
import json
import random
import threading
import time

from cluster import Failure

PARTNERS_EACH = 40
PATIENCE = 120  # seconds; far beyond what a server should take, so that it is the server's own answer that counts
PAUSE = 0.02
PAUSE_AFTER_REFUSAL = 0.2

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


@dataclasses.dataclass
class Write:
    """A request to write, and what its answer said of it."""

    writer: int
    server: int
    kind: str  # "own": the writer's partners, "update": all of them, "create": one more
    value: str  # the phone of an update, the name of a create
    sent: float
    answered: float = 0
    outcome: str = UNKNOWN
    code: str = ""
    revision: int = 0
    ids: list = dataclasses.field(default_factory=list)


class Client:
    """A connection to a server, made anew after an error."""

    def __init__(self, port, key):
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = None

    def send(self, method, path, body=None, accept="application/json"):
        """Status, headers and body. An OSError or HTTPException where there was no whole answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            encoded = None if body is None else json.dumps(body)
            self._connection.request(method, path, encoded, self._headers | {"Accept": accept})
            response = self._connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise


def clock(moment):
    """A time of the monotonic clock as the logs write it."""
    wall = time.time() - time.monotonic() + moment
    return datetime.datetime.fromtimestamp(wall, datetime.timezone.utc).isoformat(timespec="milliseconds")


def code_of(body):
    try:
        return json.loads(body).get("code", "no code")
    except (ValueError, AttributeError):
        return "no problem body"


class Workload:
    """All writers and readers, and what they saw."""

    def __init__(self, ports, key, writers, seed):
        self.stopping = threading.Event()
        self.acknowledged_at = [[] for _ in ports]  # times, by server
        self.problems = []
        self.notes = []
        self.writers = [Writer(self, number, number % len(ports), Client(ports[number % len(ports)], key), seed)
                        for number in range(writers)]
        self.readers = [Reader(self, server, Client(port, key), seed) for server, port in enumerate(ports)]

    def start(self):
        for writer in self.writers:
            writer.create_own()
        for thread in self.writers + self.readers:
            thread.start()

    def stop(self):
        """False where one is still waiting for an answer."""
        self.stopping.set()
        end = time.monotonic() + PATIENCE + 10
        for thread in self.writers + self.readers:
            thread.join(max(0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self.writers + self.readers)

    def writes(self):
        return sorted((write for writer in self.writers for write in list(writer.writes)), key=lambda write: write.sent)

    def acknowledged_since(self, moment):
        """How many writes, by server."""
        return [sum(1 for at in reversed(times[-1000:]) if at > moment) for times in self.acknowledged_at]

    def longest_gap(self, start, end):
        """The longest time between two acknowledged writes, of whichever server, that reaches into this span."""
        times = sorted(at for each in self.acknowledged_at for at in list(each))
        before = [at for at in times if at < start][-1:]
        points = [*before, *(at for at in times if start <= at <= end), end]
        return max((later - earlier for earlier, later in zip(points, points[1:])), default=0)


class Worker(threading.Thread):
    """Does one step after the other until all are to stop."""

    def __init__(self, workload, name, client, seed):
        super().__init__(name=name, daemon=True)
        self._workload = workload
        self._client = client
        self._random = random.Random(f"{seed} {name}")

    def run(self):
        try:
            while not self._workload.stopping.is_set():
                self.step()
        except Exception as error:  # whatever it is, a worker that is gone must not look like one that found nothing
            self._workload.problems.append(f"{self.name} ended: {error!r}")


class Writer(Worker):
    """Writes one thing after the other; what a request that was not acknowledged would have written is never sent again."""

    def __init__(self, workload, number, server, client, seed):
        super().__init__(workload, f"writer {number}", client, seed)
        self.number = number
        self.server = server
        self.writes = []
        self.own = []
        self.acknowledged_phone = 0
        self._counter = 0

    def create_own(self):
        write = Write(self.number, self.server, "own", f"w{self.number}-own", time.monotonic())
        self._send(write, [{"name": f"w{self.number}-own-{index:02}", "phone": "0"} for index in range(PARTNERS_EACH)])
        if write.outcome != ACKNOWLEDGED:
            raise Failure(f"the first partners were not acknowledged: {write}")
        self.own = write.ids

    def step(self):
        self._counter += 1
        write = self._update() if self._random.random() < 0.7 else self._create()
        time.sleep(PAUSE if write.outcome == ACKNOWLEDGED else PAUSE_AFTER_REFUSAL)

    def _update(self):
        phone = str(self._counter)
        write = Write(self.number, self.server, "update", phone, time.monotonic())
        self._send(write, [{"id": own, "phone": phone} for own in self.own])
        if write.outcome == ACKNOWLEDGED:
            self.acknowledged_phone = self._counter
        return write

    def _create(self):
        write = Write(self.number, self.server, "create", f"w{self.number}-{self._counter:06}", time.monotonic())
        self._send(write, [{"name": write.value}])
        return write

    def _send(self, write, items):
        self.writes.append(write)
        try:
            status, headers, body = self._client.send("PUT", "/api/partners", items)
        except (OSError, http.client.HTTPException) as error:
            write.answered = time.monotonic()
            write.code = f"no answer: {type(error).__name__}"
            return
        write.answered = time.monotonic()
        if status == 200:
            self._acknowledge(write, headers, json.loads(body), items)
            return
        write.code = code_of(body)
        if status != 503:
            self._workload.problems.append(f"server {self.server + 1} answered a write with {status} {write.code}, "
                                           f"request {headers.get('Roster-Request-Id')}")
        elif write.code != "outcome_unknown":
            write.outcome = REFUSED

    def _acknowledge(self, write, headers, partners, items):
        write.outcome = ACKNOWLEDGED
        write.revision = int(headers["Roster-Revision"])
        write.ids = [partner["id"] for partner in partners]
        self._workload.acknowledged_at[self.server].append(write.answered)
        if any(partner.get(field) != sent for partner, item in zip(partners, items) for field, sent in item.items()) \
                or len(partners) != len(items):
            self._workload.problems.append(f"the answer to {write} is not what was sent")


class Reader(Worker):
    """Reads partners of all writers, from one server: what was acknowledged before a read must be in it."""

    def __init__(self, workload, server, client, seed):
        super().__init__(workload, f"reader {server}", client, seed)
        self.answers = collections.Counter()
        self._server = server
        self._seen = collections.Counter()  # the highest phone read, by writer

    def step(self):
        writer = self._random.choice(self._workload.writers)
        self._read(writer, self._random.choice(writer.own))
        time.sleep(PAUSE)

    def _read(self, writer, partner):
        acknowledged = writer.acknowledged_phone
        try:
            status, headers, body = self._client.send("GET", f"/api/partners/{partner}")
        except (OSError, http.client.HTTPException) as error:
            self.answers[f"no answer: {type(error).__name__}"] += 1
            return
        if status != 200:
            self._note_refusal(status, code_of(body), headers)
            return
        self.answers["right"] += 1
        phone = int(json.loads(body)["phone"])
        if phone < acknowledged:
            self._workload.problems.append(f"stale read: server {self._server + 1} gave {phone} for {partner} of writer "
                                           f"{writer.number} after {acknowledged} was acknowledged")
        # An unacknowledged value was seen and is gone again: no promise is broken, but worth a note.
        elif phone < self._seen[writer.number]:
            self.answers["lower than one before"] += 1
            self._workload.notes.append(f"{clock(time.monotonic())} server {self._server + 1} gave {phone} for {partner} of "
                                        f"writer {writer.number}, and before {self._seen[writer.number]}, not acknowledged")
        self._seen[writer.number] = max(self._seen[writer.number], phone)

    def _note_refusal(self, status, code, headers):
        self.answers[code] += 1
        if status != 503:
            self._workload.problems.append(f"server {self._server + 1} answered a read with {status} {code}, "
                                           f"request {headers.get('Roster-Request-Id')}")
