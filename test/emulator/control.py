"""The control socket: carries out every command but `serve` and `run`.

Owns the server half of the protocol (the program `emulator` is the other).  A
command is a function
(emulator, options) -> lines to print; it raises CommandError for the user.
"""

import json
import os
import socket
import sys
import threading
import time

import faults
import settings
from account import FLAGS, SeedError
from commands import UsageError, parser

WAIT_SECONDS = 10
SETTLE_SECONDS = 5
LIST_COLUMNS = ("id", "name", "type", *FLAGS, "sort")


class CommandError(Exception):
    """The command cannot be carried out; says why."""


def account_of(emulator, options):
    if options.account not in emulator.accounts:
        known = ", ".join(emulator.accounts)
        raise CommandError(f'no account "{options.account}"; there are'
                           f" {known}")
    return emulator.accounts[options.account]


def wire(emulator, options):
    if options.wait is not None:
        if not emulator.ledger.wait(options.wait, WAIT_SECONDS):
            raise CommandError(f"no {options.wait} requests came in"
                               f" {WAIT_SECONDS} s")
    emulator.server.settle(SETTLE_SECONDS)
    return emulator.ledger.text(options)


def reset(emulator, options):
    emulator.server.settle(SETTLE_SECONDS)
    emulator.reset(options.seed, options.empty)
    return []


def set_settings(emulator, options):
    emulator.settings.set(options.settings)
    return []


def unset_settings(emulator, options):
    emulator.settings.unset(options.names)
    return []


def show_settings(emulator, options):
    return [settings.describe(emulator.settings)]


def arm_fault(emulator, options):
    if options.list or options.fault is None:
        return [faults.describe()]
    armed = emulator.faults.arm(options.fault, resolved(options))
    if armed.stage == "server":
        emulator.server.refuse()
    return []


def resolved(options):
    """The arguments, with file= as the caller's directory has it."""
    return ["file=" + os.path.join(options.folder, pair[5:])
            if pair.startswith("file=") else pair
            for pair in options.arguments]


def show_faults(emulator, options):
    return emulator.faults.describe()


def strikes(emulator, options):
    counts = emulator.faults.take_counts()
    return [f"{n} {kind}" for kind, n in sorted(counts.items())] \
        or ["(no strikes)"]


def late(emulator, options):
    return [f"{emulator.pulse.take():.6f}"]


def heal(emulator, options):
    emulator.heal()
    return []


def cell(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def table(columns, rows):
    """Aligned text, numbers to the left like everything else."""
    cells = [columns] + [[cell(row.get(c)) for c in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells)
              for n in range(len(columns))]
    return [" | ".join(text.ljust(width) for text, width
                       in zip(line, widths)).rstrip() for line in cells]


def lists(emulator, options):
    account = account_of(emulator, options)
    ids = sorted([*account.lists, *account.generated_ids()])
    rows = [account.get(number) for number in ids]
    if options.json:
        return [json.dumps(row, ensure_ascii=False) for row in rows]
    columns = LIST_COLUMNS
    if options.columns:
        columns = options.columns.split(",")
    return table(columns, rows) if rows else ["(no lists)"]


def put(emulator, options):
    account = account_of(emulator, options)
    try:
        row = json.loads(options.json)
        number = row.get("id")
    except (ValueError, AttributeError):
        raise CommandError(f"not a JSON object: {options.json}") from None
    if number is None:
        account.add(row, None)
    elif isinstance(number, int):
        account.put(row)
    else:
        raise CommandError(f"id is not an integer: {number!r}")
    emulator.accounts.save()
    return []


def drop(emulator, options):
    account = account_of(emulator, options)
    missing = [n for n in options.ids if not account.drop(n)]
    emulator.accounts.save()
    if missing:
        raise CommandError(f"no such list: {', '.join(map(str, missing))}")
    return []


def add_many(emulator, options):
    account = account_of(emulator, options)
    account.generated += options.count
    account.version += 1
    emulator.accounts.save()
    return []


def sessions(emulator, options):
    now = time.monotonic()
    lines = [f"{cookie} {max(0, int(end - now))} s left" for cookie, end
             in account_of(emulator, options).sessions.items() if end > now]
    return lines or ["(no sessions)"]


def expire(emulator, options):
    for account in emulator.accounts.values():
        account.sessions.clear()
    return []


def revoke_token(emulator, options):
    account = account_of(emulator, options)
    account.tokens -= set(options.tokens or account.tokens)
    emulator.accounts.save()
    return []


COMMANDS = {
    "wire": wire, "reset": reset, "set": set_settings,
    "unset": unset_settings, "settings": show_settings, "fault": arm_fault,
    "faults": show_faults, "strikes": strikes, "heal": heal, "lists": lists,
    "late": late, "put": put, "drop": drop, "add-many": add_many, "sessions": sessions,
    "expire": expire, "revoke-token": revoke_token,
}
# What a command may say to its user
COMPLAINTS = (CommandError, SeedError, settings.SettingError,
              faults.FaultError)
UNLOCKED = ("wire", "heal", "reset", "fault")   # wait, or lock themselves


class Control:
    """Listens on the control socket and carries commands out."""

    def __init__(self, emulator, path):
        self.emulator = emulator
        self.path = path
        self.parser = parser(with_help=False)
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        with sock:
            message = b"".join(iter(lambda: sock.recv(65536), b""))
            folder, *words = [os.fsdecode(w) for w in
                              message.split(b"\0")[:-1]]
            status, text = self.answer(folder, words)
            try:
                sock.sendall(b"%d\n" % status
                             + text.encode("utf-8", "replace"))
            except OSError:
                pass            # whoever asked has left

    def answer(self, folder, words):
        try:
            lines = self.carry_out(folder, words)
            return 0, "".join(line + "\n" for line in lines)
        except UsageError as error:
            return 2, str(error)
        except COMPLAINTS as error:
            return 1, f"emulator: {error}\n"
        except Exception as error:      # a defect: show it to the test
            sys.excepthook(*sys.exc_info())
            return 1, f"emulator: {error!r}\n"

    def carry_out(self, folder, words):
        options = self.parser.parse_args(words)
        options.folder = folder
        if getattr(options, "seed", None):
            options.seed = os.path.join(folder, options.seed)
        command = COMMANDS[options.name]
        if options.name in UNLOCKED:
            return command(self.emulator, options)
        with self.emulator.lock:
            return command(self.emulator, options)

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
