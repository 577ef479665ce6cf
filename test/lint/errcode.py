#!/usr/bin/env python3
"""Every ereport that a user can meet says its SQLSTATE."""

import re
import sys

import csource

# What is at these levels has no SQLSTATE that anyone could act on.
QUIET = re.compile(r"(DEBUG[1-5]|LOG|LOG_SERVER_ONLY|INFO|NOTICE)\Z")


def main(root):
    wrong = 0
    for path, text in csource.sources(root):
        for call in csource.calls(text, "ereport|ereport_domain|errsave"):
            level = call.arguments.partition(",")[0].strip()
            if QUIET.match(level) or re.search(r"\berrcode\w*\s*\(",
                                               call.arguments):
                continue
            print(f"{path}:{call.line}: {call.name}({level}, ...) without"
                  " errcode")
            wrong += 1
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
