"""What the accounts hold: lists, ways to sign in, sessions.

Owns the data, its seed and its file.  Knows nothing of HTTP, JSON replies or
variants.  Facts: "GET reply", "POST: what may be written", "Who one is".
"""

import json
import os
import time

FLAGS = ("can_add_elements", "can_show_in_cards", "can_link_multiple")
WRITABLE = ("name", "type") + FLAGS

# What a list has when nobody said otherwise.  The page names no defaults.
NEW_LIST = {"type": "regular", "can_add_elements": True,
            "can_show_in_cards": False, "can_link_multiple": True,
            "sdk_widget_code": None, "widgets": []}

FIRST_GENERATED = 10_000_001    # ids of add-many, far from all others
SORT_STEP = 10


class SeedError(Exception):
    """A seed or state file that cannot be used; says why."""


class Account:
    """One account.  `version` changes whenever its lists do."""

    def __init__(self, name, seed):
        self.name = name
        self.tokens = set(seed.get("tokens", ()))
        self.logins = {x["login"]: x["api_key"]
                       for x in seed.get("logins", ())}
        self.user_id = seed.get("user_id", 1)
        self.next_id = seed.get("next_id", 5001)
        self.clock = seed.get("clock", 1508930400)
        self.lists = {}
        self.generated = seed.get("generated", 0)
        self.gone = set(seed.get("gone", ()))
        self.sessions = {}
        self.logged_in = 0
        self.version = 0
        for row in seed.get("lists", ()):
            self.put(row)

    def to_seed(self):
        """What makes the same account again (sessions are not kept)."""
        return {"tokens": sorted(self.tokens),
                "logins": [{"login": k, "api_key": v}
                           for k, v in self.logins.items()],
                "user_id": self.user_id, "next_id": self.next_id,
                "clock": self.clock, "generated": self.generated,
                "gone": sorted(self.gone), "lists": list(self.lists.values())}

    # Lists.  Those of add-many are not stored, only counted: a row of theirs
    # that is changed moves to `lists`, and one that is deleted to `gone`.

    def is_generated(self, number):
        return (0 <= number - FIRST_GENERATED < self.generated
                and number not in self.gone)

    def generate(self, number):
        """The list that add-many made with this id."""
        row = {"id": number, "name": f"List {number}",
               "created_by": self.user_id, "created_at": 1508930391,
               "sort": SORT_STEP}
        return {**row, **NEW_LIST}

    def generated_ids(self):
        ids = range(FIRST_GENERATED, FIRST_GENERATED + self.generated)
        if not self.gone:
            return ids
        gone = frozenset(self.gone)
        return [number for number in ids if number not in gone]

    def get(self, number):
        """The list with this id, or None."""
        row = self.lists.get(number)
        if row is None and self.is_generated(number):
            row = self.generate(number)
        return row

    def put(self, row):
        """Stores a list under its id; keys it lacks are filled in."""
        if self.is_generated(row["id"]):
            self.gone.add(row["id"])
        known = self.lists.get(row["id"], {})
        base = {"id": row["id"], "name": f"List {row['id']}",
                "created_by": self.user_id, "created_at": self.clock,
                "sort": SORT_STEP, **NEW_LIST}
        self.lists[row["id"]] = {**base, **known, **row}
        self.version += 1

    def add(self, values, now):
        """A new list; returns its id."""
        number = self.next_id
        self.next_id += 1
        if now is None:
            now = self.clock
            self.clock += 1
        last = max((r["sort"] for r in self.lists.values()), default=0)
        self.put({"id": number, "created_by": self.user_id,
                  "created_at": now, "sort": last + SORT_STEP, **values})
        return number

    def update(self, number, values):
        self.put({**self.get(number), **values})

    def drop(self, number):
        """Deletes a list; False if there is none."""
        if self.get(number) is None:
            return False
        if self.lists.pop(number, None) is None:
            self.gone.add(number)
        self.version += 1
        return True

    def clear(self):
        self.lists = {}
        self.generated = 0
        self.gone = set()
        self.version += 1

    # Sessions

    def log_in(self, minutes):
        """A new session; returns the cookie's value."""
        self.logged_in += 1
        cookie = f"session-{self.name}-{self.logged_in}"
        self.sessions[cookie] = time.monotonic() + 60 * minutes
        return cookie

    def is_session(self, cookie):
        return self.sessions.get(cookie, 0) > time.monotonic()


class Accounts(dict):
    """All accounts by name, made from seed files and kept in a file if told.

    A state file that exists is read instead of the seeds."""

    def __init__(self, seeds, state=None):
        super().__init__()
        self.seeds = seeds
        self.state = state
        if state and os.path.exists(state):
            self.load([state])
        else:
            self.load(seeds)

    def load(self, paths):
        accounts = {}
        for path in paths:
            accounts.update(read_seed(path))
        self.clear()
        self.update(accounts)

    def reset(self, seed=None, empty=False):
        self.load([seed] if seed else self.seeds)
        if empty:
            for account in self.values():
                account.clear()
        self.save()

    def save(self):
        """Writes the state file, if there is one, in one step."""
        if not self.state:
            return
        text = json.dumps({"accounts": {name: account.to_seed()
                                        for name, account in self.items()}},
                          ensure_ascii=False, indent=1)
        new = f"{self.state}.new"
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.state)

    def secrets(self):
        """Every token and key, for the ledger to mask."""
        return tuple(s for a in self.values()
                     for s in (*a.tokens, *a.logins.values()) if s)


def read_seed(path):
    try:
        with open(path, encoding="utf-8") as file:
            accounts = json.load(file)["accounts"]
        return {name: Account(name, seed) for name, seed in accounts.items()}
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise SeedError(f"{path}: not a seed file: {error!r}") from None
