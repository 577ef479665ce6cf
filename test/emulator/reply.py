"""How the account answers: statuses, bodies, shapes of items.

Owns every byte of a reply's body.  Facts: "GET reply", "POST reply",
"Errors", and the variants of settings.py.
"""

import json

# The page's own words, then what was captured
TITLES = {
    200: "OK", 204: "No Content", 301: "Moved permanently", 302: "Found",
    303: "See Other", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not found", 405: "Method Not Allowed",
    413: "Request Entity Too Large", 422: "Unprocessable Entity",
    429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal server error", 501: "Not Implemented",
    502: "Bad gateway", 503: "Service unavailable", 504: "Gateway Timeout",
}

CODES = {
    101: "No such account", 110: "Неверный логин или пароль",
    111: "Captcha needed", 112: "User switched off",
    113: "IP is not on the white list", 222: "Empty request",
    244: "No right to do this", 281: "Not deleted: internal error",
    282: "Catalog not found", 283: "No data", 284: "Not an array",
    285: "Required field missing", 402: "Subscription ended",
    405: "Wrong HTTP method", 429: "Too many requests",
    2002: "Nothing found",
}

JSON = "application/json; charset=utf-8"
PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"

# Stands for the id of a list of add-many in the text of an item
SENTINEL = 1999999999999
CHUNK_ROWS = 500
STREAM_ROWS = 2000              # more than these are not sent in one piece


class Reply:
    """A reply before it is on the wire.  `parts`, if set, replaces `body`:
    an iterable of bytes whose length nobody knows beforehand.  `refused` are
    the rows of which it says so: of each a verb and the position."""

    __slots__ = ("status", "type", "headers", "body", "parts", "refused")

    def __init__(self, status, body=b"", kind=JSON, headers=(), parts=None):
        self.status = status
        self.type = kind
        self.headers = list(headers)
        self.body = body
        self.parts = parts
        self.refused = ()

    def whole(self):
        """The body in one piece."""
        if self.parts is not None:
            self.body = b"".join(self.parts)
            self.parts = None
        return self.body


def to_json(document, settings):
    """A document as this account writes JSON."""
    php = settings["escapes"] == "php"
    pretty = settings["pretty"] == "on"
    text = json.dumps(document, ensure_ascii=php,
                      indent=3 if pretty else None,
                      separators=None if pretty else (",", ":"))
    return text.replace("/", "\\/") if php else text


# Items

def as_flag(value, style):
    return {"bool": bool(value), "int": int(value),
            "string": str(int(value)), "word": str(value).lower()}[style]


def as_value(value, settings):
    if isinstance(value, bool):
        return as_flag(value, settings["booleans"])
    if isinstance(value, int) and settings["numbers"] == "string":
        return str(value)
    return value


def with_links(item, number, path, settings):
    """The item with the link that leads to it."""
    if settings["links"] != "none":
        item[settings["links"]] = {
            "self": {"href": f"{path}?id={number}", "method": "get"}}
    return item


def reorder(item, settings):
    if settings["key_order"] == "reversed":
        return dict(reversed(item.items()))
    return item


def item_of(row, path, settings):
    """A list as an item of a GET reply."""
    item = {key: as_value(value, settings) for key, value in row.items()}
    with_links(item, row["id"], path, settings)
    for key in settings["nulls"]:
        item[key] = None
    item.update(settings["extra"])
    for key in settings["missing"]:
        item.pop(key, None)
    return reorder(item, settings)


def pairs(items):
    return [items[i:i + 2] for i in range(0, len(items), 2)]


def shaped(items, shape):
    """The items in one of the shapes that were seen."""
    if shape == "nested":
        return pairs(items)
    if shape == "map":
        return {str(item.get("id", n)): item for n, item in enumerate(items)}
    if shape == "map_of_lists":
        return {str(n): part for n, part in enumerate(pairs(items))}
    return items


def envelope(embedded, method, path, settings):
    """A whole 200 reply around what is embedded in it."""
    document = {}
    if settings["links"] != "none":
        document[settings["links"]] = {
            "self": {"href": path, "method": method}}
    if settings["drop_embedded"] == "off":
        document["_embedded"] = embedded
    return document


def get_reply(account, rows, generated, path, settings):
    """200 with these lists, and with those ids of add-many."""
    items = [item_of(row, path, settings) for row in rows]
    if settings["get_order"] == "reversed":
        items.reverse()
    if generated:
        settings = {**settings, "pretty": "off"}
        proto = item_of(account.generate(SENTINEL), path, settings)
        items.append(proto)
    text = to_json(envelope({"items": shaped(items, settings["items_shape"])},
                            "get", path, settings), settings)
    if not generated or settings["drop_embedded"] == "on":
        return Reply(200, text.encode())
    unit = to_json(proto, settings)
    if settings["items_shape"] == "map":
        unit = f'"{SENTINEL}":{unit}'
    parts = repeated(text, unit, generated)
    if len(generated) > STREAM_ROWS:
        return Reply(200, parts=parts)
    return Reply(200, b"".join(parts))


def repeated(text, unit, ids):
    """The text, in parts, with the unit in it once for each id."""
    before, _, after = text.partition(unit)
    unit = unit.replace("%", "%%")
    times = unit.count(str(SENTINEL))
    unit = unit.replace(str(SENTINEL), "%d")
    yield before.encode()
    for at in range(0, len(ids), CHUNK_ROWS):
        chunk = ids[at:at + CHUNK_ROWS]
        joined = ",".join([unit % ((number,) * times) for number in chunk])
        yield (("," if at else "") + joined).encode()
    yield after.encode()


# Replies to POST

