"""The table of faults: everything that can go wrong between two programs.

One row a fault: at which stage it strikes, whether the request is carried
out first, its arguments and what it does.  Owns the faults that are armed
and decides which request one strikes.

Stages: `accept` a new connection; `head` a request of which only the head
was read; `change` makes or alters the reply; `send` puts it on the wire in
its own way; `server` closes the doors.
"""

import difflib
import threading
from collections import Counter, namedtuple

import effects
from reply import BODIES

Fault = namedtuple("Fault", "name stage applies args meaning act")


class FaultError(Exception):
    """A fault or an argument that is not in the table."""


def size(text):
    """A number of bytes: 100, 64k, 10M, 1G."""
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(text[-1:].lower())
    return int(text[:-1]) * unit if unit else int(text)


def part(text):
    """A number of bytes, or None for half of what there is."""
    return None if text == "half" else size(text)


def words_of(*allowed):
    """A parser that takes these words only."""
    def parse(text):
        if text not in allowed:
            raise ValueError
        return text
    parse.label = "|".join(filter(None, allowed))
    return parse


def hex_bytes(text):
    return bytes.fromhex(text)


def contents(path):
    """What is in a file; nothing if there is no path."""
    if not path:
        return b""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise FaultError(f"{path}: {error.strerror}") from None


NAMES = {int: "N", str: "TEXT", size: "SIZE", part: "SIZE|half", float: "N",
         hex_bytes: "HEX", contents: "FILE"}


def label(parse):
    return getattr(parse, "label", None) or NAMES[parse]


def body_name(text):
    if text and text not in (*BODIES, "empty") \
            and not text.startswith("text:"):
        raise ValueError
    return text


body_name.label = "|".join((*BODIES, "empty", "text:..."))

STATUS_ARGS = {"code": (int, "503"), "body": (body_name, ""),
               "error_code": (int, "0"), "title": (str, ""),
               "detail": (str, ""), "hint": (str, ""),
               "request_id": (str, ""), "retry_after": (str, ""),
               "date": (str, ""), "retry_field": (str, "")}
HALF = {"bytes": (part, "half")}
LENGTH = {"bytes": (size, "10")}
CUT_AT = words_of("", *effects.CUTS)

