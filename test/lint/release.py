#!/usr/bin/env python3
"""The version is that of the control file, and META.json is as PGXN wants it."""

import json
import os
import re
import sys

SEMANTIC = re.compile(r"\d+\.\d+\.\d+\Z")
REQUIRED = ("name", "version", "abstract", "maintainer", "license", "provides",
            "meta-spec")


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return file.read()


def control_version(root):
    found = re.search(r"^default_version\s*=\s*'([^']+)'",
                      read(root, "catalogs_fdw.control"), re.M)
    return found.group(1) if found else None


def faults_of_meta(root, version):
    """What is wrong with META.json."""
    try:
        meta = json.loads(read(root, "META.json"))
    except ValueError as error:
        yield f"is not JSON: {error}"
        return
    for key in REQUIRED:
        if not meta.get(key):
            yield f"{key} is missing"
    parts = meta.get("provides") or {}
    for name, part in [("", meta)] + sorted(parts.items()):
        if not SEMANTIC.match(str(part.get("version"))):
            yield f"version of \"{name}\" is not semantic"
        elif part["version"] != version + ".0":
            yield f"version of \"{name}\" is not {version}.0"
    for name, part in sorted(parts.items()):
        for key in ("file", "docfile"):
            if key in part and not os.path.exists(
                    os.path.join(root, part[key])):
                yield f"{part[key]} of \"{name}\" is not there"
        if "file" not in part:
            yield f"file of \"{name}\" is missing"


def faults(root):
    """(file, what is wrong)"""
    version = control_version(root)
    if version is None:
        yield "catalogs_fdw.control", "has no default_version"
        return
    script = f"src/catalogs_fdw--{version}.sql"
    if not os.path.exists(os.path.join(root, script)):
        yield "catalogs_fdw.control", f"there is no {script}"
    for words in faults_of_meta(root, version):
        yield "META.json", words
    found = re.search(r"^## (\S+)", read(root, "CHANGELOG.md"), re.M)
    if not found or found.group(1) != version:
        yield "CHANGELOG.md", f"does not begin with {version}"


def main(root):
    found = list(faults(root))
    for name, words in found:
        print(f"{name}:1: {words}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
