#!/usr/bin/env python3
"""README.md's tables of options, columns and SQLSTATEs say what the code says.

That is: the options of option.c, with their places and defaults; the columns of
resource.c, and who may write them; those of each function of the extension's script;
the SQLSTATEs that are raised.  The settings have no table, but have to be named.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import csource

README = "README.md"
CODE = re.compile(r"`([^`]+)`")
PLACES = {"ON_SERVER": "server", "ON_TABLE": "table", "ON_USER": "user mapping",
          "ON_COLUMN": "column", "ON_IMPORT": "IMPORT FOREIGN SCHEMA"}


class Table:
    """A table of README.md: its header's cells, and (line, cells) of each row."""

    def __init__(self, header):
        self.header, self.rows = header, []

    def names(self):
        """(line, name, cells) of each name in a row's first cell."""
        for line, cells in self.rows:
            for name in CODE.findall(cells[0]):
                yield line, name, cells


def tables(text):
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not inside:
            found.append(Table(cells))
        elif not re.fullmatch(r"[-:|]+", line):
            found[-1].rows.append((number, cells))
        inside = True
    return found


class Tree:
    """What the lint reads of a tree."""

    def __init__(self, root):
        self.root = Path(root)
        control = self.read("catalogs_fdw.control")
        self.version = re.search(r"default_version = '(.*)'", control)[1]
        self.tables = tables(self.read(README))

    def read(self, name):
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def rows_of(self, name, array):
        """The rows of an initialized array, without their outer braces."""
        block = re.search(rf"\b{array}\[\] = \{{\n(.*?)^\}};", self.read(name), re.S | re.M)
        return re.findall(r"\{(.*)\},$", block[1], re.M) if block else []

    def with_header(self, *header):
        """The tables whose header begins so."""
        return [table for table in self.tables if table.header[:len(header)] == list(header)]


def compare(what, code, readme):
    """CODE and README: name -> {fact: value}; README's have their line with them."""
    for name in code.keys() - readme.keys():
        yield 1, f"{what} \"{name}\" is in no table"
    for name, (line, facts) in readme.items():
        if name not in code:
            yield line, f"there is no {what} \"{name}\""
            continue
        for fact, value in facts.items():
            if value != code[name][fact]:
                yield line, (f"{what} \"{name}\" has {fact}: {value}, "
                             f"and in the code {code[name][fact]}")


def options_of_code(tree):
    elsewhere = {"url": "required", "column_name": "its name", "ca_file": "the system's",
                 "path": "".join(re.findall(r"\.path = (\".*v2/.*\")",
                                            tree.read("src/api/resource.c"))).strip('"')}
    for row in tree.rows_of("src/declare/option.c", "option_defs"):
        said, prefix, field = re.match(r'"(\w+)"|(IMPORT_)?\w*FIELD\w*\((\w+)\)', row).groups()
        name = said or (prefix or "").lower() + field
        initial = re.search(r"OPT_\w+,\s*(?:NULL|\"([^\"]*)\"( CFDW_VERSION)?)", row)
        default = elsewhere.get(name, "none")
        if initial[1]:
            default = initial[1] + (tree.version if initial[2] else "")
        yield name, {"of": ", ".join(PLACES[place] for place in re.findall(r"ON_\w+", row)),
                     "default": default,
                     "superuser only": "OPT_SUPERUSER" in row}


def options_of_readme(tree):
    for table in tree.with_header("option", "of", "default"):
        for line, cells in table.rows:
            names = CODE.findall(cells[0])
            defaults = cells[2].replace("`", "").split(", ")
            if len(defaults) != len(names):
                defaults = defaults * len(names)
            for name, default in zip(names, defaults):
                yield name, (line, {
                    "of": cells[1], "default": default,
                    "superuser only": "only a superuser" in cells[3]})


def columns_of_code(tree):
    for row in tree.rows_of("src/api/resource.c", "list_columns"):
        key, sql_type, _, _, insert, update, required = (
            part.strip().strip('"') for part in row.split(",")[:7])
        yield key, {"type": sql_type,
                    "INSERT": "required" if required == "true"
                    else "yes" if insert == "true" else "refused",
                    "UPDATE": "yes" if update == "true" else "refused"}


def columns_of_readme(tree):
    for table in tree.with_header("column", "type", "INSERT", "UPDATE"):
        for line, name, cells in table.names():
            yield name, (line, dict(zip(table.header[1:], cells[1:])))


def results_of_code(tree):
    """Each function that gives rows -> its columns."""
    script = tree.read(f"src/catalogs_fdw--{tree.version}.sql")
    for name, arguments in re.findall(r"^CREATE FUNCTION (\w+)\(([^;]*)\)\nRETURNS SETOF",
                                      script, re.M):
        yield name, {"columns": ", ".join(re.findall(r"\bOUT (\w+)", arguments))}


def results_of_readme(tree):
    for table in tree.tables:
        of = re.fullmatch(r"of `(\w+)`", table.header[1])
        if table.header[0] == "column" and of:
            names = list(table.names())
            yield of[1], (names[0][0], {"columns": ", ".join(name for _, name, _ in names)})


def sqlstates_of_code(tree):
    """Those of errors: what another one is compared with is not raised here."""
    headers = subprocess.run([os.environ.get("PG_CONFIG", "pg_config"), "--includedir-server"],
                             check=True, capture_output=True, text=True).stdout.strip()
    known = {name: "".join(re.findall(r"'(.)'", code)) for name, code in re.findall(
        r"#define (ERRCODE_\w+) MAKE_SQLSTATE\((.*)\)",
        Path(headers, "utils/errcodes.h").read_text(encoding="utf-8"))}
    for _, text in csource.sources(tree.root):
        for name in re.findall(r"(?<![!=]= )\b(ERRCODE_\w+)", text):
            if known[name][:2] not in ("00", "01"):
                yield known[name], {}


def sqlstates_of_readme(tree):
    for table in tree.tables:
        if table.header[-1] == "SQLSTATE":
            for line, cells in table.rows:
                for code in cells[-1].split(", "):
                    yield code, (line, {})


def unnamed_settings(tree):
    readme = tree.read(README)
    for path in sorted((tree.root / "src").rglob("*.c")):
        for name in re.findall(r"DefineCustom\w+\(\s*\"([\w.]+)\"", path.read_text("utf-8")):
            if f"`{name}`" not in readme:
                yield 1, f"does not name the setting {name}"


def faults(tree):
    """(line of README.md, what is wrong)"""
    yield from compare("option", dict(options_of_code(tree)), dict(options_of_readme(tree)))
    yield from compare("column", dict(columns_of_code(tree)), dict(columns_of_readme(tree)))
    yield from compare("result of", dict(results_of_code(tree)), dict(results_of_readme(tree)))
    yield from compare("SQLSTATE", dict(sqlstates_of_code(tree)), dict(sqlstates_of_readme(tree)))
    yield from unnamed_settings(tree)


def main(root):
    found = sorted(faults(Tree(root)))
    for line, words in found:
        print(f"{README}:{line}: {words}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
