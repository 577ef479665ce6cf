"""A request as it was read: its parts, and what can be told from its head.

Knows HTTP's syntax; judges nothing: rules.py does.
"""

from urllib.parse import parse_qs, parse_qsl

import rules

DEFAULT_ACCOUNT = "main"
LOOPBACK = ("localhost", "127", "[::1]", "")


class Request:
    """One request.  `body` is filled in after the head was read;
    `unreadable` says why the head is not HTTP, if it is not."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.unreadable = None
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            self.unreadable = f"not a request line: {lines[0][:80]!r}"
            words = ["?", "/", "HTTP/1.1"]
        self.method, self.target, self.version = words
        self.headers = {}
        self.twice = []
        for line in lines[1:]:
            self.add_header(line)
        self.path, _, query = self.target.partition("?")
        self.query = parse_qsl(query, True) if query else []
        self.account = account_of(self.headers.get("host", ""))
        self.body = b""
        self.rows = ()          # (verb, number of rows) of a POST
        self.token = self.find_token()
        self.session = self.find_session()

    def add_header(self, line):
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            self.unreadable = f"not a header: {line[:80]!r}"
            return
        name = name.lower()
        if name in self.headers:
            self.twice.append(name)
        self.headers[name] = value.strip()

    @property
    def kind(self):
        """GET, POST or LOGIN (or another method as it stands)."""
        return "LOGIN" if self.path == rules.LOGIN_PATH else self.method

    @property
    def wanted_id(self):
        """The id that is asked for, or None; -1 if it is not a number."""
        for name, value in self.query:
            if name == "id":
                return int(value) if value.isdecimal() else -1
        return None

    def find_token(self):
        scheme, _, token = self.headers.get(
            "authorization", "").partition(" ")
        if not scheme:
            return None
        return token if scheme.lower() == "bearer" else ""

    def find_session(self):
        for part in self.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "session_id":
                return value
        return None

    def login_field(self, name, document):
        """A field of a login, from its JSON or its form."""
        if document is not None:
            return document.get(name)
        if not self.headers.get("content-type", "").startswith(
                rules.FORM_TYPE):
            return None
        fields = parse_qs(self.body.decode("utf-8", "replace"))
        return fields.get(name, [None])[0]

    def count_rows(self, document):
        """Remembers how many rows each verb of the body has."""
        self.rows = tuple((verb, len(rows)) for verb, rows in document.items()
                          if isinstance(rows, list))

    def accepts(self, coding):
        return coding in self.headers.get("accept-encoding", "").lower()

    def wants_close(self):
        connection = self.headers.get("connection", "").lower()
        if self.version == "HTTP/1.0":
            return connection != "keep-alive"
        return connection == "close"


def account_of(host):
    """The account that a Host header names: acme.localhost is acme's."""
    first = host.split(":")[0] if not host.startswith("[") else "[::1]"
    label = first.split(".")[0].lower()
    return DEFAULT_ACCOUNT if label in LOOPBACK else label
