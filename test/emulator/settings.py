"""The table of variants: what an account may do differently.

One row a variant: allowed values (the first is the default), weight and
meaning.  The weights are those of the API's fact sheet: V the vendor's page
says or shows it, C it was captured from a real account, ? it is unknown.
The same table checks `set`, prints `settings` and feeds --help.
"""

import difflib
import json
from collections import namedtuple

Setting = namedtuple("Setting", "name values weight meaning")


class SettingError(Exception):
    """A name or a value that is not in the table; says what would be."""


class Free:
    """Values that are not a list of words: how to read and show them."""

    def __init__(self, label, default, parse):
        self.label, self.default, self.parse = label, default, parse


def natural(text):
    value = 0 if text == "off" else int(text)
    if value < 0:
        raise ValueError
    return value


def positive_number(text):
    value = float(text)
    if value < 0:
        raise ValueError
    return value


def words(text):
    return tuple(w for w in text.replace(",", " ").split())


def json_object(text):
    value = json.loads(text or "{}")
    if not isinstance(value, dict):
        raise ValueError
    return value


VERBS = ("add", "update", "delete")


def row_choices(text):
    """`add:2 update:4223 delete:*` as ((verb, number or "*"), ...)."""
    chosen = []
    for word in text.replace(",", " ").replace("/", " ").split():
        verb, _, which = word.partition(":")
        if verb not in VERBS:
            raise ValueError
        chosen.append((verb, "*" if which == "*" else int(which)))
    return tuple(chosen)


SHAPES = ("list", "nested", "map", "map_of_lists")
BODIES = ("problem", "old", "validation", "html", "oauth", "empty")
ON_OFF = ("off", "on")

TABLE = (
    # How the items of a reply look
    Setting("items_shape", SHAPES, "VC",
            "items of a GET reply: [{}], [[{},{}],[{}]], {\"id\":{}} or"
            " {\"0\":[{},{}]}"),
    Setting("post_items_shape", SHAPES, "VC",
            "the same for a POST reply; map_of_lists is keyed by verb"),
    Setting("escapes", ("utf8", "php"), "C",
            "php: \\/ and \\uXXXX in every string"),
    Setting("numbers", ("int", "string"), "VC",
            "string: every number of an item is a string"),
    Setting("booleans", ("bool", "int", "string", "word"), "C",
            "true, 1, \"1\" or \"true\""),
    Setting("missing", Free("KEY,...", "", words), "V",
            "keys left out of the items of a GET reply"),
    Setting("nulls", Free("KEY,...", "", words), "?",
            "keys that are null in the items of a GET reply"),
    Setting("extra", Free("JSON", "{}", json_object), "?",
            "an object merged into every item of a GET reply"),
    Setting("key_order", ("page", "reversed"), "?",
            "order of the keys of an item"),
    Setting("get_order", ("stored", "reversed"), "?",
            "order of the items of a GET reply"),
    Setting("links", ("_links", "_link", "none"), "V",
            "the name under which a reply carries its links"),
    Setting("pretty", ON_OFF, "?", "indented replies"),
    Setting("drop_embedded", ON_OFF, "?", "replies without _embedded"),

    # What is answered
    Setting("id_filter", ("honoured", "ignored"), "?",
            "ignored: ?id=N answers every list"),
    Setting("nothing", ("204", "items"), "VC",
            "a GET that finds nothing: 204, or 200 with no items"),
    Setting("request_id", ("echo", "none", "generated", "reversed",
                           "partial", "foreign"), "V?",
            "in the items of an added row: echo what was sent; none;"
            " generated when none was sent; reversed: echo, last row first;"
            " partial: every other row; foreign: numbers nobody sent"),
    Setting("post_order", ("sent", "reversed"), "?",
            "order of the items of a POST reply"),
    Setting("post_items", ("all", "fewer", "more", "other", "none"), "?",
            "items of a POST reply: one row short, one id too many, other"
            " ids, or none"),
    Setting("delete_items", ("items", "empty", "numbers", "no_content"), "?",
            "a POST that only deletes answers with items, no items, bare ids"
            " or 204"),

    # Errors
    Setting("error_body", BODIES, "C", "which body the account's errors have"),
    Setting("rule_status", ("400", "200"), "?",
            "HTTP status of a request that breaks the rules (222, 283-285)"),
    Setting("partial", Free("VERB:ROW,...", "", row_choices), "C",
            "rows that the account refuses: add:N the N-th of a request,"
            " update:ID, delete:ID, VERB:* all"),
    Setting("partial_shape", ("message_map", "object_list", "object_map",
                              "item", "response"), "C",
            "how refused rows are reported; item: in the row's own item;"
            " response: nothing was done"),
    Setting("partial_code", Free("CODE", "282", natural), "C",
            "their code"),
    Setting("partial_message", Free("TEXT", "", str), "C",
            "their text; empty: the code's own"),
    Setting("partial_status", ("200", "400", "422"), "?",
            "HTTP status of a POST with refused rows"),
    Setting("batch_limit", Free("ROWS", "250", natural), "C",
            "rows in one POST; 0: no limit"),
    Setting("batch_over", ("422", "413", "504"), "C", "status beyond it"),
    Setting("rate_limit", Free("N", "0", natural), "C",
            "requests in any second of one account; 0: no limit"),
    Setting("rate_body", ("html", "json", "retry_after"), "C?",
            "429 as HTML, JSON with retry_after, or with Retry-After"),
    Setting("retry_after", Free("SECONDS", "1", natural), "?",
            "the wait that a 429 asks for"),
    Setting("after_429s", Free("N", "0", natural), "C",
            "403 until reset after so many 429s; 0: never"),

    # Signing in
    Setting("session_minutes", Free("MINUTES", "15", positive_number), "C",
            "how long a login lasts"),
    Setting("auth_body", ("json", "no_cookie", "auth_false", "html", "empty"),
            "C?",
            "a login that succeeds: as captured, without a cookie, 200 with"
            " auth false, an HTML page, or an empty body"),
    Setting("login_error", ("none", "110", "111", "112", "113", "101"), "C",
            "refuse every login with this code"),

    # The connection
    Setting("compress", ("off", "gzip", "deflate", "gzip_always"), "?",
            "compress replies if the client allows it, or always"),
    Setting("chunked", ON_OFF, "?", "chunks instead of Content-Length"),
    Setting("keep_alive", ("on", "off"), "?",
            "off: every reply closes the connection, and says so"),
    Setting("delay_ms", Free("MS", "0", natural), "?",
            "wait before each reply"),
    Setting("certificate", ("good", "expired", "wrong_host", "self_signed",
                            "other_ca"), "?",
            "what new https connections are shown"),
    Setting("tls", ("any", "old"), "?",
            "old: new https connections get no more than TLS 1.1"),

    # The emulator itself
    Setting("clock", ("fixed", "real"), "-",
            "created_at: counted from the seed, or the time of day"),
    Setting("strict", ("on", "off"), "-",
            "complain about manners too, not only about broken rules"),
)

