"""The command line: every subcommand, its options and its help.

Owns the words.  serve.py carries out `serve` and `run`, control.py the rest.
"""

import argparse
import sys


class UsageError(Exception):
    """The words of a command are wrong; says how."""


class Parser(argparse.ArgumentParser):
    """Raises instead of exiting: a command's words come from elsewhere."""

    def error(self, message):
        raise UsageError(f"{self.format_usage()}emulator: {message}\n")


def option(*names, **keywords):
    return names, keywords


ACCOUNT = option("--account", metavar="NAME", default="main",
                 help="the account (default main)")
SETTING_WORD = option("settings", nargs="+", metavar="KEY=VALUE")

SERVE = (
    option("--port", type=int, default=0, metavar="N",
           help="http port (default: any free one)"),
    option("--https-port", type=int, default=0, metavar="N"),
    option("--no-https", action="store_true"),
    option("--seed", action="append", metavar="FILE",
           help="accounts to start with (default: seed.json beside this"
                " program); may be repeated"),
    option("--state", metavar="FILE",
           help="keep the accounts in this file; read at start if it exists"),
    option("--control", metavar="SOCKET", help="path of the control socket"),
    option("--set", action="append", metavar="KEY=VALUE", default=[],
           help="a setting to start with; may be repeated"),
    option("--echo", metavar="PREFIX",
           help="print each request to standard error as it comes, behind"
                " this"),
)

# command -> (what it does, options)
COMMANDS = {
    "serve": ("start an emulator and wait for SIGINT or SIGTERM", SERVE),
    "run": ("start an emulator, run a command with it in the environment,"
            " stop it", SERVE + (
                option("command", nargs=argparse.REMAINDER,
                       metavar="-- COMMAND"),)),
    "wire": ("print the requests since the last wire, and forget them", (
        option("--connections", action="store_true",
               help="the connection's number first"),
        option("--accounts", action="store_true",
               help="the account's name first"),
        option("--account", metavar="NAME", help="only this account"),
        option("--agent", action="store_true",
               help="the client's User-Agent behind"),
        option("--status", action="store_true",
               help="the reply's status behind"),
        option("--refused", action="store_true",
               help="rows that the reply refuses behind, by their positions"),
        option("--time", action="store_true",
               help="seconds since the request before"),
        option("--summary", action="store_true",
               help="verbs and rows instead of bodies"),
        option("--full", action="store_true", help="bodies of any length"),
        option("--count", action="store_true",
               help="how many of each method"),
        option("--totals", action="store_true",
               help="how many of each method, and bytes of the bodies"),
        option("--keep", action="store_true", help="do not forget them"),
        option("--wait", type=int, metavar="N",
               help="first wait until N have come, 10 s at most"))),
    "reset": ("settings, faults, ledger and accounts as at the start", (
        option("seed", nargs="?", metavar="SEEDFILE"),
        option("--empty", action="store_true",
               help="accounts that hold no lists"))),
    "set": ("change settings", (SETTING_WORD,)),
    "unset": ("settings back to their defaults", (
        option("names", nargs="+", metavar="KEY"),)),
    "settings": ("every setting, its value and meaning", ()),
    "fault": ("arm a fault", (
        option("--list", action="store_true", help="every fault, explained"),
        option("fault", nargs="?", metavar="NAME"),
        option("arguments", nargs="*", metavar="key=value"))),
    "faults": ("the faults that are armed", ()),
    "strikes": ("how often each fault has struck since the last time", ()),
    "heal": ("forget every fault, let go what is held, open the doors", ()),
    "late": ("by how many seconds this program was late, at most, since the"
             " last time", ()),
    "lists": ("what an account holds", (
        ACCOUNT,
        option("--json", action="store_true", help="every key, one a line"),
        option("--columns", metavar="KEY,...", help="these keys only"))),
    "put": ("make or change a list behind the client's back", (
        ACCOUNT, option("json", metavar="JSON", help="an object; without id"
                                                     " a new list"))),
    "drop": ("delete lists behind the client's back", (
        ACCOUNT, option("ids", nargs="+", type=int, metavar="ID"))),
    "add-many": ("give the account so many more generated lists", (
        ACCOUNT, option("count", type=int, metavar="N"))),
    "sessions": ("the logins that last", (ACCOUNT,)),
    "expire": ("end every login", ()),
    "revoke-token": ("tokens that are valid no more", (
        ACCOUNT, option("tokens", nargs="*", metavar="TOKEN",
                        help="(default: all of the account)"))),
}

DESCRIPTION = """\
amoCRM's "catalogs" API v2 on a loopback port, with every variant and fault
that a client may meet.  Start it with "serve" or "run"; the other commands
talk to a running one over its control socket, which is named by --control
or in CATALOGS_EMULATOR.
"""


def epilogue():
    import faults
    import settings
    return ("settings (the first value is the default; V: the vendor's page,"
            " C: captured,\n?: unknown):\n\n" + settings.describe()
            + "\n\nfaults:\n\n" + faults.describe() + "\n\n"
            "accounts: http://acme.localhost:PORT is the account acme;"
            " localhost and\n127.0.0.1 are main.\n")


def parser(with_help):
    """The parser; its long help is made only if somebody will read it."""
    top = Parser(prog="emulator", description=DESCRIPTION,
                 epilog=epilogue() if with_help else None,
                 formatter_class=argparse.RawDescriptionHelpFormatter)
    subs = top.add_subparsers(dest="name", metavar="COMMAND", required=True)
    for name, (meaning, options) in COMMANDS.items():
        sub = subs.add_parser(name, help=meaning, description=meaning)
        for names, keywords in options:
            sub.add_argument(*names, **keywords)
    return top


def parse_or_exit(words):
    """For this process's own command line."""
    try:
        return parser(with_help=True).parse_args(words or ["--help"])
    except UsageError as error:
        sys.stderr.write(str(error))
        sys.exit(2)
