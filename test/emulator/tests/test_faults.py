"""Every fault."""

import gzip
import http.client
import json
import os
import re
import time
import zlib

import faults
from harness import (Answer, Case, HERE, LOST, PATH, RAW_GET, SERVER, SILENCE,
                     raw)


# A case is a function (test) that runs with the fault armed.

def lost(error, applied=None, recorded=True):
    """No reply; applied: a POST was carried out (None: a GET)."""
    def check(test):
        if applied is None:
            caught = test.lose()
        else:
            caught = test.lose(method="POST", body={"add": [{"name": "A"}]})
        test.assertIsInstance(caught, error)
        test.assertEqual("5001" in SERVER.say("lists"), bool(applied))
        test.assertEqual(test.wire("--count") != "nothing", recorded)
        test.assertEqual(test.ask().status, 200)
    return check


def silent(test):
    test.conn.timeout = SILENCE
    lost(TimeoutError)(test)


def silent_unseen(test):
    test.conn.timeout = SILENCE
    lost(TimeoutError, recorded=False)(test)


def refused(test):
    with test.assertRaises(ConnectionRefusedError):
        test.conn.connect()
    SERVER.say("heal")
    test.assertEqual(test.ask().status, 200)


def kept(test):
    test.assertEqual(test.add("A").status, 200)
    test.lose(method="POST", body={"add": [{"name": "B"}]})
    test.assertIn("5002", SERVER.say("lists"))
    test.assertEqual(test.ask().status, 200)


def idle(test):
    test.assertEqual(test.ask().status, 200)
    test.lose()


def replied(status, pattern, **headers):
    def check(test):
        answer = test.ask()
        test.assertEqual(answer.status, status)
        test.assertRegex(answer.body.decode("latin-1"), pattern)
        for name, value in headers.items():
            test.assertEqual(answer.headers[name.replace("_", "-")], value)
        test.assertEqual(test.wire("--status"), f"GET {PATH} -> {status}")
        test.assertEqual(test.ask().status, 200)
    return check


def lied(pattern):
    """The reply to two adds, 5001 and 5002, which are carried out."""
    def check(test):
        answer = test.post({"add": [{"name": "A", "request_id": 7},
                                    {"name": "B", "request_id": 8}]})
        test.assertEqual(answer.status, 200)
        body = re.sub('"_links":{[^}]*}},?', "", answer.body.decode())
        test.assertRegex(body.replace(",}", "}"), pattern)
        test.assertIn("5002 | B", SERVER.say("lists", "--columns", "id,name"))
    return check


def bytes_back(pattern):
    def check(test):
        test.assertRegex(raw(RAW_GET), pattern)
    return check


def slow(test):
    start = time.monotonic()
    test.assertEqual(test.ask(target=f"{PATH}?id=1").status, 204)
    test.assertGreater(time.monotonic() - start, 0.05)


def held(test, recorded=True):
    test.conn.request("GET", PATH, headers={
        "Authorization": "Bearer main-token"})
    if recorded:
        SERVER.say("wire", "--wait", "1")
    test.conn.sock.settimeout(0.05)
    with test.assertRaises(TimeoutError):
        test.conn.sock.recv(1)
    test.conn.sock.settimeout(5)
    SERVER.say("heal")
    test.assertEqual(Answer(test.conn.getresponse()).status, 200)


def held_unseen(test):
    held(test, recorded=False)


def wrong_length(change):
    def check(test):
        text = raw(RAW_GET)
        head, _, body = text.partition(b"\r\n\r\n")
        told = int(re.search(rb"Content-Length: (\d+)", head)[1])
        test.assertEqual(told - len(body), change)
    return check


def too_long(test):
    wrong_length(10)(test)
    SERVER.say("set", "chunked=on")
    test.assertTrue(raw(RAW_GET).endswith(b"0\r\n\r\n"))
    SERVER.say("fault", "long_length")
    test.assertTrue(raw(RAW_GET).endswith(b"}\r\n"))