BY_NAME = {setting.name: setting for setting in TABLE}


def default_text(setting):
    if isinstance(setting.values, Free):
        return setting.values.default
    return setting.values[0]


def allowed_text(setting):
    if isinstance(setting.values, Free):
        return setting.values.label
    return "|".join(setting.values)


def parse(setting, text):
    if isinstance(setting.values, Free):
        try:
            return setting.values.parse(text)
        except ValueError:
            pass
    elif text in setting.values:
        return text
    raise SettingError(f"{setting.name}={text}: expected"
                       f" {allowed_text(setting)}")


def find(name):
    if name in BY_NAME:
        return BY_NAME[name]
    near = difflib.get_close_matches(name, BY_NAME, 1, 0)
    raise SettingError(f'no setting "{name}"; did you mean "{near[0]}"?')


class Settings(dict):
    """Parsed values by name.  `version` changes whenever one does."""

    def __init__(self):
        super().__init__()
        self.version = 0
        self.texts = {}
        self.reset()

    def reset(self):
        for setting in TABLE:
            self.put(setting, default_text(setting))

    def put(self, setting, text):
        self[setting.name] = parse(setting, text)
        self.texts[setting.name] = text
        self.version += 1

    def set(self, pairs):
        """Applies KEY=VALUE words: all of them, or none if one is wrong."""
        checked = []
        for pair in pairs:
            name, equals, text = pair.partition("=")
            setting = find(name)
            if not equals:
                raise SettingError(f'"{pair}": expected {name}=VALUE')
            parse(setting, text)
            checked.append((setting, text))
        for setting, text in checked:
            self.put(setting, text)

    def unset(self, names):
        for setting in [find(name) for name in names]:
            self.put(setting, default_text(setting))


def describe(settings=None):
    """The table as text; with the present values when there are any."""
    lines = []
    for setting in TABLE:
        text = settings.texts[setting.name] if settings \
            else default_text(setting)
        mark = "*" if text != default_text(setting) else " "
        lines.append(f"{mark} {setting.name}={text}\n"
                     f"      {allowed_text(setting)}\n"
                     f"      [{setting.weight}] {setting.meaning}")
    return "\n".join(lines)
