#!/usr/bin/env python3
"""The pictures are those of what they are made of, by the hash that doc/draw puts in."""

import runpy
import sys
from pathlib import Path

DRAW = runpy.run_path(str(Path(__file__).resolve().parents[2] / "doc/draw"))


def faults(folder):
    """(picture, what is wrong)"""
    pictures = DRAW["pictures"](folder)
    for source, picture in pictures:
        if not picture.exists():
            yield picture, "is not there"
        elif DRAW["mark"](source, picture) not in picture.read_text(encoding="utf-8"):
            yield picture, f"was drawn when {source.name}, or what goes with it, was another"
    for picture in set(folder.glob("*.svg")) - {picture for _, picture in pictures}:
        yield picture, "is made of nothing"


def main(root):
    folder = Path(root, "doc")
    found = list(faults(folder)) if folder.exists() else []
    for picture, words in found:
        print(f"doc/{picture.name}: {words} (make pictures draws them)")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