def id_item(number, request_id, path, settings):
    """What an accepted row is in the reply: its id, and maybe its name in
    the client's program."""
    item = {"id": as_value(number, settings)}
    if request_id is not None:
        item["request_id"] = as_value(request_id, settings)
    return reorder(with_links(item, number, path, settings), settings)


def answered_request_ids(sent, style):
    """What comes back for the request_ids of the accepted adds."""
    if style == "none":
        return [None] * len(sent)
    if style == "generated":
        return [n if r is None else r for n, r in enumerate(sent)]
    if style == "partial":
        return [r if n % 2 == 0 else None for n, r in enumerate(sent)]
    if style == "foreign":
        return [900000 + n for n in range(len(sent))]
    return sent


OTHER_IDS = 1000000             # added to the ids of post_items=other


def altered(items, how):
    """The items of a POST reply that tells something else."""
    if how == "fewer":
        return items[:-1]
    if how == "more":
        return items + [{"id": 999999}]
    if how == "other":
        return [{**item, "id": int(item["id"]) + OTHER_IDS} for item in items]
    return [] if how == "none" else items


def done_items(done, path, settings):
    """[(verb, item)] for what was done: (verb, id, request_id) each."""
    style = settings["request_id"]
    sent = [r for verb, _, r in done if verb == "add"]
    answers = iter(answered_request_ids(sent, style))
    items = []
    for verb, number, _ in done:
        request_id = next(answers) if verb == "add" else None
        if verb == "delete" and settings["delete_items"] == "empty":
            continue
        if verb == "delete" and settings["delete_items"] == "numbers":
            items.append((verb, number))
            continue
        items.append((verb, id_item(number, request_id, path, settings)))
    if style == "reversed" or settings["post_order"] == "reversed":
        items.reverse()
    return items


def post_shaped(items, settings):
    how = settings["post_items"]
    if settings["post_items_shape"] == "map_of_lists":
        verbs = dict.fromkeys(verb for verb, _ in items)
        return {verb: altered([i for v, i in items if v == verb], how)
                for verb in verbs}
    plain = [item for _, item in items]
    if all(isinstance(item, dict) for item in plain):
        return shaped(altered(plain, how), settings["post_items_shape"])
    return plain


def post_reply(done, refused, path, settings):
    """200 with what was done and what was refused.

    refused: (verb, key, code, message, position) each."""
    only_deletes = done and all(verb == "delete" for verb, _, _ in done)
    if only_deletes and not refused \
            and settings["delete_items"] == "no_content":
        return Reply(204)
    items = done_items(done, path, settings)
    if settings["partial_shape"] == "item":
        put_refused(items, refused)
        refused = ()
    embedded = {"items": post_shaped(items, settings)}
    if refused:
        embedded["errors"] = refusals(refused, settings["partial_shape"])
    document = envelope(embedded, "post", path, settings)
    return Reply(200, to_json(document, settings).encode())


def put_refused(items, refused):
    """Puts refused rows among the items, each in its place."""
    for verb, key, code, message, position in refused:
        item = {"error": {"code": code, "message": message}}
        if verb != "add":
            item["id"] = key
        elif key != position - 1:
            item["request_id"] = key
        first = next((n for n, (v, _) in enumerate(items) if v == verb),
                     len(items))
        items.insert(first + position - 1, (verb, item))


def refusals(refused, shape):
    """The errors of a reply: by verb, then as a list or by row."""
    errors = {}
    for verb, key, code, message, _ in refused:
        if shape == "object_list":
            errors.setdefault(verb, []).append(
                {"id": key, "code": code, "message": message})
        elif shape == "object_map":
            errors.setdefault(verb, {})[str(key)] = {"code": code,
                                                     "message": message}
        else:
            errors.setdefault(verb, {})[str(key)] = message
    return errors


# Errors: the five bodies

def old_body(error):
    return {"response": {"error": error["detail"],
                         "error_code": str(error["code"]),
                         "ip": "127.0.0.1", "domain": error["domain"],
                         "server_time": 1536235109}}


def problem_body(error):
    return {"title": error["title"],
            "type": f"https://httpstatus.es/{error['status']}",
            "status": error["status"], "detail": error["detail"]}


def validation_body(error):
    row = {"code": str(error["code"]), "path": "name",
           "detail": error["detail"]}
    return {"validation-errors": [{"request_id": "0", "errors": [row]}],
            **problem_body(error)}


def oauth_body(error):
    return {**problem_body(error),
            "hint": error.get("hint") or "Token has been revoked"}


def html_body(error):
    title = f"{error['status']} {error['title']}"
    return (f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
            f"<center><h1>{title}</h1></center>\r\n"
            "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")


# body name -> (content type, maker)
BODIES = {"old": (JSON, old_body), "problem": (PROBLEM, problem_body),
          "validation": (PROBLEM, validation_body), "html": (HTML, html_body),
          "oauth": (PROBLEM, oauth_body)}


def error_reply(status, code, settings, body=None, headers=(), **words):
    """An error with the account's body, or with the one that is named.

    words: title, detail, hint, domain; more keys join a JSON body."""
    body = body or settings["error_body"]
    if body == "empty":
        return Reply(status, headers=headers)
    error = {"status": status, "code": code, "domain": "main.amocrm.ru",
             "title": TITLES.get(status, "Error"),
             "detail": CODES.get(code, TITLES.get(status, "Error"))}
    error.update((k, v) for k, v in words.items() if v is not None)
    kind, make = BODIES[body]
    document = make(error)
    if isinstance(document, str):
        return Reply(status, document.encode(), kind, headers)
    for key in ("hint", "retry_after"):
        if error.get(key) is not None:
            document[key] = error[key]
    return Reply(status, to_json(document, settings).encode(), kind, headers)
