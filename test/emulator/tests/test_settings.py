"""Every value of every setting."""

import gzip
import http.client
import json
import ssl
import time
import zlib

import settings
from harness import Answer, Case, GOOD_KEY, LOGIN, PATH, SERVER


# A case is a function (test) that runs under the setting.

def value_of(key, expected):
    def check(test):
        items = test.ask().items
        test.assertEqual(items[0].get(key, "missing"), expected)
    return check


def shape(expected):
    def check(test):
        items = test.ask().items
        test.assertEqual(simplified(items), expected)
    return check


def simplified(items):
    """The shape of items, with ids for the objects."""
    if isinstance(items, list):
        return [simplified(i) for i in items]
    if "_links" in items:
        return items["id"]
    return {key: simplified(value) for key, value in items.items()}


def post_shape(expected):
    def check(test):
        answer = test.post({"update": [{"id": 4223, "name": "A"}],
                            "add": [{"name": "B"}, {"name": "C"}]})
        test.assertEqual(simplified(answer.items), expected)
    return check


def request_ids(*expected):
    def check(test):
        answer = test.post({"add": [
            {"name": "A", "request_id": 21}, {"name": "B", "request_id": 22},
            {"name": "C"}]})
        test.assertEqual([i.get("request_id") for i in answer.items],
                         list(expected))
    return check


def post_ids(*expected):
    def check(test):
        test.assertEqual([i["id"] for i in test.add("A", "B").items],
                         list(expected))
    return check


def delete_reply(status, expected):
    def check(test):
        answer = test.post({"delete": [4222, 4223]})
        test.assertEqual(answer.status, status)
        if status == 200:
            test.assertEqual([i if isinstance(i, int) else i["id"]
                              for i in answer.items], expected)
    return check


def errors(expected, status=200):
    def check(test):
        SERVER.say("set", "partial=update:4223")
        answer = test.post({"update": [{"id": 4223, "name": "A"},
                                       {"id": 4222, "name": "B"}]})
        test.assertEqual(answer.status, status)
        document = answer.json.get("_embedded", answer.json)
        test.assertEqual({k: document[k] for k in expected}, expected)
    return check


def refused_items(test):
    SERVER.say("set", "partial=add:2")
    items = test.add("A", "B", "C").items
    test.assertEqual([i.get("id") for i in items], [5001, None, 5002])
    test.assertEqual(items[1], {"error": {"code": 282,
                                          "message": "Catalog not found"}})
    test.assertIn("add 3 -> 200, not add 2",
                  test.wire("--summary", "--status", "--refused"))


def error_body(kind, pattern):
    def check(test):
        answer = test.ask(token="wrong")
        test.assertEqual(answer.status, 401)
        test.assertIn(kind, answer.headers.get("Content-Type", ""))
        test.assertRegex(answer.body.decode(), pattern)
    return check


def status_of(status, document):
    def check(test):
        test.assertEqual(test.post(document).status, status)
    return check


def limited(kind, header, pattern):
    def check(test):
        SERVER.say("set", "rate_limit=1", "retry_after=3")
        test.assertEqual(test.ask().status, 200)
        answer = test.ask()
        test.assertEqual(answer.status, 429)
        test.assertIn(kind, answer.headers["Content-Type"])
        test.assertEqual(answer.headers["Retry-After"], header)
        test.assertRegex(answer.body.decode(), pattern)
    return check


def blocked(test):
    SERVER.say("set", "rate_limit=1")
    test.assertEqual([test.ask().status for _ in range(4)],
                     [200, 429, 429, 403])


def login(status, pattern, cookie):
    def check(test):
        answer = test.ask("POST", LOGIN, GOOD_KEY, Authorization=None)
        test.assertEqual(answer.status, status)
        test.assertRegex(answer.body.decode(), pattern)
        test.assertEqual("Set-Cookie" in answer.headers, cookie)
    return check


def short_session(test):
    answer = test.ask("POST", LOGIN, GOOD_KEY, Authorization=None)
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    test.assertEqual(test.ask(Authorization=None, Cookie=cookie).status, 401)


