"""A word to a running emulator, over its control socket.

Owns the protocol's client half: the working directory and the words of the
command line go out, each ended by a NUL; a status, a newline and the text to
print come back.  Knows no command: they are parsed where they are carried
out (control.py).  Kept small, because start-up time is what it costs.
"""

import os
import socket
import sys

NO_SOCKET = """emulator: no emulator to talk to
Start one with "emulator run -- COMMAND" or "emulator serve", or name its
socket with --control or in CATALOGS_EMULATOR.
"""


def take_control_option(words):
    """The words without --control SOCKET, and the socket's path."""
    path = os.environ.get("CATALOGS_EMULATOR")
    rest = []
    words = iter(words)
    for word in words:
        if word == "--control":
            path = next(words, None)
        elif word.startswith("--control="):
            path = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, path


def ask(path, words):
    """Sends one command; returns its exit status and its text."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        message = [os.getcwd()] + words
        sock.sendall(b"".join(os.fsencode(w) + b"\0" for w in message))
        sock.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    status, _, text = answer.partition(b"\n")
    return int(status or 1), text


def main(words):
    words, path = take_control_option(words)
    if not path:
        sys.stderr.write(NO_SOCKET)
        return 2
    try:
        status, text = ask(path, words)
    except OSError as error:
        sys.stderr.write(f"emulator: no answer at {path}: {error.strerror}\n")
        return 2
    stream = sys.stderr if status else sys.stdout
    stream.buffer.write(text)
    stream.buffer.flush()
    return status
