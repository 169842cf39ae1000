"""The published server as its own process, for the commands here."""
import os
import re
import subprocess
import threading

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "artifacts/bench/server/Roster.Server")


class Server:
    """A server on an SQLite database of its own in a folder, if the settings name none, with its metrics, if it has some."""

    def __init__(self, command, folder, *settings, metrics=True):
        self.data = os.path.join(folder, "data")
        # The first key is printed before it says that it listens.
        out = os.path.join(folder, "out")
        self.process = subprocess.Popen(
            [*(os.path.abspath(part) if os.path.exists(part) else part for part in command),
             "--urls", "http://127.0.0.1:0", *(("--metrics-urls", "http://127.0.0.1:0") if metrics else ()), "--log-format", "text",
             *(() if "--database" in settings else ("--database", f"sqlite:{self.data}/roster.db")), "--rows-per-minute", "0",
             *settings],
            cwd=folder, stdout=open(out, "w"), stderr=subprocess.PIPE, text=True)
        self.said, listens = [], threading.Event()
        threading.Thread(target=self.hear, args=(listens,), daemon=True).start()
        listens.wait(60)
        text = "".join(self.said)
        assert "Listening on" in text, f"The server did not start: {text}"
        self.port = int(re.search(r"Listening on http://127\.0\.0\.1:(\d+)", text).group(1))
        if metrics:
            self.metrics_port = int(re.search(r"served at http://127\.0\.0\.1:(\d+)", text).group(1))
        self.key = re.search("roster_[0-9A-Za-z]{38}", open(out).read()).group(0)

    def hear(self, listens):
        """Reads the log to its end, and leaves out the lines of requests."""
        for line in self.process.stderr:
            if "Roster[6010]" not in line:
                self.said.append(line)
            if "Listening on" in line:
                listens.set()
        listens.set()

    def status(self, field):
        """A number of /proc/PID/status: memory in bytes, or a count."""
        value = next(line for line in open(f"/proc/{self.process.pid}/status") if line.startswith(field + ":")).split()[1:]
        return int(value[0]) * (1024 if value[1:] == ["kB"] else 1)

    def stop(self):
        """Returns the exit code."""
        self.process.terminate()
        return self.process.wait(60)


def percentile(times, part):
    """Of seconds, in milliseconds."""
    times = sorted(times)
    return times[min(len(times) - 1, int(part * len(times)))] * 1000 if times else 0
