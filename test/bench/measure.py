#!/usr/bin/env python3
"""Measures the wrapper beside programs that do the same by hand.

    measure.py FOLDER PORT

FOLDER holds the programs, and nginx's logs; PORT is nginx's.  PGHOST and the
like name the cluster.  Writes FOLDER/samples.json: of each subject, what it
took in each round.  Times are milliseconds for one of what the subject does.

The subjects of a group are what is to be compared, so they take turns, and each
goes first in turn: all meet the same machine.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER, PORT = Path(sys.argv[1]), sys.argv[2]
MOST_ROUNDS = int(os.environ.get("ROUNDS") or 100)

# How many lists, and how many scans of so many one round has.
SIZES = {1: 300, 1_000: 50, 10_000: 10, 100_000: 3, 1_000_000: 1}

# Requests that an account takes in a second.
LIMITS = 7, 50, 1000

# A tree of the largest reply takes json-c long, and some 4 GB: once is enough,
# and only where there is the memory for it.
LARGEST = max(SIZES)
MEMORY_FREE = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


# How to measure

def run(*command, **options):
    return subprocess.run(command, check=True, text=True,
                          stdout=subprocess.PIPE, **options).stdout


def program(name, path, times, *arguments):
    """One of the C programs: it warms up and counts by itself."""
    def measure():
        output = run(FOLDER / name, f"http://127.0.0.1:{PORT}{path}",
                     "bench-token", str(times), *arguments)
        return float(output.split()[0]) / times
    return measure


def pgbench(sql, times):
    """A prepared statement, by pgbench's own log; its first run warms up."""
    def measure():
        script = FOLDER / "script.sql"
        script.write_text(sql + ";\n", encoding="utf-8")
        for log in FOLDER.glob("pgbench_log.*"):
            log.unlink()
        run("pgbench", "-n", "-M", "prepared", "-t", str(times + 1), "-f", script,
            "-l", f"--log-prefix={FOLDER}/pgbench_log", stderr=subprocess.STDOUT)
        log, = FOLDER.glob("pgbench_log.*")
        microseconds = [int(line.split()[2])
                        for line in log.read_text().splitlines()]
        return sum(microseconds[1:]) / times / 1000
    return measure


def psql(*statements):
    """In a session of its own; what the last one returns."""
    commands = [word for sql in statements for word in ("-c", sql)]
    return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *commands).strip()


def in_server(call, times):
    """A function that does something so many times and takes the time itself."""
    return lambda: float(psql(f"SELECT {call}({times})")) / times


def kept(call, argument, times=None):
    """The same, in a transaction whose changes are forgotten at its end."""
    return lambda: float(psql(
        "SET catalogs_fdw.max_pending_changes = 1000000", "BEGIN",
        f"SELECT {call}({argument})", "SET client_min_messages = error",
        "ROLLBACK").split()[-1]) / (times or argument)


def memory(sql):
    """The peak of a new server process, in MB."""
    return lambda: int(psql(
        sql, "SELECT substring(pg_read_file('/proc/self/status')"
             " FROM 'VmHWM:\\s+(\\d+) kB')").split()[-1]) / 1024


def rate(sql, seconds):
    """Of a statement in 32 sessions, how many a second; the first one, in which an
    account that was idle is asked at once, does not count."""
    def measure():
        script = FOLDER / "script.sql"
        script.write_text(sql + ";\n", encoding="utf-8")
        for log in FOLDER.glob("pgbench_log.*"):
            log.unlink()
        run("pgbench", "-n", "-c", "32", "-j", "2", "-T", str(seconds), "-f", script,
            "-l", f"--log-prefix={FOLDER}/pgbench_log", stderr=subprocess.STDOUT)
        ends = sorted(int(line.split()[4]) + int(line.split()[5]) / 1e6
                      for log in FOLDER.glob("pgbench_log.*")
                      for line in log.read_text().splitlines())
        later = [end for end in ends if ends[0] + 1 < end <= ends[0] + seconds - 1]
        return len(later) / (seconds - 2)
    return measure