def not_gzip(test):
    answer = test.ask()
    test.assertEqual(answer.headers["Content-Encoding"], "gzip")
    with test.assertRaises((OSError, EOFError, zlib.error)):
        gzip.decompress(answer.body)


def twice_gzip(test):
    answer = test.ask()
    test.assertEqual(answer.headers["Content-Encoding"], "gzip, gzip")
    test.assertIn(b"_embedded",
                  gzip.decompress(gzip.decompress(answer.body)))


def inflates(test):
    answer = test.ask()
    test.assertLess(len(answer.body), 1 << 20)
    test.assertEqual(json.loads(gzip.decompress(answer.body)),
                     {"_embedded": {"items": []}})


def huge(test):
    answer = test.ask()
    test.assertGreater(len(answer.body), 1 << 20)
    test.assertEqual(answer.items[-1]["name"], "Last")


def cut(pattern):
    def check(test):
        answer = test.ask()
        test.assertRegex(answer.body, pattern)
        with test.assertRaises(ValueError):
            answer.json
    return check


FAULTS = {
    "refuse": refused,
    "silent_accept": silent_unseen,
    "close_accept": lost(LOST, recorded=False),
    "hold_accept": held_unseen,
    "close_before": lost(http.client.RemoteDisconnected, recorded=False),
    "silent": silent,
    "close_after_request on=POST": lost(http.client.RemoteDisconnected,
                                        applied=False),
    "close_applied verb=add": lost(http.client.RemoteDisconnected,
                                   applied=True),
    "close_applied apply=no": lost(http.client.RemoteDisconnected,
                                   applied=False),
    "reset_kept": kept,
    "reset": lost(ConnectionResetError, applied=False),
    "close_headers": lost(http.client.IncompleteRead),
    "close_middle": lost(http.client.IncompleteRead),
    "close_middle bytes=5": bytes_back(rb'\r\n\r\n{"_li$'),
    "close_idle": idle,
    "stall bytes=3": bytes_back(rb'\r\n\r\n{"_$'),
    "slow ms=2": slow,
    "hold": held,
    "long_length": too_long,
    "short_length bytes=7": wrong_length(-7),
    "garbage": lost(http.client.BadStatusLine),
    "status": replied(503, '"title":"Service unavailable"'),
    "status code=500 body=old error_code=244 detail=No": replied(
        500, '"error":"No","error_code":"244"'),
    "status code=403 body=html": replied(403, "<h1>403 Forbidden"),
    "status code=418 body=text:Tea": replied(418, "^Tea$"),
    "status code=502 body=empty": replied(502, "^$"),
    "status code=429 request_id=abc retry_after=5 date=now": replied(
        429, '"status":429', X_Request_Id="abc", Retry_After="5", Date="now"),
    "status code=429 retry_field=300": replied(429, '"retry_after":300'),
    "status code=401 title=T hint=H": replied(401, '"title":"T".*"hint":"H"'),
    "redirect": replied(301, "301 Moved permanently", Location=(
        "https://moved.example/api/v2/catalogs")),
    "redirect code=307 to=http://localhost/": replied(
        307, "<h1>307", Location="http://localhost/"),
    "error_200": replied(200, '"error":"No right to do this",'
                              '"error_code":"244"'),
    "body text=[] code=207 type=text/x": replied(207, r"^\[\]$",
                                                 Content_Type="text/x"),
    "body file=seed.json": replied(200, '"accounts"'),
    "garbage_body": replied(200, r"^\xfe"),
    "garbage_body text=Hello": replied(200, "^Hello$"),
    "html_200": replied(200, "<html>"),
    "empty_200": replied(200, "^$"),
    "huge bytes=1M": huge,
    "huge bytes=1M of=items": huge,
    "bomb bytes=20M": inflates,
    "bad_gzip": not_gzip,
    "bad_gzip at=header": not_gzip,
    "bad_gzip at=crc": not_gzip,
    "bad_gzip at=cut": not_gzip,
    "gzip_more": not_gzip,
    "gzip_twice": twice_gzip,
    "long_header bytes=9": replied(200, "_embedded", X_Padding="x" * 9),
    "cut": cut(rb"^\{"),
    "cut bytes=9": cut(rb"^.{9}$"),
    "cut at=number": cut(rb'"id":4$'),
    "cut at=escape": cut(rb'\\u..$'),
    "cut at=string": cut(rb'"name":".$'),
    "cut at=key": cut(rb'"na$'),
    "cut at=utf8": cut(rb'"name":"\xd0$'),
    "nul": replied(200, r'"name":"\\u0000'),
    "bad_utf8": replied(200, '"name":"\xff'),
    "bad_utf8 hex=eda080": replied(200, '"name":"\xed\xa0\x80'),
    "lie": lied(r'\[{"id":5001,"request_id":7},{"id":5002,"request_id":8},'
                r'{"id":4222}\]'),
    "lie how=twice": lied(r'\[({"id":5001,"request_id":7}),\1\]'),
    "lie how=old": lied(r'\[{"id":4222,"request_id":7},'
                        r'{"id":5002,"request_id":8}\]'),
    "lie how=crosswise": lied(r'\[{"id":5002,"request_id":8},{"id":5001}\]'),
    "lie how=errors": lied(r'5002.*,"errors":\["Internal error"\]'),
    "lie how=error": lied(r'5002.*,"response":{"error":"No right'),
    "lie how=invalid": lied(r'5002.*,"validation-errors":\[{'),
    "wrong_content_type": replied(200, "_embedded",
                                  Content_Type="text/html"),
}


