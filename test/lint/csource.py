"""As much of C as the lints need: comments and strings taken out, calls and
function definitions found.  Written for code in this project's layout: a
definition's name begins a line, its braces stand in the first column."""

import re
from collections import namedtuple
from pathlib import Path

Function = namedtuple("Function", "path line name static body body_line")
Call = namedtuple("Call", "line name arguments")

TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.DOTALL | re.VERBOSE)
DEFINITION = re.compile(
    r"^(?P<type>[A-Za-z_][\w \t*]*\n)(?P<name>\w+)\([^;{}]*\)\s*\n\{\n"
    r"(?P<body>.*?)^\}",
    re.DOTALL | re.MULTILINE)


def strip(text):
    """The source with comments blanked and strings emptied, lines kept."""
    def blank(match):
        token = match.group()
        kept = token[0] + token[0] if token[0] in "\"'" else " "
        return kept + "\n" * token.count("\n")
    return TOKEN.sub(blank, text)


def sources(root, pattern="*.[ch]"):
    """(path, stripped text) of each source, in order of name."""
    for path in sorted((Path(root) / "src").rglob(pattern)):
        yield path.relative_to(root), strip(path.read_text())


def functions(path, text):
    """The functions that a stripped source defines."""
    for match in DEFINITION.finditer(text):
        yield Function(path, line_of(text, match.start("name")),
                       match["name"], "static" in match["type"].split(),
                       match["body"], line_of(text, match.start("body")))


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def calls(text, names, first_line=1):
    """Calls of any of the names, a regular expression, with all that stands
    between their brackets."""
    for match in re.finditer(rf"\b({names})\s*\(", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield Call(line_of(text, match.start()) + first_line - 1,
                   match[1], text[match.end():end - 1])
