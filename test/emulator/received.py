"""What a client has of a reply: how long its body is so far, out of its
chunks and decompressed.

Knows HTTP's framing the other way round.  What a fault compresses by itself
counts as it is on the wire.
"""

import zlib

EITHER = 47             # zlib's word for: gzip or zlib, as its head says


class Received:
    """The body of one reply, of which the client gets piece after piece."""

    def __init__(self, in_chunks, coded):
        self.chunks = bytearray() if in_chunks else None
        self.left = 0           # of the present chunk and the line end after
        self.unpacker = zlib.decompressobj(EITHER) if coded else None

    def count(self, data):
        """How much longer these bytes make it."""
        try:
            if self.chunks is not None:
                data = self.without_frames(data)
            if self.unpacker is not None:
                data = self.unpacker.decompress(data)
        except (ValueError, zlib.error):
            return 0
        return len(data)

    def without_frames(self, data):
        self.chunks += data
        parts = []
        while self.chunks:
            if self.left == 0:
                line, end, rest = self.chunks.partition(b"\r\n")
                if not end:
                    break
                self.left, self.chunks = int(line or b"0", 16) + 2, rest
            part = self.chunks[:self.left]
            parts.append(part[:max(0, self.left - 2)])
            self.left -= len(part)
            del self.chunks[:len(part)]
        return b"".join(parts)
