"""The API itself: which reply a request gets.

Owns routing, signing in, limits and the effect of a POST.  Takes a request
that was read and checked; returns a Reply.  Facts: "The two calls", "Errors",
"Who one is", "Limits and manners".
"""

import time
from collections import defaultdict, deque

import reply
import rules
from account import WRITABLE
from reply import Reply

KEEP_RENDERED = 1 << 30         # bytes of rendered replies kept for repeats


class Limits:
    """Requests of the last second and 429s so far, of each account."""

    def __init__(self):
        self.recent = defaultdict(deque)
        self.refused = defaultdict(int)

    def status(self, account, settings):
        """429 or 403 if this request is one too many, else None."""
        limit, last = settings["rate_limit"], settings["after_429s"]
        if last and self.refused[account] >= last:
            return 403
        if not limit:
            return None
        now = time.monotonic()
        recent = self.recent[account]
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) < limit:
            recent.append(now)
            return None
        self.refused[account] += 1
        return 429


class Api:
    """The API of all accounts."""

    def __init__(self, settings, accounts):
        self.settings = settings
        self.accounts = accounts
        self.reset()

    def reset(self):
        self.limits = Limits()
        self.rendered = {}

    def answer(self, request, found):
        """The reply to a request of which `found` is wrong."""
        limited = self.limits.status(request.account, self.settings)
        if limited:
            return self.limit_reply(limited, request)
        if request.unreadable:
            return self.broken(request, found)
        if request.account not in self.accounts:
            return self.error(401, 101, request)
        account = self.accounts[request.account]
        route = self.ROUTES.get(request.path)
        if route is None:
            return self.error(404, 404, request)
        return route(self, account, request, found)

    def error(self, status, code, request, **words):
        domain = request.headers.get("host", "")
        return reply.error_reply(status, code, self.settings, domain=domain,
                                 **words)

    def limit_reply(self, status, request):
        if status == 403:
            return self.error(403, 403, request)
        how, wait = self.settings["rate_body"], self.settings["retry_after"]
        if how == "html":
            return self.error(429, 429, request, body="html")
        if how == "json":
            return self.error(429, 429, request, body="problem",
                              retry_after=wait)
        return self.error(429, 429, request, body="problem",
                          headers=[("Retry-After", str(wait))])

    # Signing in

    def login(self, account, request, found):
        if request.method != "POST":
            return self.error(405, 405, request)
        if found.wrong:
            return self.broken(request, found)
        user = request.login_field("USER_LOGIN", found.document)
        key = request.login_field("USER_HASH", found.document)
        refused = self.settings["login_error"]
        if refused == "none" and account.logins.get(user) != key:
            refused = "110"
        if refused != "none":
            return self.login_refused(int(refused), request)
        return self.login_accepted(account, request)

    def login_refused(self, code, request):
        """Always the old body, with "auth": false in it."""
        words = reply.old_body({"detail": reply.CODES[code], "code": code,
                                "domain": request.headers.get("host", "")})
        words["response"] = {"auth": False, **words["response"]}
        status = 403 if code == 113 else 401
        return Reply(status, reply.to_json(words, self.settings).encode())

    def login_accepted(self, account, request):
        how = self.settings["auth_body"]
        document = {"response": {
            "auth": how != "auth_false",
            "accounts": [{"id": "1", "name": account.name,
                          "subdomain": account.name, "language": "ru"}],
            "server_time": 1536235109}}
        answer = Reply(200, reply.to_json(document, self.settings).encode())
        if how == "html":
            answer = self.error(200, 200, request, body="html")
        elif how == "empty":
            answer = Reply(200)
        if how not in ("no_cookie", "auth_false"):
            cookie = account.log_in(self.settings["session_minutes"])
            answer.headers += [
                ("Set-Cookie", f"session_id={cookie}; path=/; HttpOnly"),
                ("Set-Cookie", "user_lang=ru; path=/")]
        return answer

    def is_signed_in(self, account, request):
        if request.token is not None:
            return request.token in account.tokens
        return account.is_session(request.session)

    # Lists

    def catalogs(self, account, request, found):
        if not self.is_signed_in(account, request):
            return self.error(401, 110 if request.token is None else 401,
                              request)
        call = self.CALLS.get(request.method)
        if call is None:
            return self.error(405, 405, request)
        if found.wrong:
            return self.broken(request, found)
        return call(self, account, request, found)

    def broken(self, request, found):
        """The reply to a request that breaks the page's rules."""
        code = found.wrong[0][0]
        words = "; ".join(text for _, text in found.wrong[:5])
        if self.settings["rule_status"] == "200" and code != rules.BAD:
            return self.error(200, code, request, body="old", detail=words)
        return self.error(400, code, request, detail=words)

    def get(self, account, request, found):
        key = (account.name, request.target)
        version = (account, account.version, self.settings.version)
        known = self.rendered.get(key)
        if known and known[0] == version:
            return known[1]
        answer = self.render_get(account, request)
        if answer.parts is not None:
            parts = []
            answer.parts = keep(answer.parts, parts, lambda: self.store(
                key, version, Reply(200, parts=parts)))
            return answer
        return self.store(key, version, answer)

    def store(self, key, version, answer):
        if len(self.rendered) > 1000:
            self.rendered.clear()
        self.rendered[key] = (version, answer)
        return answer

    def render_get(self, account, request):
        wanted = request.wanted_id
        if self.settings["id_filter"] == "ignored":
            wanted = None
        if wanted is None:
            rows, made = list(account.lists.values()), account.generated_ids()
        else:
            row = account.get(wanted)
            rows, made = [row] if row else [], ()
        if not rows and not made and self.settings["nothing"] == "204":
            return Reply(204)
        return reply.get_reply(account, rows, made, request.path,
                               self.settings)

    def post(self, account, request, found):
        document = found.document
        limit = self.settings["batch_limit"]
        if limit and sum(map(len, document.values())) > limit:
            return self.error(int(self.settings["batch_over"]), 422, request,
                              detail=f"More than {limit} rows in a request")
        changes = Changes(account, document, self.settings)
        refused = changes.refused
        if refused and self.settings["partial_shape"] == "response":
            _, _, code, message, _ = refused[0]
            return self.error(int(self.settings["partial_status"]), code,
                              request, body="old", detail=message)
        changes.apply()
        if changes.done:
            self.accounts.save()
        answer = reply.post_reply(changes.done, refused, request.path,
                                  self.settings)
        if refused:
            answer.status = int(self.settings["partial_status"])
            answer.refused = [(verb, position)
                              for verb, _, _, _, position in refused]
        return answer

    ROUTES = {rules.API_PATH: catalogs, rules.LOGIN_PATH: login}
    CALLS = {"GET": get, "POST": post}


