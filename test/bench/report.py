#!/usr/bin/env python3
"""Reports what measure.py has measured.

    report.py FOLDER MACHINE

Reads FOLDER/samples.json and writes report.md; curves.tsv, which doc/curves.gnuplot
draws; and what README.md and README.ru.md say of it.  Prints the report too.  MACHINE
is a line about where it was measured.  Fails when a limit was missed and STRICT is set.
"""

import json
import os
import sys
from datetime import date
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import NamedTuple

FOLDER, MACHINE = Path(sys.argv[1]), sys.argv[2]
SAMPLES = json.loads(Path(FOLDER, "samples.json").read_text())
MEDIANS = {name: median(values) for name, values in SAMPLES.items()}
SIZES = (1, 1_000, 10_000, 100_000, 1_000_000)


class Line(NamedTuple):
    """A promise: what is compared, and what may come of it at most."""
    what: str
    subject: str
    against: str            # more than one: "a + b"; none: ""
    limit: float | None
    unit: str = "ms"
    how: str = "times"      # or "more", "count"
    scale: tuple = (1, 1)


PROMISES = [
    Line("point query, prepared, in the server; against libcurl",
         "point sql", "point libcurl", 1.15),
    Line("... of an account that takes a millisecond; against libcurl",
         "near sql", "near libcurl", 1.15),
    Line("100,000 lists, all columns; against libcurl and a tree of json-c",
         "scan 100000 sql", "scan 100000 tree", 0.35),
    Line("a row of 1,000,000 lists; against one of 10,000",
         "scan 1000000 sql", "scan 10000 sql", 1.15, "µs", scale=(1e-3, 1e-1)),
    Line("peak memory with 1,000,000 lists; above that with 1,000",
         "memory 1000000", "memory 1000", 8, "MB", "more"),
    Line("`LIMIT 1` of 1,000,000 lists; against 1,000",
         "limit 1000000 sql", "limit 1000 sql", 2),
    Line("1,000 INSERTs in a transaction; against libcurl and local INSERTs",
         "insert sql", "insert libcurl + insert local", 1.5),
    Line("... POSTs", "insert posts", "", 20, "", "count"),
    Line("one of 100,000 changes of a row; against one of 10,000",
         "changes 100000", "changes 10000", 1.2, "µs", scale=(1e3, 1e3)),
    Line("one of 20,000 blocks that are rolled back; against one of 2,000",
         "blocks 20000", "blocks 2000", 1.2, "µs", scale=(1e3, 1e3)),
    Line("one of 320 INSERTs of 50 rows sent at once; against one of 32",
         "at once 320", "at once 32", 1.2, "µs", scale=(1e3, 1e3)),
    Line("... while 100,000 changes wait for COMMIT; against 1,000",
         "among 100000", "among 1000", 1.5, "µs", scale=(1e3, 1e3)),
    Line("peak memory with 200,000 COMMITs of a procedure; above 2,000",
         "memory commits 200000", "memory commits 2000", 1, "MB", "more"),
    Line("32 accounts with a latency of 50 ms; against one",
         "accounts 32", "accounts 1", 2),
    *(Line(f"requests a second of 32 sessions, of {limit} that an account takes",
           f"pace {limit}", f"limit of pace {limit}", 1, "") for limit in (7, 50, 1000)),
    Line("join with 1,000 local rows: GETs", "join 1000", "", 1, "", "count"),
    Line("join with 2 local rows: GETs", "join 2", "", 2, "", "count"),
]

# Not promised, but of use to who reads the above.
BESIDE = [
    Line("point query as pgbench sees it; against libcurl",
         "point client", "point libcurl", None),
    Line("point query; against libcurl and the same query, asking for nothing",
         "point sql", "point libcurl + point nothing", None),
    Line("query of a local table as pgbench sees it; against libcurl",
         "point local", "point libcurl", None),
    Line("1,000 rows by one INSERT ... SELECT; against libcurl",
         "insert select", "insert libcurl", None),
    Line("1,000 INSERTs into a local table; against libcurl",
         "insert local", "insert libcurl", None),
    Line("1,000 INSERTs; against libcurl alone",
         "insert sql", "insert libcurl", None),
]


# What the READMEs say.
BRIEF = {
    "README.md": """\
- One list, asked for by its id, takes {point sql}, which is {point} times what libcurl
  takes for the same request; {near} times where the account needs a millisecond.
- 100,000 lists take {scan 100000 sql}; libcurl and a tree of json-c take {scan 100000 tree}. The session's
  memory is {memory 1000} with 1,000 lists, and {memory 1000000} with 1,000,000.
- 1,000 INSERTs in a transaction are {insert posts} POSTs, which take {insert sql}; 32 accounts that
  answer after 50 ms are read in {accounts 32}.
""",
    "README.ru.md": """\
- Один список по его id читается за {point sql}: в {point} раза дольше, чем тот же запрос
  выполняет libcurl; в {near} раза, если аккаунт отвечает через миллисекунду.
- 100 000 списков читаются за {scan 100000 sql}; libcurl с деревом json-c тратит {scan 100000 tree}. Сеанс
  занимает {memory 1000} памяти с 1000 списков и {memory 1000000} с 1 000 000.
- 1000 команд INSERT в одной транзакции — это {insert posts} запросов POST и {insert sql}; 32 аккаунта,
  отвечающие через 50 мс, читаются за {accounts 32}.
""",
}