TABLE = (
    Fault("refuse", "server", False, {},
          "connections are refused, open ones are cut, until heal", None),
    Fault("silent_accept", "accept", False, {},
          "a new connection is accepted and nothing is said on it, TLS"
          " neither", effects.say_nothing),
    Fault("close_accept", "accept", False, {},
          "a new connection is closed at once, before TLS",
          effects.just_close),
    Fault("hold_accept", "accept", False, {},
          "on a new connection nothing is said before `emulator heal`, TLS"
          " neither", effects.wait_healed),
    Fault("close_before", "head", False, {},
          "closes when the request's head has come; it is not in the ledger",
          effects.just_close),
    Fault("silent", "send", False, {},
          "reads the request and says nothing until the client goes away",
          effects.say_nothing),
    Fault("close_after_request", "send", False, {},
          "reads the request wholly, does nothing, closes",
          effects.just_close),
    Fault("close_applied", "send", True, {},
          "reads the request, carries it out, closes", effects.just_close),
    Fault("reset_kept", "send", True, {},
          "the same, but only to a request on a connection that was used"
          " before: the case in which libcurl repeats a POST",
          effects.just_close),
    Fault("reset", "send", False, {},
          "reads the request, ends the connection with RST",
          effects.send_reset),
    Fault("close_headers", "send", True, {},
          "closes after the reply's head", effects.send_head_only),
    Fault("close_middle", "send", True, HALF,
          "closes after so many bytes of the body",
          effects.send_part),
    Fault("close_idle", "send", True, {},
          "replies, then closes without having said so",
          effects.send_and_close),
    Fault("stall", "send", True, HALF,
          "so many bytes of the body, then silence",
          effects.send_part_and_stall),
    Fault("slow", "send", True, {"ms": (float, "10"), "bytes": (size, "1")},
          "so many bytes of the reply every so many ms", effects.send_slowly),
    Fault("hold", "send", True, {},
          "the reply waits for `emulator heal`", effects.send_later),
    Fault("long_length", "send", True, LENGTH,
          "Content-Length is too long, or the last chunk is missing; then"
          " closes", effects.send_long_length),
    Fault("short_length", "send", True, LENGTH,
          "Content-Length is too short; the whole body is sent",
          effects.send_short_length),
    Fault("garbage", "send", False, {"bytes": (size, "200")},
          "so many bytes that are not HTTP", effects.send_garbage),
    Fault("status", "change", False, STATUS_ARGS,
          "another status; request_id, retry_after and date are headers,"
          " retry_field a number in the JSON", effects.make_status),
    Fault("redirect", "change", False,
          {"code": (int, "301"),
           "to": (str, "https://moved.example/api/v2/catalogs")},
          "a redirect", effects.make_redirect),
    Fault("error_200", "change", False,
          {"error_code": (int, "244"), "detail": (str, "")},
          "200 with {\"response\":{\"error\":...,\"error_code\":...}}",
          effects.make_error_200),
    Fault("body", "change", False,
          {"text": (str, ""), "file": (contents, ""), "code": (int, "200"),
           "type": (str, "application/json")},
          "this body", effects.make_body),
    Fault("garbage_body", "change", False,
          {"bytes": (size, "200"), "text": (str, "")},
          "200 whose body is not JSON", effects.make_garbage),
    Fault("html_200", "change", False, {}, "200 with a sign-in page",
          effects.make_html),
    Fault("empty_200", "change", False, {}, "200 with an empty body",
          effects.make_empty),
    Fault("huge", "change", False,
          {"bytes": (size, "0"), "of": (words_of("whitespace", "items"),
                                        "whitespace")},
          "an endless reply, or so many bytes of one", effects.make_huge),
    Fault("bomb", "change", False, {"bytes": (size, "1G")},
          "gzip that inflates to so many bytes", effects.make_bomb),
    Fault("bad_gzip", "change", True,
          {"at": (words_of("middle", "header", "crc", "cut"), "middle")},
          "the reply as gzip that cannot be read", effects.make_bad_gzip),
    Fault("gzip_more", "change", True, {"bytes": (size, "1")},
          "the reply as gzip, and so many bytes after its end",
          effects.make_gzip_more),
    Fault("gzip_twice", "change", True, {},
          "the reply as gzip of gzip", effects.make_gzip_twice),
    Fault("long_header", "change", True,
          {"bytes": (size, "200k"), "headers": (int, "1")},
          "the reply with headers of so many bytes each",
          effects.make_long_header),
    Fault("cut", "change", True, {**HALF, "at": (CUT_AT, "")},
          "the JSON ends early, Content-Length agrees",
          effects.make_cut),
    Fault("nul", "change", True, {}, "\\u0000 in the first name",
          effects.make_nul),
    Fault("bad_utf8", "change", True, {"hex": (hex_bytes, "ff")},
          "these bytes in the first name", effects.make_bad_utf8),
    Fault("lie", "change", True, {"how": (words_of(*effects.LIES), "more")},
          "a reply to a POST that is not true: an old list's id as well, or"
          " in place of the first; the first id twice; items out of order"
          " with a request_id missing; or errors beside the items",
          effects.make_lie),
    Fault("wrong_content_type", "change", True, {"type": (str, "text/html")},
          "the right body under another Content-Type",
          effects.make_wrong_type),
)

BY_NAME = {fault.name: fault for fault in TABLE}

STRIKES_KEPT = ("reset_kept",)
NO_REPLY = (effects.just_close, effects.say_nothing, effects.send_reset,
            effects.send_garbage)
WANTS_BODY = ("send", "change")     # stages that know the verbs

# Arguments of every fault: which requests it strikes
KINDS = ("any", "GET", "POST", "LOGIN")
COMMON = {"on": (words_of(*KINDS), "any"),
          "verb": (words_of("", "add", "update", "delete"), ""),
          "nth": (int, "1"), "times": (int, "1"), "account": (str, ""),
          "apply": (words_of("", "yes", "no"), "")}


def nearest(name, known):
    return difflib.get_close_matches(name, known, 1, 0)[0]


def parse_arguments(fault, pairs):
    """KEY=VALUE words as a dictionary with every argument in it."""
    known = {**COMMON, **fault.args}
    values = {key: parse(default) for key, (parse, default) in known.items()}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if key not in known or not equals:
            raise FaultError(f'"{pair}": {fault.name} has no such argument;'
                             f' did you mean {nearest(key, known)}=...?')
        try:
            values[key] = known[key][0](text)
        except ValueError:
            raise FaultError(f"{pair}: expected"
                             f" {label(known[key][0])}") from None
    return values


