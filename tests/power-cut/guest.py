"""Runs in the guest: starts the server, says what it finds there, and writes until the power is cut. Talks in lines to power_cut.py."""

import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import traceback
import tty

PORT = 5080
FOLDER = "/mnt/data"
PARTNERS_EACH = 20
KEY = re.compile(r"roster_[0-9A-Za-z]{38}")

line = os.open("/dev/ttyS0", os.O_WRONLY)
tty.setraw(line)
talking = threading.Lock()


def say(*words):
    text = (" ".join(str(word) for word in words) + "\n").encode()
    with talking:
        while text:
            text = text[os.write(line, text):]


class Client:
    def __init__(self, key):
        self._key = key
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)

    def send(self, method, path, body=None):
        self._connection.request(method, path, None if body is None else json.dumps(body), {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/json", "Accept": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:500]!r}")
        return json.loads(answer), response.headers


def start(server, environment):
    process = subprocess.Popen(
        [server, "--database", f"sqlite:{FOLDER}/roster.db", "--urls", f"http://127.0.0.1:{PORT}",
         "--rows-per-minute", "0", "--log-format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/run", env=environment)
    log = []
    for text in process.stderr:
        log.append(text)
        if "Listening on http" in text:
            # Nobody reads further, so the rest goes nowhere.
            threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
            return process
    raise RuntimeError("the server does not start: " + "".join(log)[-1500:])


def first_key(process):
    for text in process.stdout:
        found = KEY.search(text)
        if found:
            return found.group()
    raise RuntimeError("the first start shows no key")


def read_all(client):
    partners, path = [], "/api/partners?take=10000"
    while path:
        page, headers = client.send("GET", path)
        partners += page
        path = next(iter(re.findall("<([^>]*)>", headers.get("Link", ""))), None)
    return partners


def update(number, key, partners):
    """Gives all partners of this writer the next number, in one request, again and again."""
    client = Client(key)
    own = [one["id"] for one in partners if one["name"].startswith(f"u{number}-")]
    last = max((int(one["phone"]) for one in partners if one["name"].startswith(f"u{number}-")), default=0)
    for phone in itertools.count(last + 1):
        if own:
            items = [{"id": one, "phone": str(phone)} for one in own]
        else:
            items = [{"name": f"u{number}-{index}", "phone": str(phone)} for index in range(PARTNERS_EACH)]
        own = [one["id"] for one in client.send("PUT", "/api/partners", items)[0]]
        say("updated", number, phone)


def create(number, key, boot):
    client = Client(key)
    for index in itertools.count():
        name = f"c{boot}-{number}-{index}"
        client.send("PUT", "/api/partners", [{"name": name, "phone": "0"}])
        say("created", name)


def guarded(work, *arguments):
    try:
        work(*arguments)
    except Exception:
        say("failed", json.dumps(traceback.format_exc()))


def main():
    server = os.environ["ROSTER_SERVER"]
    key = os.environ.get("ROSTER_KEY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROSTER_")}
    # The guest has little memory.
    environment["DOTNET_GCHeapHardLimit"] = "0x10000000"
    say("booted")
    if key:
        check = subprocess.run([server, "check", "--database", f"sqlite:{FOLDER}/roster.db"],
                               capture_output=True, text=True, cwd="/run", env=environment)
        if check.returncode != 0:
            say("damaged", json.dumps(check.stdout + check.stderr))
    if "ROSTER_PRELOAD" in os.environ:
        environment["LD_PRELOAD"] = os.environ["ROSTER_PRELOAD"]
    process = start(server, environment)
    if not key:
        key = first_key(process)
        say("key", key)
    partners = read_all(Client(key))
    say("there", json.dumps([[one["name"], one["phone"]] for one in partners]))
    if "ROSTER_LAST" in os.environ:
        process.terminate()
        say("stopped", process.wait())
        return
    writers = [threading.Thread(target=guarded, args=(update, number, key, partners)) for number in range(2)]
    writers += [threading.Thread(target=guarded, args=(create, number, key, os.environ["ROSTER_BOOT"])) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


guarded(main)
