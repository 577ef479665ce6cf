#!/usr/bin/env python3
"""Functions that libcurl calls cannot throw, nor palloc.

An error that PostgreSQL raises jumps out of libcurl and leaves it in pieces.
So no function whose address curl is given may raise one, or call one that
may: neither directly nor through other functions of the project.
"""

import re
import sys

import csource

# Where curl is given a function: ..OPT_WRITEFUNCTION, cb and the like.
HANDED_OVER = re.compile(
    r"\bCURL\w*OPT_\w*FUNC(?:TION)?\s*,\s*(?:\([^()]*\)\s*)?&?(\w+)")

THROWS = re.compile(r"""(
    ereport | ereport_domain | elog | errsave | errstart | errfinish
  | palloc\w* | repalloc\w* | MemoryContext(Alloc|Strdup|Create)\w*
  | AllocSetContextCreate\w*
  | pstrdup | pnstrdup | psprintf | text_to_cstring | cstring_to_text\w*
  | (append|init|enlarge|make)\w*StringInfo\w* | appendBinaryStringInfo\w*
  | lappend\w* | lcons\w* | list_make\d\w* | list_copy\w* | makeNode
  | hash_search\w* | hash_create
  | CHECK_FOR_INTERRUPTS | ProcessInterrupts | WaitLatch\w* | WaitEventSetWait
  | \w*WaitEventSet\w* | AcquireExternalFD | ReserveExternalFD
  | PG_TRY | PG_RE_THROW | PG_THROW | pg_re_throw
  | pg_any_to_server | pg_server_to_any | pg_verify_mbstr
  | DirectFunctionCall\w* | FunctionCall\w* | OidFunctionCall\w*
  )\Z""", re.VERBOSE)

CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
# a->b(...) and (*b)(...): where they lead cannot be read here
INDIRECT = re.compile(r"(?:->|\.)\s*\w+\s*\(|\(\s*\*[^()]*\)\s*\(")


def main(root):
    functions, callbacks = {}, {}
    for path, text in csource.sources(root):
        for function in csource.functions(path, text):
            functions[function.name] = function
        for match in HANDED_OVER.finditer(text):
            callbacks.setdefault(match[1], (path, csource.line_of(
                text, match.start())))

    problems = []
    for name, (path, line) in callbacks.items():
        if name in functions:
            follow(functions, name, [], set(), problems)
        elif name != "NULL":
            problems.append(f"{path}:{line}: {name} is handed to curl, but"
                            " its definition is not found")
    print("\n".join(sorted(set(problems))), end="\n" if problems else "")
    return len(problems) > 0


def follow(functions, name, way, seen, problems):
    """Adds what is wrong with a function and with those that it calls."""
    if name in seen:
        return
    seen.add(name)
    function, way = functions[name], way + [name]
    for match in CALL.finditer(function.body):
        if THROWS.match(match[1]):
            report(function, match, f"{match[1]} may throw", way, problems)
        elif match[1] in functions:
            follow(functions, match[1], way, seen, problems)
    for match in INDIRECT.finditer(function.body):
        report(function, match, "a call through a pointer", way, problems)


def report(function, match, what, way, problems):
    line = function.body_line + function.body.count("\n", 0, match.start())
    problems.append(f"{function.path}:{line}: {what}; curl calls this:"
                    f" {' -> '.join(way)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
