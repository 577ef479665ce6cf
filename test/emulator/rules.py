"""What a request must be: everything that the API page says, and HTTP.

check() returns findings of two weights: `wrong` breaks a rule of the page
and the request is refused; `manners` works with a real account but is not
what the page shows.  Facts: "The two calls", "POST: what may be written",
"Who one is".
"""

import json
from collections import Counter

from account import FLAGS

API_PATH = "/api/v2/catalogs"
LOGIN_PATH = "/private/api/auth.php"
VERBS = ("add", "update", "delete")
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

# Codes of the page's table
EMPTY, NO_DATA, NOT_ARRAY, REQUIRED = 222, 283, 284, 285
BAD = 400


class Findings:
    """What is wrong with one request, and its body once it was read."""

    def __init__(self):
        self.wrong = []         # (code, text)
        self.manners = []       # text
        self.document = None    # the JSON body, if it is an object

    def bad(self, text, code=BAD):
        self.wrong.append((code, text))

    def rude(self, text):
        self.manners.append(text)

    def lines(self, strict):
        lines = [text for _, text in self.wrong]
        return lines + self.manners if strict else lines


def check(request):
    """Everything that is wrong with a request."""
    found = Findings()
    check_head(request, found)
    if request.method == "GET":
        check_get(request, found)
    elif request.kind == "LOGIN":
        check_login(request, found)
    elif request.method == "POST":
        check_post(request, found)
    return found


# The head

def check_head(request, found):
    headers = request.headers
    if request.unreadable:
        found.bad(request.unreadable)
    if request.version != "HTTP/1.1":
        found.rude(f"{request.version} instead of HTTP/1.1")
    for name in request.twice:
        found.bad(f"header {name} twice")
    if "host" not in headers:
        found.bad("no Host header")
    for name in ("accept", "user-agent"):
        if not headers.get(name):
            found.rude(f"no {name.title()} header")
    if "expect" in headers:
        found.rude(f"Expect: {headers['expect']}")
    if "authorization" in headers and request.session:
        found.rude("both a token and a session cookie")
    if "authorization" in headers and request.kind == "LOGIN":
        found.rude("a login that carries a token")
    if not request.target.startswith("/"):
        found.bad("request target is not a path")
    if not (request.target.isascii() and request.target.isprintable()
            and " " not in request.target and "#" not in request.target):
        found.bad("request target is not properly escaped")


def check_get(request, found):
    if request.body or "content-length" in request.headers:
        found.rude("a GET with a body")
    if request.path != API_PATH:
        return
    for name, value in request.query:
        if name != "id":
            found.rude(f"undocumented query parameter {name}")
        elif not value.isdecimal():
            found.rude(f"id={value} is not a number")
    if sum(name == "id" for name, _ in request.query) > 1:
        found.rude("query parameter id twice")


# Bodies

def media_type(request):
    value = request.headers.get("content-type", "")
    kind, _, parameters = value.partition(";")
    charset = parameters.strip().lower()
    if charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        return value
    return kind.strip().lower()


def check_login(request, found):
    kind = media_type(request)
    if kind not in (JSON_TYPE, FORM_TYPE):
        found.bad(f"Content-Type of a login is {kind or 'missing'}")
    if request.query != [("type", "json")]:
        found.rude("the page's login has ?type=json")
    if kind == JSON_TYPE:
        found.document = read_json(request.body, found)
    for name in ("USER_LOGIN", "USER_HASH"):
        if not request.login_field(name, found.document):
            found.bad(f"a login without {name}")


def check_post(request, found):
    kind = media_type(request)
    if not kind:
        found.rude("a POST without Content-Type")   # as old clients send it
    elif kind != JSON_TYPE:
        found.bad(f"Content-Type is {kind}, expected {JSON_TYPE}")
    if "content-length" not in request.headers:
        found.rude("a POST without Content-Length")
    if request.query:
        found.rude("a POST with query parameters")
    if not request.body:
        found.bad("empty request", EMPTY)
        return
    found.document = read_json(request.body, found)
    if found.document is not None:
        check_document(found.document, found)