def result(line):
    """The two values and what comes of them."""
    value = MEDIANS[line.subject] * line.scale[0]
    if line.how == "count":
        return value, None, value
    against = sum(MEDIANS[name] for name in line.against.split(" + "))
    against *= line.scale[1]
    return value, against, (value / against if line.how == "times"
                            else value - against)


def number(value, unit=""):
    """With three digits that mean something."""
    if value is None:
        return ""
    digits = 0 if value == int(value) or value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def table(head, rows):
    """Markdown, with columns that line up for who reads the source."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    rows.insert(1, ["-" * (width - (i > 0)) + ":" * (i > 0)
                    for i, width in enumerate(widths)])
    return "".join(
        "| " + " | ".join(cell.rjust(width) if i else cell.ljust(width)
                          for i, (cell, width) in enumerate(zip(row, widths)))
        + " |\n" for row in rows)


def met(line):
    return line.limit is None or result(line)[2] <= line.limit


def promise(line):
    value, against, outcome = result(line)
    said = {"times": "{:.2f}", "more": "{:+.2f} MB", "count": "{:.0f}"}[line.how]
    cells = [line.what, number(value, line.unit), number(against, line.unit),
             said.format(round(outcome, 2) + 0)]     # + 0: not -0.00
    if line.limit is not None:
        cells += [said.format(line.limit), "yes" if met(line) else "NO"]
    return cells


def scan(size):
    transfer, tree, sql = (MEDIANS.get(f"scan {size} {way}")
                           for way in ("transfer", "tree", "sql"))
    return [number(size), number(transfer, "ms"), number(tree, "ms"),
            number(sql, "ms"), f"{sql / tree:.2f}" if tree else "",
            number(1000 * sql / size, "µs"), number(MEDIANS[f"memory {size}"], "MB"),
            number(MEDIANS[f"limit {size} sql"], "ms")]


def report():
    rounds = min(len(SAMPLES[line.subject])
                 for line in PROMISES if line.unit in ("ms", "µs"))
    return "\n".join([
        fill(f"Measured by `make bench` on {date.today()}: {MACHINE}. Times are "
             f"medians of at least {rounds} rounds, in which what is compared takes turns.", 80) + "\n",
        table(["what; against what", "measured", "against", "result", "at most",
               "met"], map(promise, PROMISES)),
        table(["beside", "measured", "against", "result"], map(promise, BESIDE)),
        fill("Scans with all columns: the bare transfer by libcurl; libcurl and a "
             "tree of json-c of the whole reply (the last: once); and SQL.", 80) + "\n",
        table(["lists", "transfer", "tree", "SQL", "SQL / tree", "a row",
               "peak memory", "`LIMIT 1`"], map(scan, SIZES))])


def brief(readme):
    """In the words of its language, and with numbers as they are written there."""
    said = {name: number(value, "MB" if name.startswith("memory") else "ms")
            for name, value in MEDIANS.items()}
    for name in ("point", "near"):
        said[name] = f"{MEDIANS[f'{name} sql'] / MEDIANS[f'{name} libcurl']:.2f}"
    said["insert posts"] = number(MEDIANS["insert posts"])
    if readme == "README.ru.md":
        russian = str.maketrans({",": " ", ".": ",", "m": "м", "s": "с", "M": "М", "B": "Б"})
        said = {name: words.translate(russian) for name, words in said.items()}
    return BRIEF[readme].format_map(said)


def curves():
    rows = [["lists", "transfer", "tree", "sql", "memory"]]
    for size in SIZES:
        names = [f"scan {size} {way}" for way in ("transfer", "tree", "sql")]
        rows.append([str(size), *(f"{float(f'{MEDIANS[name]:.4g}'):g}" if name in MEDIANS
                                  else "?" for name in [*names, f"memory {size}"])])
    return "".join("\t".join(row) + "\n" for row in rows)


Path(FOLDER, "report.md").write_text(report(), encoding="utf-8")
Path(FOLDER, "curves.tsv").write_text(curves())
for readme in BRIEF:
    Path(FOLDER, readme).write_text(brief(readme), encoding="utf-8")
print(report(), end="")
missed = [line.what for line in PROMISES if not met(line)]
if missed:
    print(f"\n{len(missed)} of {len(PROMISES)} limits missed.")
sys.exit(1 if missed and os.environ.get("STRICT") else 0)