def coded(accepted, coding, decode):
    def check(test):
        answer = test.ask(Accept_Encoding=accepted)
        test.assertEqual(answer.headers["Content-Encoding"], coding)
        test.assertIn("Товары", decode(answer.body).decode())
    return check


def in_chunks(expected):
    def check(test):
        answer = test.ask()
        test.assertEqual(answer.headers["Transfer-Encoding"], expected)
        test.assertEqual(len(answer.items), 4)
    return check


def closes(expected):
    def check(test):
        test.assertEqual(test.ask().headers["Connection"], expected)
        test.ask()
        test.assertEqual(test.wire("--connections").splitlines()[1][:2],
                         "#2" if expected else "#1")
    return check


def delayed(test):
    start = time.monotonic()
    test.ask()
    test.assertGreater(time.monotonic() - start, 0.049)


def certificate(complaint):
    def check(test):
        if not SERVER.https_port:
            test.skipTest("no https")
        context = ssl.create_default_context(cafile=SERVER.ca_file)
        conn = http.client.HTTPSConnection("localhost", SERVER.https_port,
                                           context=context, timeout=5)
        test.addCleanup(conn.close)
        if complaint is None:
            conn.request("GET", PATH)
            test.assertEqual(Answer(conn.getresponse()).status, 401)
            return
        with test.assertRaisesRegex(ssl.SSLCertVerificationError, complaint):
            conn.connect()
    return check


def speaks(at_least, expected):
    def check(test):
        if not SERVER.https_port:
            test.skipTest("no https")
        context = ssl.create_default_context(cafile=SERVER.ca_file)
        context.minimum_version = at_least
        conn = http.client.HTTPSConnection("localhost", SERVER.https_port,
                                           context=context, timeout=5)
        test.addCleanup(conn.close)
        try:
            conn.connect()
        except (ssl.SSLError, OSError):
            test.assertFalse(expected)
        else:
            test.assertTrue(expected)
    return check


def created_at(low, high):
    def check(test):
        test.add("A")
        row = json.loads(SERVER.say("lists", "--json").splitlines()[-1])
        test.assertTrue(low() <= row["created_at"] <= high(), row)
    return check


def complains(expected):
    def check(test):
        test.ask(target=f"{PATH}?limit=5")
        test.assertEqual("! " in test.wire(), expected)
    return check


def text_has(pattern):
    def check(test):
        test.assertRegex(test.ask().body.decode(), pattern)
    return check


def always(value):
    return lambda: value


