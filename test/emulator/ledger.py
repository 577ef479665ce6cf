"""The ledger: what the emulator received, as text that a test can print.

Owns the order of requests and how a line looks; secrets are masked here, so
none can be printed.  Knows nothing of what a request means.
"""

import re
import sys
import threading
import time

SHORT = 2000            # longer bodies are shortened unless --full
ORDER = ("POST", "GET", "LOGIN")    # of --count

JSON_KEY = re.compile(r'("USER_HASH"\s*:\s*)"(?:[^"\\]|\\.)*"')
FORM_KEY = re.compile(r"(USER_HASH=)[^&\s]*")


class Entry:
    """One request.  status is None while, or if, nothing is answered;
    refused are the rows of which the answer says so; replied counts the
    bytes of the reply's body that went out, before they were compressed."""

    __slots__ = ("number", "account", "method", "kind", "target", "body",
                 "rows", "agent", "time", "status", "refused", "complaints",
                 "replied")

    def __init__(self, number, request):
        self.number = number
        self.account = request.account
        self.method = request.method
        self.kind = request.kind
        self.target = request.target
        self.body = request.body
        self.rows = request.rows
        self.agent = request.headers.get("user-agent", "")
        self.time = time.monotonic()
        self.status = None
        self.refused = ()
        self.complaints = ()
        self.replied = 0


def printable(body):
    """The body as received if it is one line of text, else escaped."""
    try:
        text = body.decode("utf-8")
        if text.isprintable():
            return text
    except UnicodeDecodeError:
        text = body.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode(
        "unicode_escape").decode("ascii") for c in text)


def shorten(text, size):
    if len(text) <= SHORT:
        return text
    return f"{text[:SHORT]}... ({size} bytes)"


class Ledger:
    """Requests since the last `wire`."""

    def __init__(self):
        self.changed = threading.Condition()
        self.entries = []
        self.secrets = ()
        self.last_time = None       # of the last entry that was forgotten
        self.echo = None            # before each line, where all are printed

    def record(self, entry):
        with self.changed:
            self.entries.append(entry)
            self.changed.notify_all()
            if self.echo is not None:
                self.print(entry)

    def print(self, entry):
        """Prints a request as it comes."""
        lines = [f"{entry.method} {self.mask(entry.target)}"
                 + self.body_text(entry, full=False, summary=False)]
        for line in lines + self.complaint_lines(entry):
            sys.stderr.write(f"{self.echo}{line}\n")
        sys.stderr.flush()

    def clear(self):
        with self.changed:
            self.entries = []
            self.last_time = None

    def wait(self, count, seconds):
        """Waits until that many requests have come; False if they did not."""
        with self.changed:
            return self.changed.wait_for(
                lambda: len(self.entries) >= count, seconds)

    def take(self, keep=False, account=None):
        """The entries since the last take, and the time before the first."""
        with self.changed:
            entries, before = self.entries, self.last_time
            if not keep and entries:
                self.entries = []
                self.last_time = entries[-1].time
        if account:
            entries = [e for e in entries if e.account == account]
        return list(entries), before

    def mask(self, text):
        text = JSON_KEY.sub(r'\1"***"', text)
        text = FORM_KEY.sub(r"\1***", text)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def body_text(self, entry, full, summary):
        if not entry.body:
            return ""
        if summary and entry.rows:
            return "".join(f" {verb} {n}" for verb, n in entry.rows)
        text = self.mask(printable(entry.body))
        return " " + (text if full else shorten(text, len(entry.body)))

    def line(self, entry, before, options):
        """One request as `wire` prints it."""
        parts = []
        if options.connections:
            parts.append(f"#{entry.number} ")
        if options.accounts:
            parts.append(f"{entry.account}: ")
        parts.append(f"{entry.method} {self.mask(entry.target)}")
        parts.append(self.body_text(entry, options.full, options.summary))
        if options.agent:
            parts.append(f" ({printable(entry.agent.encode('latin-1'))})")
        if options.status:
            parts.append(f" -> {entry.status or 'no reply'}")
        if options.refused:
            parts.extend(f", not {verb} {position}"
                         for verb, position in entry.refused)
        if options.time:
            since = entry.time - before if before is not None else 0
            parts.append(f" +{since:.3f}s")
        return "".join(parts)

    def complaint_lines(self, entry):
        return [f"! {self.mask(text)}" for text in entry.complaints]

    def counts(self, entries):
        """`3 POST, 1 GET`, and what was wrong, each thing once."""
        kinds = [e.kind for e in entries]
        order = [k for k in ORDER if k in kinds]
        order += sorted(set(kinds) - set(order))
        first = ", ".join(f"{kinds.count(k)} {k}" for k in order)
        wrong = [line for e in entries for line in self.complaint_lines(e)]
        return [first or "nothing"] + list(dict.fromkeys(wrong))

    def totals(self, entries):
        """What a client may count too: `gets=3 posts=1 ...`; what a login
        sends is not for its eyes."""
        kinds = [e.kind for e in entries]
        return [" ".join(f"{name}={value}" for name, value in (
            ("gets", kinds.count("GET")), ("posts", kinds.count("POST")),
            ("logins", kinds.count("LOGIN")),
            ("bytes_sent", sum(len(e.body) for e in entries
                               if e.kind != "LOGIN")),
            ("bytes_received", sum(e.replied for e in entries)),
            ("too_many_requests", sum(e.status == 429 for e in entries))))]

    def text(self, options):
        """What `wire` prints."""
        entries, before = self.take(options.keep, options.account)
        if options.count:
            return self.counts(entries)
        if options.totals:
            return self.totals(entries)
        lines = []
        for entry in entries:
            lines.append(self.line(entry, before, options))
            lines.extend(self.complaint_lines(entry))
            before = entry.time
        return lines or ["(no requests)"]