def keep(parts, kept, finished):
    """The parts as they are, kept for repeats unless they are too many."""
    size = 0
    for part in parts:
        yield part
        size += len(part)
        if size <= KEEP_RENDERED:
            kept.append(part)
    if size <= KEEP_RENDERED:
        finished()


class Changes:
    """What one POST does: rows that are refused, and rows to do."""

    def __init__(self, account, document, settings):
        self.account = account
        self.settings = settings
        self.accepted = []      # (verb, id or None, row)
        self.refused = []       # (verb, key, code, message, position)
        self.done = []          # (verb, id, request_id)
        for verb, rows in document.items():
            for position, row in enumerate(rows, 1):
                self.sort_out(verb, position, row)

    def sort_out(self, verb, position, row):
        number = None
        if verb != "add":
            number = int(row["id"] if verb == "update" else row)
        code = self.refusal(verb, position, number)
        if code is None:
            self.accepted.append((verb, number, row))
            return
        key = number
        if verb == "add":
            key = row.get("request_id", position - 1)
        message = (self.settings["partial_message"]
                   or reply.CODES.get(code, "Refused"))
        self.refused.append((verb, key, code, message, position))

    def refusal(self, verb, position, number):
        """The code with which a row is refused, or None."""
        which = position if number is None else number
        chosen = self.settings["partial"]
        if (verb, which) in chosen or (verb, "*") in chosen:
            return self.settings["partial_code"]
        if number is not None and self.account.get(number) is None:
            return 282
        return None

    def apply(self):
        for verb, number, row in self.accepted:
            request_id = None
            if verb == "delete":
                self.account.drop(number)
            else:
                values = {k: row[k] for k in WRITABLE if k in row}
                request_id = row.get("request_id")
            if verb == "update" and self.account.get(number):
                self.account.update(number, values)
            elif verb == "add":
                number = self.account.add(values, self.now())
            self.done.append((verb, number, request_id))

    def now(self):
        if self.settings["clock"] == "real":
            return int(time.time())
        return None
