"""By how much this program is late, on a machine that has much else to do.

Owns a thread that sleeps again and again, from the first time that somebody
asks, and the longest that it was woken too late.  So late may a request be
judged that has long arrived.
"""

import threading
import time

PAUSE = 0.02            # seconds


class Pulse:
    """The longest since it was taken the last time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.latest = 0.0
        self.due = None         # when it should be woken next
        self.thread = None

    def take(self):
        """In seconds, those included by which it is late just now."""
        with self.lock:
            now = time.monotonic()
            if self.thread is None:
                self.due = now + PAUSE
                self.thread = threading.Thread(target=self.beat, daemon=True)
                self.thread.start()
            latest, self.latest = max(self.latest, now - self.due), 0.0
        return latest

    def beat(self):
        while True:
            time.sleep(PAUSE)
            with self.lock:
                now = time.monotonic()
                self.latest = max(self.latest, now - self.due)
                self.due = now + PAUSE
