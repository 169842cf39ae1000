#!/usr/bin/env python3
"""Copies a file without what differs from one build to the next although nothing is different: same-bytes.py FROM TO

NuGet packages: the entries' times, their order, and a random name and id. CycloneDX: the time, and a random serial number.
"""

import json
import os
import re
import sys
import time
import zipfile

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


def package(source, target):
    """Their contents stay as NuGet has made them, but for names and ids in the two files that describe the container."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        entries = {}
        for entry in old.namelist():
            name = re.sub(r"[0-9a-f]{32}\.psmdcp$", "core.psmdcp", entry)
            content = old.read(entry)
            if name == "_rels/.rels":
                content = re.sub(rb"[0-9a-f]{32}\.psmdcp", b"core.psmdcp", content)
                count = iter(range(1, 10))
                content = re.sub(rb'Id="R[0-9A-F]{16}"', lambda _: b'Id="R%d"' % next(count), content)
            entries[name] = content
        for name, content in sorted(entries.items()):
            info = zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, content)


def bill(source, target):
    with open(source, encoding="utf-8") as file:
        document = json.load(file)
    document.pop("serialNumber", None)
    document["metadata"].pop("timestamp", None)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
        file.write("\n")


(bill if sys.argv[1].endswith(".json") else package)(sys.argv[1], sys.argv[2])
