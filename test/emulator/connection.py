"""One connection: reads requests, sends replies, byte by byte if need be.

Owns the socket and HTTP's framing in both directions.  Written by hand,
because a fault needs control over every byte that http.server would hide.
"""

import gzip
import select
import socket
import struct
import zlib

from received import Received
from reply import TITLES
from request import Request

HEAD_LIMIT = 1 << 20            # a longer head ends the connection
RECEIVE = 65536
SEND_CHUNK = 65536
LAST_CHUNK = b"0\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)    # SO_LINGER: on, no time


class Gone(Exception):
    """The client closed the connection."""


def is_readable(sock, wait_ms=0):
    """Could something be read, or is it closed?"""
    poll = select.poll()
    try:
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(wait_ms))
    except (OSError, ValueError):
        return False            # closed here, by another thread


def wait_readable(sock):
    is_readable(sock, None)


def frame(part):
    return b"%x\r\n%b\r\n" % (len(part), part)


def gathered(parts, size):
    """The same bytes in parts of at least `size`, but for the last."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def compressed(parts, coding):
    """The parts as one gzip or zlib stream."""
    window = 31 if coding == "gzip" else 15
    packer = zlib.compressobj(1, zlib.DEFLATED, window)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def coding_for(request, settings):
    """The Content-Encoding of a reply, or None."""
    how = settings["compress"]
    if how == "gzip_always":
        return "gzip"
    return how if how != "off" and request.accepts(how) else None


class Connection:
    """A connection that was accepted, served by its own thread."""

    def __init__(self, sock, emulator, secure):
        self.sock = sock
        self.emulator = emulator
        self.secure = secure
        self.buffer = b""
        self.served = 0             # requests before the present one
        self.waits = True           # for a request
        self.takes = False          # one that is not recorded yet
        self.number = None          # since this reset; emulator.number()
        self.epoch = None
        self.entry = None           # of the request that is answered ...
        self.started = None         # ... and the start of the reply's head
        self.received = None        # what the client has of its body

    # Life

    def run(self):
        try:
            self.open()
            while self.one_request():
                self.served += 1
        except (Gone, OSError):
            pass                    # closed on either side, or no TLS
        finally:
            self.close()

    def open(self):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fault = self.emulator.faults.take(("accept",), None, self)
        if fault:
            self.waits = False
            if not fault.act(self, b"", b"", fault.args):
                raise Gone
        if self.secure:
            context = self.emulator.certificates.context(
                self.emulator.settings["certificate"],
                self.emulator.settings["tls"] == "old")
            # In two steps, so that hang_up() reaches a handshake
            self.sock = context.wrap_socket(self.sock, server_side=True,
                                            do_handshake_on_connect=False)
            self.sock.do_handshake()

    def has_unread(self):
        """Has a request come, or a part, that is not recorded yet?  Other
        threads may ask: it is taken only when `takes` says so."""
        return self.takes or self.waits and is_readable(self.sock) \
            or self.takes

    def close(self):
        """Ends the connection; may be called from any thread."""
        self.emulator.server.forget(self)
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass
        self.sock.close()

    def hang_up(self):
        """Wakes the thread that serves this connection, to end it."""
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            pass

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             RESET_ON_CLOSE)
        # Not shutdown(): that would say FIN first.
        self.emulator.server.forget(self)
        self.sock.close()

    def wait_gone(self):
        """Says nothing until the client goes away."""
        while self.sock.recv(RECEIVE):
            pass

    # Reading

    def receive(self):
        data = self.sock.recv(RECEIVE)
        if not data:
            raise Gone
        self.buffer += data

    def read_until(self, mark):
        """What comes before the mark, which is taken too."""
        while mark not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT:
                raise Gone
            self.receive()
        text, _, self.buffer = self.buffer.partition(mark)
        return text

    def read_bytes(self, count):
        if len(self.buffer) < count:
            parts, size = [self.buffer], len(self.buffer)
            while size < count:
                data = self.sock.recv(RECEIVE)
                if not data:
                    raise Gone
                parts.append(data)
                size += len(data)
            self.buffer = b"".join(parts)
        body, self.buffer = self.buffer[:count], self.buffer[count:]
        return body

    def read_chunks(self):
        """A body in chunks; one that is not well formed ends it all."""
        parts = []
        try:
            while size := int(self.read_until(b"\r\n").split(b";")[0], 16):
                parts.append(self.read_bytes(size))
                self.read_until(b"\r\n")
        except ValueError:
            raise Gone from None
        while self.read_until(b"\r\n"):
            pass                    # trailers
        return b"".join(parts)

    def read_body(self, request):
        headers = request.headers
        if headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self.read_chunks()
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            request.unreadable = f"Content-Length: {length[:40]}"
            return b""
        return self.read_bytes(int(length))

    def one_request(self):
        """Serves one request; False if the connection ends with it."""
        self.waits = True
        if not (self.buffer or self.secure and self.sock.pending()):
            wait_readable(self.sock)
        self.takes, self.waits = True, False
        request = Request(self.read_until(b"\r\n\r\n"))
        fault = self.emulator.faults.take(("head",), request, self)
        if fault:
            self.takes = False
            return fault.act(self, b"", b"", fault.args)
        request.body = self.read_body(request)
        return self.emulator.handle(self, request)

    # Sending

    def answers(self, entry):
        """What is sent from now on is the reply to that request."""
        self.entry, self.started = entry, b""
        self.received = Received(False, None)
        self.takes = False

    def send(self, data):
        # Before: the client may ask for it as soon as it has the reply.
        if self.entry is not None:
            self.entry.replied += self.count_body(data)
        self.sock.sendall(data)

    def count_body(self, data):
        """How many bytes of the reply's body a client finds in these."""
        if self.started is None:
            return self.received.count(data)
        head, end, body = (self.started + data).partition(b"\r\n\r\n")
        self.started = None if end else head
        return self.received.count(body)

    def keeps(self, request):
        return not (request.wants_close() or request.unreadable
                    or self.emulator.settings["keep_alive"] == "off")

    def head(self, reply, request, length, coding):
        """The reply's head; length None means chunks."""
        self.received = Received(length is None, coding)
        title = TITLES.get(reply.status, "Error")
        lines = [f"HTTP/1.1 {reply.status} {title}", "Server: nginx"]
        if reply.status != 204:
            if length != 0:
                lines.append(f"Content-Type: {reply.type}")
            lines.append("Transfer-Encoding: chunked" if length is None
                         else f"Content-Length: {length}")
        if coding:
            lines.append(f"Content-Encoding: {coding}")
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if not self.keeps(request):
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    def encode(self, reply, request):
        """Head and body as bytes, compressed and in chunks if set so."""
        body = reply.whole()
        settings = self.emulator.settings
        coding = coding_for(request, settings) if body else None
        if coding == "gzip":
            body = gzip.compress(body, 1, mtime=0)
        elif coding:
            body = zlib.compress(body, 1)
        if settings["chunked"] == "on" and reply.status != 204:
            middle = len(body) // 2
            halves = [half for half in (body[:middle], body[middle:]) if half]
            body = b"".join(map(frame, halves)) + LAST_CHUNK
            return self.head(reply, request, None, coding), body
        return self.head(reply, request, len(body), coding), body

    def send_reply(self, reply, request):
        """Sends a reply; returns whether the connection is kept."""
        if reply.parts is not None:
            self.stream(reply, request)
        else:
            head, body = self.encode(reply, request)
            self.send(head + body)
        return self.keeps(request)

    def stream(self, reply, request):
        """Sends a reply in chunks while it is made."""
        named = any(name == "Content-Encoding" for name, _ in reply.headers)
        coding = None if named else coding_for(request,
                                               self.emulator.settings)
        parts = reply.parts
        if coding:
            parts = compressed(parts, coding)
        self.send(self.head(reply, request, None, coding))
        for part in gathered(parts, SEND_CHUNK):
            self.send(frame(part))
        self.send(LAST_CHUNK)