class Armed:
    """A fault that waits for its request."""

    def __init__(self, fault, pairs):
        self.fault = fault
        self.args = parse_arguments(fault, pairs)
        self.words = " ".join([fault.name, *pairs])
        self.stage = fault.stage
        self.act = fault.act
        self.seen = 0           # requests that match
        self.struck = 0
        self.refuse_what_cannot_match()

    def refuse_what_cannot_match(self):
        if self.args["verb"] and self.stage not in WANTS_BODY:
            raise FaultError(f"{self.fault.name} strikes before the body is"
                             " read: verb= is of no use")
        narrow = self.args["on"] != "any" or self.args["account"]
        if narrow and self.stage in ("accept", "server"):
            raise FaultError(f"{self.fault.name} strikes before a request"
                             " is read: on= and account= are of no use")

    @property
    def kind(self):
        """Its name, and the status if that is what it is about."""
        code = self.args.get("code")
        return f"{self.fault.name} {code}" if code else self.fault.name

    @property
    def applies(self):
        """Whether the request is carried out."""
        told = self.args["apply"]
        return told == "yes" if told else self.fault.applies

    @property
    def replies(self):
        """Whether a status goes out."""
        return self.act not in NO_REPLY

    @property
    def spent(self):
        return self.args["times"] and self.struck >= self.args["times"]

    def matches(self, request, conn):
        if self.fault.name in STRIKES_KEPT and not conn.served:
            return False
        if request is None:
            return True
        args = self.args
        return (args["on"] in ("any", request.kind)
                and args["account"] in ("", request.account)
                and (not args["verb"]
                     or any(v == args["verb"] for v, _ in request.rows)))

    def strikes(self, request, conn):
        """Counts the request; whether it is one to strike."""
        if not self.matches(request, conn):
            return False
        self.seen += 1
        return self.seen >= self.args["nth"]


class Faults:
    """The faults that are armed, in order of arming."""

    def __init__(self):
        self.lock = threading.Lock()
        self.armed = []
        self.healed = threading.Event()
        self.counts = Counter()     # strikes of each kind

    def arm(self, name, pairs):
        if name not in BY_NAME:
            raise FaultError(f'no fault "{name}"; did you mean'
                             f' "{nearest(name, BY_NAME)}"?')
        armed = Armed(BY_NAME[name], pairs)
        with self.lock:
            armed.args["healed"] = self.healed
            if armed.stage != "server":
                self.armed.append(armed)
        return armed

    def take(self, stages, request, conn):
        """The fault that strikes now, or None.

        Every armed fault counts the request; one that comes second strikes
        the next that matches."""
        if not self.armed:
            return None
        with self.lock:
            ready = [a for a in self.armed if a.stage in stages
                     and a.strikes(request, conn)]
            if not ready:
                return None
            ready[0].struck += 1
            self.counts[ready[0].kind] += 1
            if ready[0].spent:
                self.armed.remove(ready[0])
            return ready[0]

    def heal(self):
        """Forgets every fault and lets go what `hold` holds."""
        with self.lock:
            self.armed = []
            self.healed.set()
            self.healed = threading.Event()

    def take_counts(self):
        """How often each kind has struck since the last time."""
        with self.lock:
            counts, self.counts = self.counts, Counter()
        return counts

    def describe(self):
        with self.lock:
            return [a.words for a in self.armed] or ["(no faults)"]


def arguments_text(args):
    return " ".join(f"{key}={default or label(parse)}"
                    for key, (parse, default) in args.items())


def describe():
    """The table as text."""
    lines = ["Every fault takes:",
             "  on=GET|POST|LOGIN|any  which requests it strikes",
             "  verb=add|update|delete a POST with this in it",
             "  account=NAME           requests of this account",
             "  nth=N times=K          from the N-th of them on, K times"
             " (0: always)",
             "  apply=yes|no           whether the request is carried out"
             " first", ""]
    for fault in TABLE:
        note = "" if fault.stage in ("server", "accept", "head") else \
            f" [apply={'yes' if fault.applies else 'no'}]"
        lines.append(f"  {fault.name} {arguments_text(fault.args)}".rstrip()
                     + f"\n      {fault.meaning}{note}")
    return "\n".join(lines)
