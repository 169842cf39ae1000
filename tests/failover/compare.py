"""What the servers have at the end, against what they answered."""

import collections
import dataclasses
import json

from cluster import Failure
from workload import ACKNOWLEDGED, REFUSED, UNKNOWN


@dataclasses.dataclass
class Findings:
    problems: list
    unknown_there: dict  # how many writes of unknown outcome turned out to be there, by kind


def compare(writers, writes, partners, last_revision):
    """
    writers: with the ids of their own partners. writes: all of them, in the order of sending.
    partners: the whole directory at the end. last_revision: its newest, which no write in writes has made.
    """
    problems = []
    by_name = collections.defaultdict(list)
    for partner in partners:
        by_name[partner["name"]].append(partner)
    phones = {partner["id"]: partner["phone"] for partner in partners}
    for writer in writers:
        problems += compare_updates(writer, writes, phones)
    problems += compare_creates(writes, by_name)
    problems += compare_names(writers, writes, by_name)
    revision_problems, unknown_there = compare_revisions(writes, by_name, last_revision)
    return Findings(problems + revision_problems, unknown_there)


def compare_updates(writer, writes, phones):
    """All partners of the writer have one value, which is the last acknowledged one or a later one of unknown outcome."""
    found = collections.Counter(phones.get(own, "missing") for own in writer.own)
    if len(found) > 1:
        return [f"writer {writer.number}: half a batch is there: {dict(found)}"]
    phone = next(iter(found))
    updates = [write for write in writes if write.kind == "update" and write.writer == writer.number]
    outcomes = {write.value: write.outcome for write in updates} | {"0": ACKNOWLEDGED}
    last = max((int(write.value) for write in updates if write.outcome == ACKNOWLEDGED), default=0)
    if phone not in outcomes:
        return [f"writer {writer.number}: its partners have {phone!r}, which it never wrote"]
    if int(phone) < last:
        return [f"writer {writer.number}: lost: {last} was acknowledged, but its partners have {phone}"]
    if outcomes[phone] == REFUSED:
        return [f"writer {writer.number}: its partners have {phone}, which was refused"]
    return []


def compare_creates(writes, by_name):
    problems = []
    for write in writes:
        if write.kind != "create":
            continue
        there = by_name.get(write.value, [])
        if len(there) > 1:
            problems.append(f"{write.value} is there {len(there)} times, its create was {write.outcome}")
        elif there and write.outcome == REFUSED:
            problems.append(f"{write.value} is there, but its create was refused with {write.code}")
        elif write.outcome == ACKNOWLEDGED and not there:
            problems.append(f"{write.value} was acknowledged with revision {write.revision} and is lost")
        elif write.outcome == ACKNOWLEDGED and (there[0]["id"], there[0]["revision"]) != (write.ids[0], write.revision):
            problems.append(f"{write.value} was acknowledged as {write.ids[0]} with revision {write.revision}, "
                            f"but is {there[0]['id']} with {there[0]['revision']}")
    return problems


def compare_names(writers, writes, by_name):
    known = {write.value for write in writes if write.kind == "create"}
    known |= {f"w{writer.number}-own-{index:02}" for writer in writers for index in range(len(writer.own))}
    return [f"{name} is there, which nobody sent" for name in by_name if name not in known]


def compare_revisions(writes, by_name, last_revision):
    """
    Revisions count up by one, so one that no acknowledgement names was made by a write of unknown outcome: more such
    revisions than such writes are writes that were refused or made twice, even where later ones have covered them.
    """
    acknowledged = collections.Counter(write.revision for write in writes if write.outcome == ACKNOWLEDGED)
    problems = [f"revision {revision} was acknowledged {times} times"
                for revision, times in acknowledged.items() if times > 1]
    problems += [f"revision {revision} was acknowledged, but the newest is {last_revision}"
                 for revision in acknowledged if revision >= last_revision]
    unknown = collections.Counter(write.kind for write in writes if write.outcome == UNKNOWN)
    created = sum(1 for write in writes if write.kind == "create" and write.outcome == UNKNOWN and write.value in by_name)
    updated = last_revision - 1 - len(acknowledged) - created
    if not 0 <= updated <= unknown["update"]:
        problems.append(f"{last_revision - 1} revisions were made: {len(acknowledged)} acknowledged, {created} creates of "
                        f"unknown outcome, which leaves {updated} for the {unknown['update']} updates of unknown outcome")
    return problems, {"create": created, "update": updated}


def read_partners(client):
    """The whole directory, oldest first."""
    status, _, body = client.send("GET", "/api/partners?sort=asc&include=revision", accept="application/x-ndjson")
    if status != 200:
        raise Failure(f"the list was answered with {status}: {body[:300]}")
    return [json.loads(line) for line in body.splitlines()]