class Faults(Case):

    def test_each(self):
        os.chdir(HERE)
        for words, check in FAULTS.items():
            with self.subTest(words):
                self.setUp()
                SERVER.say("fault", *words.split())
                check(self)

    def test_none_is_forgotten(self):
        self.assertEqual({words.split()[0] for words in FAULTS},
                         {fault.name for fault in faults.TABLE})

    def test_matching(self):
        SERVER.say("fault", "status", "code=500", "on=POST", "nth=2",
                   "times=2")
        SERVER.say("fault", "status", "code=404", "account=acme", "times=0")
        self.assertEqual([self.add("A").status for _ in range(4)],
                         [200, 500, 500, 200])
        self.assertEqual([self.ask(account="acme").status
                          for _ in range(2)], [404, 404])
        self.assertEqual(SERVER.say("faults"),
                         "status code=404 account=acme times=0")
        SERVER.say("heal")
        self.assertEqual(SERVER.say("faults"), "(no faults)")
        self.assertEqual(self.ask(account="acme").status, 200)

    def test_in_turn(self):
        for code in ("500", "502"):
            SERVER.say("fault", "status", f"code={code}")
        self.assertEqual([self.ask().status for _ in range(3)],
                         [500, 502, 200])

    def test_strikes(self):
        SERVER.say("fault", "status", "code=500", "times=2")
        SERVER.say("fault", "empty_200")
        for _ in range(4):
            self.ask()
        self.assertEqual(SERVER.say("strikes"), "1 empty_200\n2 status 500")
        self.assertEqual(SERVER.say("strikes"), "(no strikes)")

    def test_words(self):
        self.assertIn('did you mean "silent"', SERVER.refuse("fault",
                                                             "silnt"))
        self.assertIn("no such argument", SERVER.refuse("fault", "silent",
                                                        "byte=1"))
        self.assertIn("expected GET|POST", SERVER.refuse(
            "fault", "silent", "on=PUT").replace("any|", ""))
        self.assertIn("of no use", SERVER.refuse("fault", "refuse",
                                                 "on=GET"))
        self.assertIn("close_middle bytes=", SERVER.say("fault", "--list"))