def unique_object(pairs):
    twice = [key for key, n in Counter(k for k, _ in pairs).items() if n > 1]
    if twice:
        raise ValueError(f'key "{twice[0]}" twice in one object')
    return dict(pairs)


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def read_json(body, found):
    """The body as an object, or None and a finding."""
    try:
        text = body.decode("utf-8")
        document = json.loads(text, object_pairs_hook=unique_object,
                              parse_constant=no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        found.bad(f"body is not UTF-8 at byte {error.start}")
    except UnicodeEncodeError:
        found.bad("body has half of a surrogate pair")
    except RecursionError:
        found.bad("body is nested too deep")
    except ValueError as error:
        found.bad(f"body is not JSON: {error}")
    else:
        if isinstance(document, dict):
            return document
        found.bad("body is not an object", NOT_ARRAY)
    return None


# Rows.  Each check returns what is wrong with a value, or None.

def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def text_fault(value):
    if not isinstance(value, str):
        return "is not a string"
    return None


def name_fault(value):
    return text_fault(value) or (None if value else "is empty")


def flag_fault(value):
    return None if isinstance(value, bool) else "is not a boolean"


def int_fault(value):
    return None if is_int(value) else "is not an integer"


def id_fault(value):
    if isinstance(value, str) and value.isdecimal():
        return None
    return int_fault(value)


FIELDS = {"name": name_fault, "type": text_fault,
          **{flag: flag_fault for flag in FLAGS}, "request_id": int_fault}
ROW_FIELDS = {"add": FIELDS, "update": {"id": id_fault, **FIELDS}}
REQUIRED_FIELD = {"add": "name", "update": "id"}


def check_document(document, found):
    for key in document:
        if key not in VERBS:
            found.bad(f'unknown key "{key}"')
    if not any(verb in document for verb in VERBS):
        found.bad("neither add, update nor delete", EMPTY)
    for verb in VERBS:
        if verb in document:
            check_rows(verb, document[verb], found)
    check_ids(document, found)


def check_rows(verb, rows, found):
    if not isinstance(rows, list):
        found.bad(f"{verb} is not an array", NOT_ARRAY)
        return
    if not rows:
        found.rude(f"{verb} is an empty array")
    for position, row in enumerate(rows, 1):
        where = f"{verb} row {position}"
        if verb == "delete":
            check_id(where, row, found)
        else:
            check_row(verb, where, row, found)


def check_id(where, value, found):
    if id_fault(value):
        found.bad(f"{where} {id_fault(value)}")
    elif not is_int(value):
        found.rude(f"{where}: id is a string")


def check_row(verb, where, row, found):
    if not isinstance(row, dict):
        found.bad(f"{where} is not an object", NO_DATA)
        return
    fields = ROW_FIELDS[verb]
    if REQUIRED_FIELD[verb] not in row:
        found.bad(f"{where} without {REQUIRED_FIELD[verb]}", REQUIRED)
    for key, value in row.items():
        if key not in fields:
            found.bad(f'{where}: key "{key}" cannot be written')
        elif fields[key](value):
            found.bad(f"{where}: {key} {fields[key](value)}")
    if verb == "update":
        update_manners(where, row, found)


def update_manners(where, row, found):
    if isinstance(row.get("id"), str):
        found.rude(f"{where}: id is a string")
    if not set(row) - {"id", "request_id"}:
        found.rude(f"{where} changes nothing")
    if "request_id" in row:
        found.rude(f"{where}: request_id in an update is of no use")


def check_ids(document, found):
    """Each list at most once in a request."""
    if found.wrong:
        return
    ids = [int(row["id"]) for row in document.get("update", ())]
    ids += [int(number) for number in document.get("delete", ())]
    for number, times in Counter(ids).items():
        if times > 1:
            found.rude(f"id {number} {times} times in one request")
    sent = Counter(row["request_id"] for row in document.get("add", ())
                   if "request_id" in row)
    for number, times in sent.items():
        if times > 1:
            found.rude(f"request_id {number} {times} times in one request")
