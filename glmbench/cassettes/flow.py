"""Where the chunks of one response end, and how far its consumer has got. Pure bookkeeping."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class BodyFlow:
    """Chunk edges as offsets in the decoded body, kept while the bytes come in."""

    __slots__ = ("_new_read", "ends", "handed_out", "received")

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.received = 0
        self.handed_out = 0
        self._new_read = False

    def read_begins(self) -> None:
        """The next bytes belong to a new network read."""
        self._new_read = True

    def bytes_came(self, size: int) -> bool:
        """Count decoded bytes; tell whether they open a chunk.

        Bytes that a paused decompressor releases later extend the chunk of their read.
        """
        self.received += size
        if self._new_read or not self.ends:
            self._new_read = False
            self.ends.append(self.received)
            return True
        self.ends[-1] = self.received
        return False

    def left_in_chunk(self, offset: int) -> int:
        """Return how many bytes of the chunk at `offset` are still to be handed out."""
        index = bisect_right(self.ends, offset)
        return self.ends[index] - offset if index < len(self.ends) else 0

    def last_chunk(self) -> int | None:
        """Return the index of the last chunk of which any byte was handed out."""
        return bisect_left(self.ends, self.handed_out) if self.handed_out else None