SETTINGS = {
    "items_shape=list": shape([4223, 4222, 4230, 4231]),
    "items_shape=nested": shape([[4223, 4222], [4230, 4231]]),
    "items_shape=map": shape({str(n): n for n in (4223, 4222, 4230, 4231)}),
    "items_shape=map_of_lists": shape({"0": [4223, 4222],
                                       "1": [4230, 4231]}),
    "post_items_shape=list": post_shape([4223, 5001, 5002]),
    "post_items_shape=nested": post_shape([[4223, 5001], [5002]]),
    "post_items_shape=map": post_shape({str(n): n
                                        for n in (4223, 5001, 5002)}),
    "post_items_shape=map_of_lists": post_shape({"update": [4223],
                                                 "add": [5001, 5002]}),
    "escapes=utf8": text_has('"/api/v2/catalogs".*"Товары"'),
    "escapes=php": text_has(r'"\\/api\\/v2\\/catalogs".*"\\u0422\\u043e'),
    "numbers=int": value_of("sort", 10),
    "numbers=string": value_of("sort", "10"),
    "booleans=bool": value_of("can_add_elements", True),
    "booleans=int": text_has('"can_add_elements":1,'),
    "booleans=string": value_of("can_add_elements", "1"),
    "booleans=word": value_of("can_add_elements", "true"),
    "missing=type,sort": value_of("sort", "missing"),
    "nulls=type,sort": value_of("sort", None),
    'extra={"a":[{"b":null}]}': value_of("a", [{"b": None}]),
    "key_order=page": text_has(r'\{"id":4223,"name"'),
    "key_order=reversed": text_has(r'"name":"Товары","id":4223\}'),
    "get_order=stored": shape([4223, 4222, 4230, 4231]),
    "get_order=reversed": shape([4231, 4230, 4222, 4223]),
    "links=_links": text_has('^{"_links".*"id":4223.*"_links"'),
    "links=_link": text_has('^{"_link":.*"id":4223.*"_link":'),
    "links=none": text_has('^{"_embedded"'),
    "pretty=off": text_has(r"^\S+$"),
    "pretty=on": text_has(r'(?m)^ +"id": 4223,$'),
    "drop_embedded=off": text_has("_embedded"),
    "drop_embedded=on": text_has('^{"_links":[^_]*}$'),
    "id_filter=honoured": lambda test: test.assertEqual(
        len(test.ask(target=f"{PATH}?id=4222").items), 1),
    "id_filter=ignored": lambda test: test.assertEqual(
        len(test.ask(target=f"{PATH}?id=4222").items), 4),
    "nothing=204": lambda test: test.assertEqual(
        test.ask(target=f"{PATH}?id=1").status, 204),
    "nothing=items": lambda test: test.assertEqual(
        test.ask(target=f"{PATH}?id=1").items, []),
    "request_id=echo": request_ids(21, 22, None),
    "request_id=none": request_ids(None, None, None),
    "request_id=generated": request_ids(21, 22, 2),
    "request_id=reversed": request_ids(None, 22, 21),
    "request_id=partial": request_ids(21, None, None),
    "request_id=foreign": request_ids(900000, 900001, 900002),
    "post_order=sent": post_ids(5001, 5002),
    "post_order=reversed": post_ids(5002, 5001),
    "post_items=all": post_ids(5001, 5002),
    "post_items=fewer": post_ids(5001),
    "post_items=more": post_ids(5001, 5002, 999999),
    "post_items=other": post_ids(1005001, 1005002),
    "post_items=none": post_ids(),
    "delete_items=items": delete_reply(200, [4222, 4223]),
    "delete_items=empty": delete_reply(200, []),
    "delete_items=numbers": delete_reply(200, [4222, 4223]),
    "delete_items=no_content": delete_reply(204, None),
    "error_body=problem": error_body("problem+json", '"status":401'),
    "error_body=old": error_body("application/json", '"error_code":"401"'),
    "error_body=validation": error_body("problem+json",
                                        '"validation-errors"'),
    "error_body=html": error_body("text/html", "<h1>401"),
    "error_body=oauth": error_body("problem+json", '"hint":"Token has'),
    "error_body=empty": error_body("", "^$"),
    "rule_status=400": status_of(400, {"add": [{}]}),
    "rule_status=200": status_of(200, {"add": [{}]}),
    "partial=update:4223": errors({"errors": {
        "update": {"4223": "Catalog not found"}}}),
    "partial_shape=message_map": errors({"errors": {
        "update": {"4223": "Catalog not found"}}}),
    "partial_shape=object_list": errors({"errors": {"update": [
        {"id": 4223, "code": 282, "message": "Catalog not found"}]}}),
    "partial_shape=object_map": errors({"errors": {"update": {"4223": {
        "code": 282, "message": "Catalog not found"}}}}),
    "partial_shape=item": refused_items,
    "partial_shape=response": lambda test: (
        errors({})(test), test.assertNotIn("B", SERVER.say("lists"))),
    "partial_code=244": errors({"errors": {
        "update": {"4223": "No right to do this"}}}),
    "partial_message=No": errors({"errors": {"update": {"4223": "No"}}}),
    "partial_status=200": errors({}, 200),
    "partial_status=400": errors({}, 400),
    "partial_status=422": errors({}, 422),
    "batch_limit=2": status_of(422, {"delete": [1, 2, 3]}),
    "batch_over=422": status_of(422, {"delete": list(range(251))}),
    "batch_over=413": status_of(413, {"delete": list(range(251))}),
    "batch_over=504": status_of(504, {"delete": list(range(251))}),
    "rate_limit=off": lambda test: [test.ask() for _ in range(20)],
    "rate_body=html": limited("text/html", None, "<h1>429"),
    "rate_body=json": limited("problem+json", None, '"retry_after":3'),
    "rate_body=retry_after": limited("problem+json", "3", '"status":429'),
    "retry_after=3": lambda test: None,         # seen in rate_body
    "after_429s=2": blocked,
    "session_minutes=0": short_session,
    "auth_body=json": login(200, '"auth":true', True),
    "auth_body=no_cookie": login(200, '"auth":true', False),
    "auth_body=auth_false": login(200, '"auth":false', False),
    "auth_body=html": login(200, "<html>", True),
    "auth_body=empty": login(200, "^$", True),
    "login_error=none": login(200, '"auth":true', True),
    "login_error=101": login(401, '"error_code":"101"', False),
    "login_error=110": login(401, '"error_code":"110"', False),
    "login_error=111": login(401, '"error_code":"111"', False),
    "login_error=112": login(401, '"error_code":"112"', False),
    "login_error=113": login(403, '"error_code":"113"', False),
    "compress=off": coded("gzip", None, bytes),
    "compress=gzip": coded("deflate, gzip", "gzip", gzip.decompress),
    "compress=deflate": coded("deflate", "deflate", zlib.decompress),
    "compress=gzip_always": coded("identity", "gzip", gzip.decompress),
    "chunked=off": in_chunks(None),
    "chunked=on": in_chunks("chunked"),
    "keep_alive=on": closes(None),
    "keep_alive=off": closes("close"),
    "delay_ms=50": delayed,
    "certificate=good": certificate(None),
    "certificate=expired": certificate("expired"),
    "certificate=wrong_host": certificate("Hostname mismatch"),
    "certificate=self_signed": certificate("self.signed"),
    "certificate=other_ca": certificate("unable to get local issuer"),
    "tls=any": speaks(ssl.TLSVersion.TLSv1_2, True),
    "tls=old": speaks(ssl.TLSVersion.TLSv1_2, False),
    "clock=fixed": created_at(always(1508930400), always(1508930400)),
    "clock=real": created_at(lambda: time.time() - 9, time.time),
    "strict=on": complains(True),
    "strict=off": complains(False),
}


