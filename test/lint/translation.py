#!/usr/bin/env python3
"""README.ru.md has what README.md has, section by section, as far as that can be compared.

That is: headings, tables with their columns and rows, lists, code (but for what comments
say), links, also those within the page, and SQLSTATEs.
"""

import re
import sys
from pathlib import Path

ORIGINAL, TRANSLATION = NAMES = "README.md", "README.ru.md"
HEADING = re.compile(r"(#+) (.+)")
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SQLSTATE = re.compile(r"\b(?:[0-5][0-9]|HV)[0-9A-Z]{3}\b")
COMMENT = re.compile(r"\s*(?:--|#) .*$", re.M)


class Section:
    """A heading, and what is below it up to the next."""

    def __init__(self, line=1, level=0, title=""):
        self.line, self.level, self.title = line, level, title
        self.text = title + "\n"
        self.rows = []          # of tables, as lists of cells
        self.code = []          # blocks; of those that are indented, each line

    def add(self, line):
        self.text += line + "\n"
        if line.startswith("|"):
            self.rows.append(re.split(r"(?<!\\)\|", line)[1:-1])


def sections(text):
    found, block = [Section()], None
    for number, line in enumerate(text.splitlines(), 1):
        if block is not None:
            block.append(line)
            if line == "```":
                found[-1].code.append("\n".join(block))
                block = None
        elif line.startswith("```"):
            block = [line]
        elif line.startswith("    "):
            found[-1].code.append(line)
        elif HEADING.fullmatch(line):
            marks, title = HEADING.fullmatch(line).groups()
            found.append(Section(number, len(marks), title))
        else:
            found[-1].add(line)
    return found


def places(found):
    """What links within the page lead to, as GitHub names it -> the section's number."""
    return {"#" + re.sub(r"[^\w -]", "", section.title.lower()).replace(" ", "-"): number
            for number, section in enumerate(found)}


def leads(link, within, root):
    """Whether a link leads anywhere; of other hosts that is not asked."""
    if link.startswith("#"):
        return link in within
    return "://" in link or Path(root, link.split("#")[0]).exists()


def target(link, within):
    """Where a link leads, in words that are those of both languages."""
    if link in NAMES:
        return "the other README"
    return f"section {within[link]}" if link in within else link.replace(".ru.svg", ".svg")


def aspects(section, within):
    """What it is -> how it is there: what is to be the same in both."""
    text = section.text
    return {
        "level": [str(section.level)],
        "code blocks": [COMMENT.sub("", block) for block in section.code],
        "cells": [f"{number}: {' '.join(sorted(CODE.findall(cell)) + SQLSTATE.findall(cell))}"
                  for row in section.rows for number, cell in enumerate(row, 1)],
        "items": re.findall(r"^ *- ", text, re.M),
        "bold": re.findall(r"\*\*(?=\w)", text),
        "links": sorted(target(link, within) for link in LINK.findall(text)),
        "code": sorted(set(CODE.findall(re.sub(r"\s+", " ", text)))),
        "SQLSTATEs": sorted(set(SQLSTATE.findall(text))),
        "comments": re.findall(r"<!--.*?-->", text),
    }


def difference(ours, theirs):
    """The first thing that one list has where the other has something else."""
    for mine, yours in zip(ours + ["nothing"], theirs + ["nothing"]):
        if mine != yours:
            return mine, yours
    return None


def faults(root):
    """(file, line, what is wrong)"""
    both = [sections(Path(root, name).read_text(encoding="utf-8")) for name in NAMES]
    within = [places(found) for found in both]
    for name, found, here in zip(NAMES, both, within):
        for section in found:
            for link in LINK.findall(section.text):
                if not leads(link, here, root):
                    yield name, section.line, f"{link} leads nowhere"
    if len(both[0]) != len(both[1]):
        yield TRANSLATION, 1, (f"has {len(both[1]) - 1} headings, and {ORIGINAL} "
                               f"{len(both[0]) - 1}")
    for mine, yours in zip(*both):
        ours, theirs = aspects(mine, within[0]), aspects(yours, within[1])
        for what in ours:
            differ = difference(ours[what], theirs[what])
            if differ:
                yield TRANSLATION, yours.line, (f"\"{yours.title}\" differs in its {what}: "
                                                f"{differ[1]}, and in {ORIGINAL} {differ[0]}")


def main(root):
    if not Path(root, TRANSLATION).exists():
        return False
    found = list(faults(root))
    for name, line, words in found:
        print(f"{name}:{line}: {words}")
    if found:
        print("(who changes the one README changes the other)")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
