"""What each fault does to a connection or to a reply.

The functions behind the table of faults.py.  Those of the first two parts
are act(conn, head, body, args) and return whether the connection is kept;
those of the last are act(reply, args, emulator) and return a reply.
"""

import gzip
import itertools
import json
import random
import re
import struct
import time
import zlib

from connection import LAST_CHUNK
from reply import HTML, Reply, error_reply, to_json


# What strikes a connection or a request before a reply is made

def say_nothing(conn, head, body, args):
    conn.wait_gone()
    return False


def just_close(conn, head, body, args):
    return False


def wait_healed(conn, head, body, args):
    args["healed"].wait()
    return True


def send_reset(conn, head, body, args):
    conn.reset()
    return False


def send_garbage(conn, head, body, args):
    conn.send(noise(args["bytes"]))
    return False


# What puts a reply on the wire in its own way

def send_head_only(conn, head, body, args):
    conn.send(head)
    return False


def part_of(body, count):
    """So many bytes of the body; None is half of it."""
    return body[:len(body) // 2 if count is None else count]


def send_part(conn, head, body, args):
    conn.send(head + part_of(body, args["bytes"]))
    return False


def send_part_and_stall(conn, head, body, args):
    conn.send(head + part_of(body, args["bytes"]))
    conn.wait_gone()
    return False


def send_slowly(conn, head, body, args):
    data, step = head + body, max(1, args["bytes"])
    for at in range(0, len(data), step):
        conn.send(data[at:at + step])
        time.sleep(args["ms"] / 1000)
    return True


def with_length(head, change):
    return re.sub(rb"(?i)(content-length: )(\d+)", lambda m: m[1] + b"%d" % (
        max(0, int(m[2]) + change)), head)


def send_long_length(conn, head, body, args):
    longer = with_length(head, args["bytes"])
    conn.send(longer + (body if longer != head
                        else body.removesuffix(LAST_CHUNK)))
    return False


def send_short_length(conn, head, body, args):
    conn.send(with_length(head, -args["bytes"]) + body)
    return True


def send_and_close(conn, head, body, args):
    conn.send(head + body)
    return False


def send_later(conn, head, body, args):
    wait_healed(conn, head, body, args)
    conn.send(head + body)
    return True


# What makes or alters a reply

def noise(count):
    """The same random bytes every time, none of them a JSON or HTTP start."""
    return b"\xfe" + random.Random(count).randbytes(max(0, count - 1))


def make_status(reply, args, emulator):
    headers = [(name, args[key]) for name, key in (
        ("X-Request-Id", "request_id"), ("Retry-After", "retry_after"),
        ("Date", "date")) if args[key]]
    body = args["body"]
    if body.startswith("text:"):
        return Reply(args["code"], body[5:].encode(), "text/plain", headers)
    field = args["retry_field"]
    return error_reply(args["code"], args["error_code"] or args["code"],
                       emulator.settings, body or None, headers,
                       title=args["title"] or None,
                       detail=args["detail"] or None,
                       hint=args["hint"] or None,
                       retry_after=int(field) if field else None)


def make_redirect(reply, args, emulator):
    answer = error_reply(args["code"], args["code"], emulator.settings,
                         "html")
    answer.headers.append(("Location", args["to"]))
    return answer


def make_garbage(reply, args, emulator):
    return Reply(200, args["text"].encode() or noise(args["bytes"]))


def make_html(reply, args, emulator):
    return Reply(200, b"<!DOCTYPE html>\n<html><head><title>amoCRM</title>"
                      b"</head><body>Please sign in</body></html>\n", HTML)


def make_empty(reply, args, emulator):
    return Reply(200)


def make_body(reply, args, emulator):
    body = args["file"] or args["text"].encode()
    return Reply(args["code"], body, args["type"])


def make_error_200(reply, args, emulator):
    return error_reply(200, args["error_code"], emulator.settings, "old",
                       detail=args["detail"] or None)


def huge_units(kind):
    if kind == "whitespace":
        yield from itertools.repeat(b" " * 65536)
        return
    for first in itertools.count(1, 500):
        yield ",".join(['{"id":%d,"name":"List %d"}' % (n, n)
                        for n in range(first, first + 500)]).encode() + b","


def huge_parts(kind, count):
    yield b'{"_embedded":{"items":['
    sent = 0
    for unit in huge_units(kind):
        if count and sent >= count:
            break
        sent += len(unit)
        yield unit
    yield b'{"id":999999999,"name":"Last"}]}}'


def make_huge(reply, args, emulator):
    return Reply(200, parts=huge_parts(args["of"], args["bytes"]))


GZIP_HEAD = bytes.fromhex("1f8b08000000000000ff")


def deflated(data, end):
    """A piece of a deflate stream that needs no other piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(end)


def bomb_parts(count):
    """One block of spaces, deflated once and sent over and over."""
    first, block, last = b'{"_embedded":{"items":[', b" " * (1 << 20), b"]}}"
    times = count >> 20
    yield GZIP_HEAD + deflated(first, zlib.Z_FULL_FLUSH)
    small = deflated(block, zlib.Z_FULL_FLUSH)
    check = zlib.crc32(first)
    for _ in range(times):
        check = zlib.crc32(block, check)
        yield small
    yield deflated(last, zlib.Z_FINISH)
    length = len(first) + times * len(block) + len(last)
    yield struct.pack("<II", zlib.crc32(last, check), length & 0xffffffff)


def make_bomb(reply, args, emulator):
    return Reply(200, headers=[("Content-Encoding", "gzip")],
                 parts=bomb_parts(args["bytes"]))


def make_bad_gzip(reply, args, emulator):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(reply.whole()) + packer.flush()
    middle = len(body) // 2
    broken = {"middle": body[:middle] + noise(8) + body[middle + 8:],
              "header": noise(10) + body[10:],
              "crc": body[:-8] + noise(4) + body[-4:],
              "cut": body[:middle]}[args["at"]]
    # In one chunk, so that `compress` leaves it alone
    return Reply(reply.status, headers=[("Content-Encoding", "gzip")],
                 parts=[broken])


def make_gzip_more(reply, args, emulator):
    body = gzip.compress(reply.whole()) + b"\n" * args["bytes"]
    return Reply(reply.status, headers=[("Content-Encoding", "gzip")],
                 parts=[body])


def make_gzip_twice(reply, args, emulator):
    body = gzip.compress(gzip.compress(reply.whole()))
    return Reply(reply.status, headers=[("Content-Encoding", "gzip, gzip")],
                 parts=[body])


def make_long_header(reply, args, emulator):
    padding = [("X-Padding", "x" * args["bytes"])] * args["headers"]
    # The reply may be kept for the next request.
    return Reply(reply.status, reply.body, reply.type, reply.headers + padding,
                 reply.parts)


# Where `cut` cuts: just behind what this finds in the body
CUTS = {"number": rb"[:\[]\d", "escape": rb"\\u..", "string": rb'"name":".',
        "key": rb'"na', "utf8": rb"[\xc3-\xf4]"}


def with_escapes(body):
    """The same JSON with \\u escapes, so that there is one to cut."""
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def make_cut(reply, args, emulator):
    body, at = reply.whole(), args["at"]
    if at == "escape" and body and b"\\u" not in body:
        body = with_escapes(body)
    place = re.search(CUTS[at], body, re.DOTALL) if at else None
    cut = body[:place.end()] if place else part_of(body, args["bytes"])
    return Reply(reply.status, cut, reply.type, reply.headers)


def put_into_name(reply, data):
    body = re.sub(rb'("name": ?")', lambda m: m[1] + data, reply.whole(), 1)
    return Reply(reply.status, body, reply.type, reply.headers)


def make_nul(reply, args, emulator):
    return put_into_name(reply, b"\\u0000")


def make_bad_utf8(reply, args, emulator):
    return put_into_name(reply, args["hex"])


def make_wrong_type(reply, args, emulator):
    return Reply(reply.status, reply.whole(), args["type"], reply.headers)


# Replies to a POST that are not true

def other_list(args, emulator):
    """The id of a list that the account held before this request."""
    account = emulator.accounts[args["request"].account]
    return min(account.lists, default=1)


def say_more(document, items, old):
    items.append({"id": old})


def say_twice(document, items, old):
    items[-1:] = items[:1]


def say_old(document, items, old):
    items[0] = {**items[0], "id": old}


def say_crosswise(document, items, old):
    """Positions that contradict the request_ids, of which one is missing."""
    items.reverse()
    items[-1].pop("request_id", None)


def say_errors(document, items, old):
    document["errors"] = ["Internal error"]


def say_error(document, items, old):
    document["response"] = {"error": "No right to do this",
                            "error_code": "244"}


def say_invalid(document, items, old):
    document["validation-errors"] = [{"request_id": "0", "errors": [
        {"code": "285", "path": "name", "detail": "Required field missing"}]}]


# What `lie` says: word -> how it alters a reply whose items are a list
LIES = {"more": say_more, "twice": say_twice, "old": say_old,
        "crosswise": say_crosswise, "errors": say_errors, "error": say_error,
        "invalid": say_invalid}


def make_lie(reply, args, emulator):
    try:
        document = json.loads(reply.whole())
        items = document["_embedded"]["items"]
    except (ValueError, KeyError):
        return reply            # nothing that could be altered
    if isinstance(items, list) and items and isinstance(items[0], dict):
        LIES[args["how"]](document, items, other_list(args, emulator))
    return Reply(reply.status, to_json(document, emulator.settings).encode(),
                 reply.type, reply.headers)
