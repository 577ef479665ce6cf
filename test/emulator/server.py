"""The doors: listening sockets, and a thread for each connection.

Owns ports and the set of open connections.  A port stays the emulator's own
while the doors are closed, so that it can refuse and open again.
"""

import errno
import socket
import sys
import threading
import time

from connection import Connection, is_readable, wait_readable

LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def bound(family, address, port):
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


class Door:
    """One address and port.  `holder` is bound and never listens: it keeps
    the port while nobody listens on it."""

    def __init__(self, family, address, port, secure):
        self.family, self.address, self.secure = family, address, secure
        self.holder = bound(family, address, port)
        self.port = self.holder.getsockname()[1]
        self.listener = None
        self.admits = False     # takes a connection in

    def listen(self, server):
        if self.listener is None:
            self.listener = bound(self.family, self.address, self.port)
            self.listener.listen(256)
            threading.Thread(target=self.accept, daemon=True,
                             args=(server, self.listener)).start()

    def accept(self, server, listener):
        while True:
            wait_readable(listener)
            self.admits = True
            try:
                sock, _ = listener.accept()
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.EBADF):
                    return      # closed by refuse()
            else:
                server.admit(sock, self.secure)
            finally:
                self.admits = False

    def has_unread(self):
        """Is there a connection that is not open yet?"""
        listener = self.listener
        return self.admits or listener is not None \
            and is_readable(listener) or self.admits

    def refuse(self):
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None


class Server:
    """Every door, and every connection that came through one."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.doors = []
        self.open = set()
        self.lock = threading.Lock()

    def add_port(self, port, secure):
        """Listens on a loopback port (0: any); returns the port."""
        for family, address in LOOPBACK:
            try:
                door = Door(family, address, port, secure)
            except OSError:
                if family == socket.AF_INET:
                    raise
                continue        # no IPv6 here, or the port is taken there
            port = door.port
            self.doors.append(door)
        return port

    def listen(self):
        with self.lock:
            for door in self.doors:
                door.listen(self)

    def refuse(self):
        """Closes the doors and cuts every connection."""
        with self.lock:
            for door in self.doors:
                door.refuse()
        self.cut()

    def admit(self, sock, secure):
        conn = Connection(sock, self.emulator, secure)
        self.emulator.number(conn)
        with self.lock:
            self.open.add(conn)
        try:
            threading.Thread(target=conn.run, daemon=True).start()
        except RuntimeError as error:
            sys.stderr.write(f"emulator: {error}\n")
            conn.close()

    def forget(self, conn):
        with self.lock:
            self.open.discard(conn)

    def settle(self, seconds):
        """Waits until all requests that have come are recorded, those that
        nobody waits for any longer too; so many seconds at most."""
        end = time.monotonic() + seconds
        while self.has_unread() and time.monotonic() < end:
            time.sleep(0.001)

    def has_unread(self):
        if any(door.has_unread() for door in self.doors):
            return True
        with self.lock:
            open_now = list(self.open)
        return any(conn.has_unread() for conn in open_now)

    def cut(self):
        with self.lock:
            open_now = list(self.open)
        for conn in open_now:
            conn.hang_up()

    def stop(self):
        self.refuse()
        for door in self.doors:
            door.holder.close()
