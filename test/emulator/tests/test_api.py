"""Reading, writing, signing in, and what is said about bad requests."""

import json

from harness import Case, GOOD_KEY, LOGIN, PATH, RAW_GET, SERVER, raw


class Api(Case):

    def test_get(self):
        answer = self.ask()
        self.assertEqual(answer.status, 200)
        first = answer.items[0]
        self.assertEqual(list(first), [
            "id", "name", "created_by", "created_at", "sort", "type",
            "can_add_elements", "can_show_in_cards", "can_link_multiple",
            "sdk_widget_code", "widgets", "_links"])
        self.assertEqual(first["name"], "Товары")
        self.assertEqual(self.wire("--status"),
                         "GET /api/v2/catalogs -> 200")

    def test_get_one(self):
        answer = self.ask(target=f"{PATH}?id=4222")
        self.assertEqual([i["id"] for i in answer.items], [4222])
        answer = self.ask(target=f"{PATH}?id=1")
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.wire(), f"GET {PATH}?id=4222\nGET {PATH}?id=1")

    def test_nothing(self):
        SERVER.say("reset", "--empty")
        self.assertEqual(self.ask().status, 204)

    def test_add(self):
        answer = self.post({"add": [{"name": "A", "request_id": 7},
                                    {"name": "B", "type": "invoices"}]})
        self.assertEqual([(i["id"], i.get("request_id"))
                          for i in answer.items], [(5001, 7), (5002, None)])
        row = json.loads(SERVER.say("lists", "--json").splitlines()[-1])
        self.assertEqual((row["name"], row["type"], row["created_at"],
                          row["sort"]), ("B", "invoices", 1508930401, 60))

    def test_update_and_delete(self):
        self.assertEqual(self.post({"update": [
            {"id": 4223, "can_add_elements": False}]}).items[0]["id"], 4223)
        self.assertEqual(self.post({"delete": [4222]}).items[0]["id"], 4222)
        rows = self.ask().items
        self.assertFalse(rows[0]["can_add_elements"])
        self.assertEqual(rows[0]["name"], "Товары")
        self.assertEqual(len(rows), 3)

    def test_unknown_ids(self):
        answer = self.post({"update": [{"id": 1, "name": "A"},
                                       {"id": 4223, "name": "B"}],
                            "delete": [2]})
        self.assertEqual(answer.status, 200)
        self.assertEqual([i["id"] for i in answer.items], [4223])
        self.assertEqual(answer.json["_embedded"]["errors"], {
            "update": {"1": "Catalog not found"},
            "delete": {"2": "Catalog not found"}})

    def test_accounts(self):
        self.assertEqual(len(self.ask(account="acme").items), 2)
        self.assertEqual(self.ask(account="acme",
                                  token="main-token").status, 401)
        self.assertEqual(self.ask(account="nobody").status, 401)
        self.assertEqual(self.wire("--accounts"), "\n".join(
            f"{a}: GET {PATH}" for a in ("acme", "acme", "nobody")))

    def test_default_account(self):
        for host in ("127.0.0.1:80", "localhost", "[::1]:80"):
            self.assertEqual(self.ask(Host=host).status, 200, host)

    def test_other_paths_and_methods(self):
        self.assertEqual(self.ask(target="/api/v2/leads").status, 404)
        self.assertEqual(self.ask("PUT", body="{}").status, 405)

    def test_session(self):
        plain = {"target": LOGIN, "Authorization": None}
        answer = self.ask("POST", body=GOOD_KEY, **plain)
        self.assertTrue(answer.json["response"]["auth"])
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        session = {"Authorization": None, "Cookie": cookie}
        self.assertEqual(self.ask(**session).status, 200)
        self.assertIn("session-main-1", SERVER.say("sessions"))
        SERVER.say("expire")
        self.assertEqual(self.ask(**session).status, 401)
        form = "USER_LOGIN=robot%40example.com&USER_HASH=main-key"
        answer = self.ask("POST", body=form, Content_Type=(
            "application/x-www-form-urlencoded"), **plain)
        self.assertEqual(answer.status, 200)
        bad = GOOD_KEY.replace("main-key", "wrong")
        answer = self.ask("POST", body=bad, **plain)
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.json["response"]["error_code"], "110")
        wire = self.wire()
        self.assertNotIn("main-key", wire)
        self.assertNotIn("wrong", wire)
        self.assertIn('"USER_HASH": "***"}', wire)
        self.assertIn("USER_HASH=***", wire)

    def test_revoked_token(self):
        SERVER.say("revoke-token")
        self.assertEqual(self.ask().status, 401)

    def test_many(self):
        SERVER.say("add-many", "5000")
        for shape in ("list", "map"):
            SERVER.say("set", f"items_shape={shape}")
            answer = self.ask()
            self.assertEqual(len(answer.items), 5004)
            self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
            self.assertEqual(self.ask().body, answer.body)
        self.post({"delete": [10000001],
                   "update": [{"id": 10000002, "name": "B"}]})
        SERVER.say("unset", "items_shape")
        names = {i["id"]: i["name"] for i in self.ask().items}
        self.assertEqual(len(names), 5003)
        self.assertEqual(names[10000002], "B")
        self.assertEqual(names[10000003], "List 10000003")


