"""The emulator as a whole: its parts, and the way of a request through them.

Owns the lock under which a request is judged and carried out, and the
numbers of connections.  Knows no table and no byte of HTTP.
"""

import threading
import time

import rules
from account import Accounts
from api import Api
from faults import Faults
from ledger import Entry, Ledger
from pulse import Pulse
from reply import Reply
from settings import Settings

REPLY_STAGES = ("send", "change")


class Emulator:
    """Settings, accounts, ledger, faults and API, with one lock around."""

    def __init__(self, seeds, state=None):
        self.lock = threading.RLock()
        self.settings = Settings()
        self.accounts = Accounts(seeds, state)
        self.ledger = Ledger()
        self.ledger.secrets = self.accounts.secrets()
        self.faults = Faults()
        self.pulse = Pulse()
        self.api = Api(self.settings, self.accounts)
        self.certificates = None
        self.server = None
        self.epoch = 0              # counts resets
        self.connections = 0        # numbers given since the last one

    # Connections are numbered in order of accept; one that a reset found
    # open gets its new number with its next request.

    def number(self, conn):
        with self.lock:
            if conn.epoch != self.epoch:
                self.connections += 1
                conn.epoch, conn.number = self.epoch, self.connections
            return conn.number

    def reset(self, seed=None, empty=False):
        """Everything as at the start."""
        self.heal()
        self.faults.take_counts()
        with self.lock:
            self.settings.reset()
            self.accounts.reset(seed, empty)
            self.ledger.clear()
            self.ledger.secrets = self.accounts.secrets()
            self.api.reset()
            self.epoch += 1
            self.connections = 0

    def heal(self):
        self.faults.heal()
        self.server.listen()

    def handle(self, conn, request):
        """Carries a request out; returns whether the connection is kept."""
        with self.lock:
            found = rules.check(request)
            if request.method == "POST" and found.document:
                request.count_rows(found.document)
            entry = Entry(self.number(conn), request)
            entry.complaints = found.lines(self.settings["strict"] == "on")
            self.ledger.record(entry)
            conn.answers(entry)
            fault = self.faults.take(REPLY_STAGES, request, conn)
            reply = None
            if fault is None or fault.applies:
                reply = self.api.answer(request, found)
        if self.settings["delay_ms"]:
            time.sleep(self.settings["delay_ms"] / 1000)
        if fault:
            return self.strike(fault, conn, request, reply, entry)
        entry.status = reply.status
        entry.refused = reply.refused
        return conn.send_reply(reply, request)

    def strike(self, fault, conn, request, reply, entry):
        """Replies as the fault has it."""
        reply = reply or Reply(200, b"{}")
        if fault.stage == "change":
            reply = fault.act(reply, {**fault.args, "request": request}, self)
            entry.status = reply.status
            return conn.send_reply(reply, request)
        head, body = conn.encode(reply, request)
        if fault.replies:
            entry.status = reply.status
        return fault.act(conn, head, body, fault.args) \
            and conn.keeps(request)
