"""The commands, and the program itself."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from harness import Answer, Case, EMULATOR, PATH, SERVER, Server


class Commands(Case):

    def test_wire(self):
        self.assertEqual(self.wire(), "(no requests)")
        self.assertEqual(self.wire("--count"), "nothing")
        self.ask()
        self.add("A", "B")
        self.assertEqual(self.wire("--count", "--keep"), "1 POST, 1 GET")
        self.assertEqual(self.wire("--summary", "--connections", "--keep"),
                         f"#1 GET {PATH}\n#1 POST {PATH} add 2")
        self.assertRegex(self.wire("--time", "--keep"),
                         r"(?s)catalogs \+0\.000s\n.* \+\d\.\d{3}s$")
        self.assertEqual(self.wire(), f"GET {PATH}\nPOST {PATH}"
                                      ' {"add":[{"name":"A"},{"name":"B"}]}')
        self.assertEqual(self.wire(), "(no requests)")

    def test_wire_of_who_has_left(self):
        for _ in range(20):
            for _ in range(5):
                with socket.create_connection(("127.0.0.1",
                                               SERVER.port)) as sock:
                    sock.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
            self.assertEqual(self.wire("--count").split("\n")[0], "5 GET")

    def test_wire_bodies(self):
        self.post(b'{"add":\n[]}\xff')
        self.assertIn(r'{"add":\n[]}\xff', self.wire())
        self.add("A" * 5000)
        self.assertIn("... (5021 bytes)", self.wire("--keep"))
        self.assertIn("A" * 5000, self.wire("--full"))

    def test_wire_totals(self):
        self.assertEqual(self.wire("--totals"), "gets=0 posts=0 logins=0"
                         " bytes_sent=0 bytes_received=0 too_many_requests=0")
        SERVER.say("set", "rate_limit=2")
        size = len(self.ask().body)
        size += len(self.post(b'{"add":[{"name":"A"}]}').body)
        size += len(self.ask().body)
        self.assertEqual(self.wire("--totals"), "gets=2 posts=1 logins=0"
                         f" bytes_sent=22 bytes_received={size}"
                         " too_many_requests=1")

    def test_wire_totals_of_what_is_read(self):
        size = len(self.ask().body)
        SERVER.say("set", "chunked=on", "compress=gzip_always")
        self.ask()
        SERVER.say("fault", "slow", "ms=0", "bytes=7")
        self.ask()
        SERVER.say("unset", "compress")
        SERVER.say("fault", "slow", "ms=0", "bytes=1")
        self.ask()
        self.assertIn(f" bytes_received={4 * size} ", self.wire("--totals"))

    def test_connection_numbers(self):
        self.ask()
        self.conn.close()
        self.ask()
        SERVER.say("reset")
        self.ask()
        self.assertEqual(self.wire("--connections"), f"#1 GET {PATH}")

    def test_reset_repeats(self):
        self.assertEqual(self.add("A").items[0]["id"], 5001)
        before = SERVER.say("lists", "--json")
        SERVER.say("reset")
        self.assertEqual(self.add("A").items[0]["id"], 5001)
        self.assertEqual(SERVER.say("lists", "--json"), before)

    def test_put_and_drop(self):
        SERVER.say("put", '{"id":4223,"name":"Moved"}')
        SERVER.say("put", '{"name":"New"}')
        SERVER.say("drop", "4222")
        self.assertEqual([(i["id"], i["name"]) for i in self.ask().items],
                         [(4223, "Moved"), (4230, "Tariffs"),
                          (4231, "Счета"), (5001, "New")])
        self.assertIn("no such list: 1", SERVER.refuse("drop", "1"))
        self.assertIn("not a JSON object", SERVER.refuse("put", "5"))
        self.assertIn("no account", SERVER.refuse("lists", "--account", "x"))

    def test_lists(self):
        lines = SERVER.say("lists", "--account", "acme").splitlines()
        self.assertEqual(lines[1].split(" | ")[:3],
                         ["5223", "Cars      ", "regular  "])

    def test_https(self):
        if not SERVER.https_port:
            self.skipTest("no https")
        context = ssl.create_default_context(cafile=SERVER.ca_file)
        for name in ("localhost", "127.0.0.1"):
            conn = http.client.HTTPSConnection(name, SERVER.https_port,
                                               context=context, timeout=5)
            conn.request("GET", PATH, headers={
                "Authorization": "Bearer main-token"})
            self.assertEqual(Answer(conn.getresponse()).status, 200)
            conn.close()

    def test_late(self):
        SERVER.say("late")
        time.sleep(0.1)
        self.assertGreater(float(SERVER.say("late")), 0)

    def test_usage(self):
        self.assertIn("invalid choice", SERVER.refuse("wrie"))
        self.assertIn("unrecognized", SERVER.refuse("wire", "--no"))


class Programs(unittest.TestCase):
    """The program as a person or a makefile starts it."""

    def run_program(self, *words, **keywords):
        return subprocess.run([EMULATOR, *words],
                              capture_output=True, text=True, timeout=20,
                              **keywords)

    def test_help(self):
        text = self.run_program("--help").stdout
        for word in ("wire", "items_shape", "reset_kept"):
            self.assertIn(word, text)
        self.assertIn("--summary", self.run_program("wire", "-h").stdout)

    def test_no_emulator(self):
        done = self.run_program("wire", env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 2)
        self.assertIn("no emulator to talk to", done.stderr)
        done = self.run_program("wire", "--control", "/no/such/socket")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no answer at /no/such/socket", done.stderr)

    def test_a_word_needs_no_python(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(shutil.which("perl"), os.path.join(folder, "perl"))
            done = self.run_program("wire", "--control", SERVER.socket,
                                    env={"PATH": folder})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_word(self):
        for control in (["--control", SERVER.socket],
                        [f"--control={SERVER.socket}"]):
            SERVER.say("reset")
            done = self.run_program("put", '{"name":"Ё  x"}', *control)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "", ""))
            done = self.run_program(*control, "lists", "--columns", "name")
            self.assertEqual(done.returncode, 0)
            self.assertIn("Ё  x", done.stdout)
            done = self.run_program("drop", "1", *control)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (1, "", "emulator: no such list: 1\n"))

    def test_a_word_in_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "body"), "w") as file:
                file.write("[]")
            done = self.run_program("fault", "body", "file=body", "--control",
                                    SERVER.socket, cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            SERVER.say("reset")

    def test_run(self):
        done = self.run_program("run", "--set", "numbers=string", "--", "sh",
                                "-c", "emulator settings | grep '^\\*';"
                                " echo $CATALOGS_EMULATOR; exit 7")
        self.assertEqual(done.returncode, 7, done.stderr)
        setting, path = done.stdout.splitlines()
        self.assertEqual(setting, "* numbers=string")
        self.assertFalse(os.path.exists(os.path.dirname(path)))

    def test_run_passes_signals_on(self):
        script = ("trap 'kill $!; echo got it; exit 5' TERM;"
                  " sleep 9 & echo up; wait")
        with subprocess.Popen(
                [EMULATOR, "run", "--no-https", "--", "sh", "-c", script],
                stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.stdout.readline(), "got it\n")
            self.assertEqual(process.wait(10), 5)

    def test_without_openssl(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(sys.executable, os.path.join(folder, "python3"))
            os.symlink(shutil.which("perl"), os.path.join(folder, "perl"))
            done = self.run_program("run", "--", sys.executable, "-c", "",
                                    env={"PATH": folder})
        self.assertEqual(done.returncode, 0)
        self.assertIn("no openssl", done.stderr)

    def test_serve_stops_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            server = Server().start("--no-https")
            idle = socket.create_connection(("127.0.0.1", server.port))
            self.assertEqual(server.stop(number), 0)
            idle.close()
            self.assertFalse(os.path.exists(os.path.dirname(server.socket)))

    def test_state(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state.json")
            for expected in (5001, 5002):
                server = Server().start("--no-https", "--state", state)
                conn = http.client.HTTPConnection("127.0.0.1", server.port)
                conn.request("POST", PATH, '{"add":[{"name":"A"}]}', {
                    "Authorization": "Bearer main-token",
                    "Content-Type": "application/json"})
                answer = Answer(conn.getresponse())
                conn.close()
                server.stop()
                self.assertEqual(answer.items[0]["id"], expected)
            self.assertEqual(os.listdir(folder), ["state.json"])

    def test_bad_seed(self):
        done = self.run_program("serve", "--seed", EMULATOR)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a seed file", done.stderr)

    def test_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            for words in (["run", "--", "true"],
                          ["run", "--no-https", "--", "no-such-command"],
                          ["serve", "--set", "no=1"],
                          ["serve", "--control", "/no/such/folder/control"]):
                self.run_program(*words, env={**os.environ,
                                              "TMPDIR": folder})
                self.assertEqual(os.listdir(folder), [], words)
