"""`emulator serve` and `emulator run`: start, wait, stop, clean up."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from account import SeedError
from certificates import Certificates, NoCertificates
from commands import parse_or_exit
from settings import SettingError

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_SEED = os.path.join(HERE, "seed.json")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOCKET_PATH_LIMIT = 80      # a Unix socket's path has 108 bytes at most


def common_folder():
    """Where every user can read, or None to leave it to the system."""
    return "/tmp" if os.access("/tmp", os.W_OK) else None


def private_folder():
    """A folder of our own, whose path leaves room for a socket's name."""
    base = None
    if len(os.fsencode(tempfile.gettempdir())) > SOCKET_PATH_LIMIT:
        base = common_folder()
    return tempfile.mkdtemp(prefix="emulator-", dir=base)


def public_folder():
    """A folder that every user of this machine can read: the server process
    of a database is somebody else's."""
    path = tempfile.mkdtemp(prefix="emulator-ca-", dir=common_folder())
    os.chmod(path, 0o755)
    return path


class Running:
    """An emulator that runs in this process, and its temporary files."""

    def __init__(self):
        self.private = private_folder()
        self.public = None
        self.emulator = self.control = self.socket_path = None
        self.http_port = self.https_port = self.ca_file = None

    def start(self, options):
        from control import Control
        from core import Emulator
        from server import Server
        self.emulator = Emulator(options.seed or [DEFAULT_SEED],
                                 options.state)
        self.emulator.settings.set(options.set)
        self.emulator.ledger.echo = options.echo
        self.emulator.server = Server(self.emulator)
        self.open_ports(options)
        self.socket_path = options.control or os.path.join(self.private,
                                                           "control")
        self.control = Control(self.emulator, self.socket_path)
        self.emulator.server.listen()

    def open_ports(self, options):
        server = self.emulator.server
        self.http_port = server.add_port(options.port, secure=False)
        if options.no_https:
            return
        self.public = public_folder()
        ca_file = os.path.join(self.public, "ca.pem")
        try:
            self.emulator.certificates = Certificates(
                self.private, ca_file, self.emulator.accounts)
        except NoCertificates as error:
            sys.stderr.write(f"emulator: no https: {error}\n")
            return
        self.ca_file = ca_file
        self.https_port = server.add_port(options.https_port, secure=True)

    def environment(self):
        """What `run` adds to the command's environment."""
        added = {"CATALOGS_EMULATOR": self.socket_path,
                 "CATALOGS_HTTP_PORT": str(self.http_port),
                 "PATH": HERE + os.pathsep + os.environ.get("PATH", "")}
        if self.https_port:
            added["CATALOGS_HTTPS_PORT"] = str(self.https_port)
            added["CATALOGS_CA_FILE"] = self.ca_file
        return added

    def stop(self):
        if self.control:
            self.control.stop()
        if self.emulator and self.emulator.server:
            self.emulator.server.stop()
        for folder in filter(None, (self.private, self.public)):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def emulator(options):
    """A running emulator, which ends with the block."""
    running = Running()
    try:
        running.start(options)
        yield running
    except (SeedError, SettingError, OSError) as error:
        sys.stderr.write(f"emulator: {error}\n")
        sys.exit(1)
    finally:
        running.stop()


def greeting(running):
    """What a person who started it by hand needs to know."""
    yield f"http://localhost:{running.http_port}/api/v2/catalogs"
    if running.https_port:
        yield f"https://localhost:{running.https_port}/api/v2/catalogs"
        yield f"  signed by {running.ca_file}"
    yield "accounts:"
    for name, account in running.emulator.accounts.items():
        yield f"  http://{name}.localhost:{running.http_port}"
        for token in sorted(account.tokens):
            yield f"    token {token}"
        for login, key in account.logins.items():
            yield f"    login {login}, api_key {key}"
    yield "other commands talk to it with:"
    yield f"  export CATALOGS_EMULATOR={running.socket_path}"


def serve(options):
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with emulator(options) as running:
        for line in greeting(running):
            print(line, flush=True)
        signal.sigwait(SIGNALS)
    return 0


def run(options):
    if not options.command:
        sys.stderr.write("emulator: run what? (emulator run -- COMMAND)\n")
        return 2
    for number in SIGNALS:
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    with emulator(options) as running:
        return run_command(options.command,
                           {**os.environ, **running.environment()})


def run_command(command, environment):
    """Runs it, passes signals on, returns its exit status."""
    early = []                  # those that come before there is a child
    for number in SIGNALS:
        signal.signal(number, lambda n, _: early.append(n))
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        sys.stderr.write(f"emulator: {command[0]}: {error.strerror}\n")
        return 127
    for number in SIGNALS:
        signal.signal(number, lambda n, _: child.send_signal(n))
    if sys.stdin.isatty():      # which has told the child as well
        signal.signal(signal.SIGINT, lambda n, _: None)
    for number in early:
        child.send_signal(number)
    status = child.wait()
    return 128 - status if status < 0 else status


def main(words):
    if words[:1] == ["help"]:
        words = ["--help"]
    own, command = split(words)
    options = parse_or_exit(own)
    if options.name == "serve":
        return serve(options)
    options.command += command
    return run(options)


def split(words):
    """The words before "--" and those after it."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
