"""Cuts the power of a virtual machine again and again while a Roster server in it writes. See README.md."""

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PUBLISHED = REPOSITORY / "artifacts/test/server/Roster.Server"
DISK_BYTES = 256 << 20
CUTS_OF_A_DISK = 5
PATIENCE = 90  # seconds without a word of the guest
MOST_WRITES = 120


class Failure(Exception):
    pass


class Guest:
    """A virtual machine that runs guest.sh, and what it says."""

    def __init__(self, folder, server, variables):
        self._log = open(folder / "guest.log", "ab")
        words = [shutil.which("linux.uml"), "mem=768M", "rootfstype=hostfs", "rootflags=/", "root=none", "ro", f"init={HERE}/guest.sh",
                 f"ubd0={folder}/disk", "con=null", "con0=null,fd:2", "ssl=null", "ssl0=null,fd:1", "panic=1", f"umid=roster-{os.getpid()}",
                 f"uml_dir={folder}/uml/", f"ROSTER_SERVER={server}"] + [f"{name}={value}" for name, value in variables.items()]
        environment = os.environ | {"LD_PRELOAD": str(folder / "xstate.so"), "TMPDIR": "/dev/shm"}
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log,
                                         env=environment, start_new_session=True)
        self._rest = b""

    def lines(self, until=None):
        """What it says, as lists of a word and its rest. Ends at this moment, or else with the guest."""
        while True:
            while b"\n" in self._rest:
                line, self._rest = self._rest.split(b"\n", 1)
                yield line.decode(errors="replace").strip().split(" ", 1)
            left = PATIENCE if until is None else until - time.monotonic()
            if left <= 0:
                return
            if not select.select([self._process.stdout], [], [], left)[0]:
                if until is not None:
                    return
                raise Failure(f"the guest has said nothing for {PATIENCE} s; see guest.log")
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                return
            self._rest += more

    def cut(self):
        """All its processes at once: what is only in the guest's memory is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def said_before_the_cut(self):
        """The words that were on their way."""
        while more := os.read(self._process.stdout.fileno(), 1 << 16):
            self._rest += more
        *whole, self._rest = self._rest.split(b"\n")
        return [line.decode(errors="replace").strip().split(" ", 1) for line in whole]


class Expected:
    """What was acknowledged on one disk."""

    def __init__(self):
        self.key = None
        self.updated = {}
        self.created = set()
        self.lost = 0
        self.writes = 0
        self.extra = 0

    def learn(self, word, rest):
        if word == "updated":
            writer, phone = rest.split(" ")
            self.updated[writer] = int(phone)
        elif word == "created":
            self.created.add(rest)
        elif word == "key":
            self.key = rest
            return
        else:
            return
        self.writes += 1

    def compare(self, there):
        """Yields what is wrong. Each writer may have been cut off in a write that was not acknowledged yet."""
        phones, names = {}, set()
        for name, phone in there:
            if name in names:
                yield f"{name} is there twice"
            names.add(name)
            if name[0] == "u":
                phones.setdefault(name[1:].split("-")[0], []).append(int(phone))
        for writer, acknowledged in self.updated.items():
            found = phones.get(writer, [0])
            if len(set(found)) != 1:
                yield f"writer {writer} has half of a batch: {sorted(set(found))}"
            if min(found) < acknowledged:
                self.lost += acknowledged - min(found)
                yield f"writer {writer} has {min(found)}, and {acknowledged} was acknowledged"
            elif max(found) > acknowledged + 1:
                yield f"writer {writer} has {max(found)}, and only {acknowledged} was acknowledged"
            self.updated[writer] = max(found)
        missing = self.created - names
        if missing:
            self.lost += len(missing)
            yield f"{len(missing)} created partners are missing, such as {sorted(missing)[0]}"
        found = {name for name in names if name[0] == "c"}
        self.extra += len(found - self.created)
        self.created = found


class Run:
    def __init__(self, options, folder):
        self._options, self._folder = options, folder
        self._random = random.Random(options.seed)
        self.wrong = []
        self.writes = self.lost = self.extra = 0
        self._expected = None

    def go(self):
        for cut in range(self._options.cuts):
            # The control begins anew each time: what it has lost once may be missing for good.
            if self._expected is None or self._expected.key is None or self._options.control or cut % CUTS_OF_A_DISK == 0:
                self._finish(cut)
                self._make_disk()
            self._boot(cut)
            if cut % 10 == 9:
                print(f"{cut + 1} cuts, {self.writes + self._expected.writes:,} acknowledged writes", flush=True)
        self._finish(self._options.cuts)

    def _make_disk(self):
        with open(self._folder / "disk", "wb") as disk:
            disk.truncate(DISK_BYTES)
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", self._folder / "disk"], check=True)
        self._expected = Expected()

    def _boot(self, number):
        """Starts the guest and cuts its power: after some writes or, each fifth time, while it starts."""
        left = self._random.randint(1, MOST_WRITES)
        cuts_start = self._expected.key is not None and self._random.random() < 0.2
        until = None
        guest = self._start(number)
        try:
            for word, *rest in guest.lines():
                if word == "booted" and cuts_start:
                    until = time.monotonic() + self._random.uniform(0, 1.5)
                    break
                self._take(word, *rest)
                left -= word in ("updated", "created")
                if left <= 0:
                    break
            else:
                raise Failure("the guest has ended by itself; see guest.log")
            if until is not None:
                for word, *rest in guest.lines(until):
                    self._take(word, *rest)
        finally:
            guest.cut()
        for word, *rest in guest.said_before_the_cut():
            self._take(word, *rest)

    def _finish(self, number):
        """Looks once more at the disk, and stops the server as one should."""
        if self._expected is None:
            return
        if self._expected.key is not None:
            guest = self._start(number, ROSTER_LAST="yes")
            seen = set()
            try:
                for word, *rest in guest.lines():
                    seen.add(word)
                    self._take(word, *rest)
                    if word in ("stopped", "failed"):
                        break
            finally:
                guest.cut()
            if "there" not in seen:
                self._expected.lost += self._expected.writes
                self._note(f"nothing can be read any more: {self._expected.writes} acknowledged writes")
        self.writes += self._expected.writes
        self.lost += self._expected.lost
        self.extra += self._expected.extra
        self._expected = None

    def _start(self, number, **variables):
        variables |= {"ROSTER_BOOT": number}
        if self._expected.key is not None:
            variables["ROSTER_KEY"] = self._expected.key
        if self._options.control:
            variables["ROSTER_PRELOAD"] = self._folder / "unsynced.so"
        return Guest(self._folder, self._options.server, variables)

    def _take(self, word, rest=""):
        if word in ("failed", "damaged", "no"):
            self._note(f"{word} {rest}")
            if word == "failed" and not self._options.control:
                raise Failure(rest)
        elif word == "there":
            for wrong in self._expected.compare(json.loads(rest)):
                self._note(wrong)
        else:
            self._expected.learn(word, rest)

    def _note(self, wrong):
        self.wrong.append(wrong)
        if not self._options.control:
            print(wrong, file=sys.stderr, flush=True)


def compile_library(folder, name):
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", folder / f"{name}.so", HERE / f"{name}.c", "-ldl"], check=True)


def main():
    parser = argparse.ArgumentParser(description="Cuts the power of a server while it writes, and looks for what it acknowledged.")
    parser.add_argument("--cuts", type=int, default=50, help="how many (default: 50)")
    parser.add_argument("--control", action="store_true", help="the server's flushes do nothing: then it has to lose writes")
    parser.add_argument("--seed", type=int, default=1, help="decides when the power is cut (default: 1)")
    parser.add_argument("--server", type=Path, default=PUBLISHED, help=f"the published server (default: {PUBLISHED})")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the disk and the guest's log")
    options = parser.parse_args()
    options.server = options.server.resolve()
    folder = Path(tempfile.mkdtemp(prefix="roster-power-cut-"))
    run = Run(options, folder)
    begun = time.monotonic()
    failed = None
    try:
        for name in ("xstate", "unsynced"):
            compile_library(folder, name)
        run.go()
    except Failure as failure:
        failed = str(failure)
    seconds = time.monotonic() - begun
    if failed is None and options.control and run.lost == 0:
        failed = "the control has lost nothing, so this test would not notice a loss"
    elif failed is None and not options.control and run.wrong:
        failed = f"{run.lost} acknowledged writes lost, {len(run.wrong)} differences"
    if failed is None and not options.keep:
        shutil.rmtree(folder)
    else:
        print(f"see {folder}", file=sys.stderr)
    what = f"{options.cuts} cuts, {run.writes:,} acknowledged writes"
    if failed is not None:
        print(f"power-cut: FAILED: {failed} ({what}, {seconds:.0f} s)")
        sys.exit(1)
    if options.control:
        print(f"power-cut: control without flushes: {what}: {run.lost:,} lost, as it has to ({seconds:.0f} s)")
    else:
        print(f"power-cut: {what}: nothing lost, nothing half there; {run.extra} more were on their way ({seconds:.0f} s)")


main()