# body -> what is said about it.  All are refused with 400.
WRONG_BODIES = {
    b"": "empty request",
    b"{": "body is not JSON",
    b"[]": "body is not an object",
    b"{'add':[{'name':'A'}]}": "body is not JSON",
    b'{add:[{"name":"A"}]}': "body is not JSON",
    b'{"add":[{"name":NaN}]}': "NaN is not JSON",
    b'{"add":[{"name":"A","name":"B"}]}': 'key "name" twice',
    b'{"add":[{"name":"\xff"}]}': "not UTF-8 at byte 17",
    b'{"add":[{"name":"\\ud800"}]}': "half of a surrogate pair",
    b"{}": "neither add, update nor delete",
    b'{"insert":[]}': 'unknown key "insert"',
    b'{"add":{"name":"A"}}': "add is not an array",
    b'{"add":["A"]}': "add row 1 is not an object",
    b'{"add":[{}]}': "add row 1 without name",
    b'{"add":[{"name":""}]}': "name is empty",
    b'{"add":[{"name":5}]}': "name is not a string",
    b'{"add":[{"name":"A"},{"name":"B","sort":1}]}':
        'add row 2: key "sort" cannot be written',
    b'{"add":[{"name":"A","id":5}]}': 'key "id" cannot be written',
    b'{"add":[{"name":"A","can_add_elements":1}]}': "is not a boolean",
    b'{"add":[{"name":"A","request_id":"x"}]}': "is not an integer",
    b'{"update":[{"name":"A"}]}': "update row 1 without id",
    b'{"update":[{"id":true,"name":"A"}]}': "id is not an integer",
    b'{"delete":[{"id":4223}]}': "delete row 1 is not an integer",
}

# Answered, but not without a word
RUDE_BODIES = {
    b'{"add":[]}': "add is an empty array",
    b'{"update":[{"id":"4223","name":"A"}]}': "id is a string",
    b'{"update":[{"id":4223}]}': "changes nothing",
    b'{"update":[{"id":4223,"name":"A","request_id":1}]}':
        "request_id in an update",
    b'{"delete":["4223"]}': "id is a string",
    b'{"delete":[4223,4223]}': "id 4223 2 times",
    b'{"add":[{"name":"A","request_id":1},{"name":"B","request_id":1}]}':
        "request_id 1 2 times",
}

RUDE_HEADS = (
    ({"Accept": None}, "no Accept header"),
    ({"User_Agent": None}, "no User-Agent header"),
    ({"Cookie": "session_id=a"}, "both a token and a session cookie"),
    ({"target": f"{PATH}?id[]=1"}, "undocumented query parameter id[]"),
    ({"target": f"{PATH}?limit_rows=5"}, "parameter limit_rows"),
    ({"target": f"{PATH}?id=x"}, "id=x is not a number"),
    ({"body": "{}"}, "a GET with a body"),
)


class Rules(Case):

    def test_wrong_bodies(self):
        for body, words in WRONG_BODIES.items():
            with self.subTest(body):
                answer = self.post(body)
                self.assertEqual(answer.status, 400)
                self.assertIn(words, answer.json["detail"])
                self.assertIn(words, self.wire().splitlines()[1])

    def test_rude_bodies(self):
        for body, words in RUDE_BODIES.items():
            with self.subTest(body):
                SERVER.say("reset")
                self.assertEqual(self.post(body).status, 200)
                self.assertRegex(self.wire(), f"(?m)^! .*{words}")

    def test_rude_heads(self):
        for keywords, words in RUDE_HEADS:
            with self.subTest(words):
                if "Accept" in keywords or "User_Agent" in keywords:
                    self.raw_without(next(iter(keywords)))
                else:
                    self.ask(**keywords)
                self.assertIn("! ", self.wire("--keep"))
                self.assertIn(words, self.wire())

    def raw_without(self, name):
        name = name.replace("_", "-")
        raw(b"".join(line for line in RAW_GET.splitlines(True)
                     if not line.startswith(name.encode())))

    def test_content_type(self):
        for kind, status in (("application/json;charset=UTF-8", 200),
                             ("application/json; charset=cp1251", 400),
                             ("text/plain", 400), (None, 200)):
            answer = self.add("A", Content_Type=kind)
            self.assertEqual(answer.status, status, kind)
        self.assertRegex(self.wire(), "! a POST without Content-Type$")

    def test_not_http(self):
        self.assertIn(b" 400 ", raw(b"HELLO\r\n\r\n"))
        self.assertIn(b" 400 ", raw(b"GET / HTTP/1.1\r\nbad\r\n\r\n"))
        self.assertIn("! not a request line", self.wire())