def requests(sql):
    """How many requests a statement makes in a new session."""
    log = FOLDER / "logs/requests"

    def measure():
        before = log.stat().st_size
        psql(sql)
        time.sleep(0.3)         # nginx writes its log after the reply
        return log.read_bytes()[before:].count(b"\n")
    return measure


# What to measure

INSERT_SELECT = """INSERT INTO {} (name, type)
    SELECT 'Каталог ' || i, 'regular' FROM generate_series(1, 1000) i"""
JOIN = "SELECT count(c.name) FROM local_{} JOIN lists_1000 c USING (id)"
LIMIT_1 = "SELECT * FROM lists_{} LIMIT 1"
# Every row is made, with all its columns, and none is sent to the client.
ALL = "SELECT * FROM lists_{} OFFSET 1000000000"


def scans():
    for size, times in SIZES.items():
        yield f"scan {size} transfer", program("point_get", f"/{size}", times)
        if size < LARGEST:
            yield f"scan {size} tree", program("parse_get", f"/{size}", times)
        yield f"scan {size} sql", pgbench(ALL.format(size), times)


# Rounds, and what takes turns in each.
GROUPS = [
    (21, {"point libcurl": program("point_get", "/1000?id=500", 300),
          "point sql": in_server("point_queries", 300),
          "point nothing": in_server("point_queries_for_nothing", 300),
          "point client": pgbench("SELECT name FROM lists_1000 WHERE id = 500", 300),
          "point local": pgbench("SELECT id FROM local_2 WHERE id = 401", 300)}),
    (21, {"near libcurl": program("point_get", "/near/1000?id=500", 300),
          "near sql": in_server("point_queries_near", 300)}),
    (11, {"insert libcurl": program("post_bodies", "/post", 10, FOLDER / "logs/bodies"),
          "insert sql": pgbench("SELECT insert_one_by_one('post', 1000)", 10),
          "insert select": pgbench(INSERT_SELECT.format("post"), 10),
          "insert local": pgbench("SELECT insert_one_by_one('local', 1000)", 10)}),
    (5, dict(scans())),
    (MEMORY_FREE > 6e9 and 1,
     {f"scan {LARGEST} tree": program("parse_get", f"/{LARGEST}", 1)}),
    (9, {f"limit {size} sql": pgbench(LIMIT_1.format(size), 50) for size in SIZES}),
    (5, {"accounts 1": pgbench("SELECT * FROM account_1", 5),
         "accounts 32": pgbench("SELECT * FROM accounts", 5)}),
    (1, {f"pace {limit}": rate(f"SELECT * FROM paced_{limit}", 12) for limit in LIMITS}),
    (1, {f"limit of pace {limit}": lambda limit=limit: limit for limit in LIMITS}),
    (5, {f"memory {size}": memory(ALL.format(size)) for size in SIZES}),
    (5, {f"changes {n}": kept("change", n) for n in (10_000, 100_000)}),
    (5, {f"blocks {n}": kept("change_in_blocks", n) for n in (2_000, 20_000)}),
    (5, {f"at once {n}": kept("insert_at_once", n) for n in (32, 320)}),
    (5, {f"among {n}": kept("insert_among", n, 100) for n in (1_000, 100_000)}),
    (1, {f"memory commits {n}": memory(f"CALL commit_often({n})")
         for n in (2_000, 200_000)}),
    (1, {"join 2": requests(JOIN.format(2)),
         "join 1000": requests(JOIN.format(1000)),
         "insert posts": requests("SELECT insert_one_by_one('post', 1000)")}),
]


def measure_all():
    samples = {}
    for rounds, group in GROUPS:
        for turn in range(min(rounds, MOST_ROUNDS)):
            for name in sorted(group, reverse=turn % 2):
                samples.setdefault(name, []).append(group[name]())
        for name in group:
            print(f"{name:20}",
                  *(f"{value:10.3f}" for value in samples.get(name, ())), flush=True)
    return samples


psql(INSERT_SELECT.format("record"))    # writes the bodies for post_bodies
Path(FOLDER, "samples.json").write_text(json.dumps(measure_all(), indent=1))
