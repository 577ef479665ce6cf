#!/usr/bin/env python3
"""Writes the fuzzers' first inputs, test/fuzz/corpus/NAME/seed-*:

    test/emulator/emulator run -- test/fuzz/seeds.py

They are the replies of the emulator in all its variants, and what makes the other
fuzzers take the ways that matter.  What the fuzzers have found stands beside them,
as found-*.
"""

import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

CORPUS = pathlib.Path(__file__).parent / "corpus"
URL = f"http://127.0.0.1:{os.environ['CATALOGS_HTTP_PORT']}"
LISTS = URL + "/api/v2/catalogs"

# Settings of the emulator, one variant a line.
VARIANTS = """
request_id=echo
items_shape=nested post_items_shape=nested
items_shape=map post_items_shape=map request_id=echo
items_shape=map_of_lists post_items_shape=map_of_lists
escapes=php booleans=int numbers=string
booleans=word missing=name nulls=type extra={"color":"#fff","other":[1]}
key_order=reversed links=_link pretty=on
partial=add:1 partial_shape=message_map
partial=add:2 partial_shape=object_list partial_code=285
partial=add:1 partial_shape=object_map partial_status=422
partial=add:1 partial_shape=item
partial=add:1 partial_shape=response partial_code=244
request_id=reversed post_order=reversed
post_items=more
post_items=none
""".split("\n")[1:-1]

# Ways to fail, of one request.
FAULTS = """
status code=401 body=old
status code=403 body=html
status code=400 body=problem
status code=429 body=old retry_after=1
status code=502 body=html
""".split("\n")[1:-1]

# Steps of ledger.c, by their numbers there.
STEPS = dict(zip("CAUDSTRFWX", b"\0\1\2\3\4\5\6\7\10\11"))


def emulator(*words):
    """Tells the emulator something; whether it understands."""
    return subprocess.run(["emulator", *words], check=False,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def ask(url, body=None):
    """The Content-Type and body of a reply."""
    request = urllib.request.Request(
        url, None if body is None else json.dumps(body).encode(),
        {"Authorization": "Bearer main-token", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.headers.get("Content-Type", ""), reply.read()
    except urllib.error.HTTPError as error:
        return error.headers.get("Content-Type", ""), error.read()


def write(fuzzer, name, data):
    """An input of a fuzzer."""
    (CORPUS / fuzzer / f"seed-{name}").write_bytes(data)


def write_reply(name, reply):
    """A reply to a POST of two rows with the request_ids 1 and 2."""
    kind, body = reply
    write("reply", name, kind.encode() + b"\n" + body)
    write("match", name, b"\1" b"\3\0a\n" b"\5\0b\n" b"\0\0\0" + body)


def replies():
    """What the emulator answers."""
    rows = {"add": [{"name": "a", "request_id": 1}, {"name": "b", "request_id": 2}]}
    for n, variant in enumerate(VARIANTS):
        if not emulator("set", *variant.split()):
            print(f"the emulator does not know {variant}")
        write("reader", f"get-{n:02}", b"\6\x3f" + ask(LISTS)[1])
        write_reply(f"post-{n:02}", ask(LISTS, rows))
        emulator("reset")
    write("reader", "one", b"\0\x07" + ask(LISTS + "?id=4223")[1])
    for n, fault in enumerate(FAULTS):
        if not emulator("fault", *fault.split()):
            print(f"the emulator does not know {fault}")
        write_reply(f"fault-{n:02}", ask(LISTS, rows))
        emulator("reset")
    write("reply", "login", b"\n" + ask(
        URL + "/private/api/auth.php?type=json",
        {"USER_LOGIN": "x", "USER_HASH": "y"})[1])


def honest():
    """Batches that an honest account answers: how, and what it refuses."""
    adds = b"\3\0a\n" b"\5\0b\n" b"\0\0c\n"
    others = b"\0\1a\n" b"\0\2b\n" b"\3\0c\n"
    for n, (how, refused) in enumerate([(0, 0), (3, 0), (4, 1), (8, 2), (16, 4),
                                        (2, 2)]):
        tail = b"\0\1" + bytes([how, refused])
        write("match", f"honest-adds-{n}", b"\2" + adds + tail)
        write("match", f"honest-others-{n}", b"\2" + others + tail)


def options():
    """A byte for where, then for each option one for which, and its value."""
    lines = [
        (0, [(0, "https://example.amocrm.ru"), (2, "500ms"), (4, "50"), (8, "64MB"),
             (9, "http://127.0.0.1:3128"), (10, "mine/1.0"), (5, "immediate")]),
        (0, [(0, "http://[::1]:8080/"), (3, "0"), (7, "0.01"), (19, "1.5 s")]),
        (0, [(0, "http://sub.localhost:80"), (11, "/etc/ca.pem")]),
        (0, [(0, "https://user:secret12@example.ru")]),
        (0, [(0, "http://127.1/"), (99, "batchsize")]),
        (1, [(1, "/api/v2/catalogs"), (6, "false")]),
        (1, [(1, "api?x#y")]),
        (2, [(12, "secret-token-12")]),
        (2, [(13, "a@example.ru"), (14, "secret-key-123"), (15, "u"), (16, "p")]),
        (2, [(12, "secret-token\t12")]),
        (3, [(17, "name")]),
        (3, [(18, "main"), (17, "id")]),
    ]
    for n, (where, given) in enumerate(lines):
        write("option", f"{n:02}", bytes([where]) + b"\n".join(
            bytes([which]) + value.encode() for which, value in given))


def transactions():
    """Steps; in brackets, what the account makes of the requests of one."""
    for n, steps in enumerate(["AAUC", "AFUFC", "SAFTC", "SUFTC", "DFX", "ADSUTRC",
                               "SAWFTAC", "UDSFTUC", "ASSUFRTFC"]):
        for answer in (b"", b"\1", b"\2", b"\3", b"\7", b"\11\12"):
            data = bytearray()
            for step in steps:
                data.append(STEPS[step])
                if step not in "CX":
                    data.append(0)          # the table that waits for COMMIT
                if step in "AUDW":
                    data.append(n % 4)      # which list
                if step == "U":
                    data.append(1)
                if step in "FWC":
                    data += answer
            write("ledger", f"{steps.lower()}-{answer.hex() or 'done'}", bytes(data))


def main():
    for folder in CORPUS.iterdir():
        for file in folder.glob("seed-*"):
            file.unlink()
    replies()
    honest()
    options()
    transactions()


main()
