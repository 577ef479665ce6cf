"""What the tests share: an emulator to ask, and ways to ask it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import unittest
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EMULATOR = os.path.join(HERE, "emulator")
PATH = "/api/v2/catalogs"
LOGIN = "/private/api/auth.php?type=json"
SILENCE = 0.5           # how long a silent server is listened to
LOST = (http.client.HTTPException, OSError)

GOOD_KEY = json.dumps({"USER_LOGIN": "robot@example.com",
                       "USER_HASH": "main-key"})


class Server:
    """An emulator that runs `serve`."""

    def start(self, *options):
        self.process = subprocess.Popen(
            [EMULATOR, "serve", *options],
            stdout=subprocess.PIPE, text=True)
        self.greeting = []
        for line in self.process.stdout:
            self.greeting.append(line.rstrip("\n"))
            if "CATALOGS_EMULATOR=" in line:
                break
        text = "\n".join(self.greeting)
        self.socket = re.search(r"CATALOGS_EMULATOR=(\S+)", text)[1]
        self.port = int(re.search(r"http://localhost:(\d+)", text)[1])
        https = re.search(r"https://localhost:(\d+)", text)
        self.https_port = int(https[1]) if https else None
        ca = re.search(r"signed by (\S+)", text)
        self.ca_file = ca[1] if ca else None
        return self

    def ask(self, *words):
        """A command; returns its exit status and what it prints."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.socket)
            sock.sendall(b"".join(os.fsencode(word) + b"\0"
                                  for word in (os.getcwd(), *words)))
            sock.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        status, _, text = answer.partition(b"\n")
        return int(status), text.decode()

    def say(self, *words):
        """A command; returns what it prints, fails if it fails."""
        status, text = self.ask(*words)
        if status:
            raise AssertionError(f"{words}: {text}")
        return text.rstrip("\n")

    def refuse(self, *words):
        """A command that must fail; returns what it says."""
        status, text = self.ask(*words)
        assert status, f"{words} did not fail: {text}"
        return text

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.stdout.close()
        return self.process.wait(10)


SERVER = Server()       # started by selftest


class Answer:
    """A reply that was read wholly."""

    def __init__(self, reply):
        self.status = reply.status
        self.headers = reply.headers
        self.body = reply.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def items(self):
        return self.json["_embedded"]["items"]


class Case(unittest.TestCase):
    """Starts from the seed, with one connection that is kept."""

    def setUp(self):
        SERVER.say("reset")
        self.conn = http.client.HTTPConnection("127.0.0.1", SERVER.port,
                                               timeout=5)
        self.addCleanup(self.conn.close)

    def ask(self, method="GET", target=PATH, body=None, account="main",
            token=None, **headers):
        head = {"Host": f"{account}.localhost", "Accept": "*/*",
                "User-Agent": "selftest",
                "Authorization": f"Bearer {token or account + '-token'}"}
        if body is not None:
            head["Content-Type"] = "application/json"
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body, ensure_ascii=False,
                                  separators=(",", ":"))
            body = body.encode() if isinstance(body, str) else body
        head.update((k.replace("_", "-"), v) for k, v in headers.items())
        head = {k: v for k, v in head.items() if v is not None}
        self.conn.request(method, target, body, head)
        return Answer(self.conn.getresponse())

    def post(self, document, **keywords):
        return self.ask("POST", body=document, **keywords)

    def add(self, *names, **keywords):
        return self.post({"add": [{"name": n} for n in names]}, **keywords)

    def wire(self, *options):
        return SERVER.say("wire", *options)

    def lose(self, **keywords):
        """A request that gets no whole reply."""
        with self.assertRaises(LOST) as caught:
            self.ask(**keywords)
        self.conn.close()
        return caught.exception


RAW_GET = (b"GET /api/v2/catalogs HTTP/1.1\r\nHost: localhost\r\n"
           b"Accept: */*\r\nUser-Agent: selftest\r\n"
           b"Authorization: Bearer main-token\r\n\r\n")


def raw(data, wait=SILENCE):
    """What comes back for these bytes until the end, or a silence."""
    with socket.create_connection(("127.0.0.1", SERVER.port)) as sock:
        sock.settimeout(wait)
        sock.sendall(data)
        parts = []
        try:
            while part := sock.recv(65536):
                parts.append(part)
        except (TimeoutError, ConnectionResetError):
            pass
        return b"".join(parts)