class Settings(Case):

    def test_each(self):
        for words, check in SETTINGS.items():
            with self.subTest(words):
                SERVER.say("reset")
                SERVER.say("set", words)
                check(self)

    def test_none_is_forgotten(self):
        tried = {tuple(words.split("=", 1)) for words in SETTINGS}
        for setting in settings.TABLE:
            values = setting.values
            if isinstance(values, settings.Free):
                self.assertIn(setting.name, {name for name, _ in tried})
                continue
            for value in values:
                self.assertIn((setting.name, value), tried)

    def test_partial_by_row(self):
        SERVER.say("set", "partial=add:2,delete:*")
        answer = self.post({"add": [{"name": n} for n in "ABC"],
                            "delete": [4223]})
        self.assertEqual([i["id"] for i in answer.items], [5001, 5002])
        self.assertEqual(set(answer.json["_embedded"]["errors"]),
                         {"add", "delete"})
        self.assertEqual(SERVER.say("lists", "--columns", "name").split(),
                         ["name", "Услуги", "Товары", "Tariffs", "Счета",
                          "A", "C"])

    def test_surrogate_pair(self):
        SERVER.say("set", "escapes=php")
        self.add("\N{GRINNING FACE}")
        self.assertIn(b"\\ud83d\\ude00", self.ask().body)

    def test_words(self):
        self.assertIn('did you mean "items_shape"',
                      SERVER.refuse("set", "item_shape=list"))
        self.assertIn("list|nested", SERVER.refuse("set", "items_shape=x"))
        self.assertIn("expected", SERVER.refuse("set", "delay_ms"))
        SERVER.say("set", "numbers=string")
        self.assertIn("* numbers=string", SERVER.say("settings"))
        SERVER.say("unset", "numbers")
        self.assertNotIn("*", SERVER.say("settings").replace(":*", ""))
