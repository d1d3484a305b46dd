"""Bytes of an event stream to events, by the WHATWG rules, however the network cut the bytes.

Sans-IO. Data stays bytes: a JSON decoder takes them faster than text, and checks their UTF-8
itself. What no JSON decoder gets to see is checked here, if that is asked for.
"""

from __future__ import annotations

import re

import msgspec

from glmbench.errors import ProtocolError
from glmbench.wire.utf8 import check_utf8

# A snapshot repeats the whole answer on one line, so lines of several hundred kB are normal;
# 16 MiB is far above any answer and far below what would hurt the process.
EVENT_LIMIT = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LONE_CR = re.compile(rb"\r(?!\n)")
# How a read of a ChatGLM stream begins in captures of 2024; later ones have no event line.
_NAMED = b"event:message\ndata:"


class ServerSentEvent(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One event. `offset` is where its data begins in the body, and is not compared.

    `id` is the last event id so far, as the standard has it; `retry` is this event's own.
    """

    # A Struct and not a dataclass: a frozen dataclass takes five times as long to make,
    # and there is one per frame.
    event: str = "message"
    data: bytes
    id: str = ""
    retry: int | None = None
    offset: int | None = None

    @property
    def text(self) -> str:
        """The data as text, invalid UTF-8 replaced."""
        return self.data.decode("utf-8", "replace")

    def _compared(self) -> tuple[str, bytes, str, int | None]:
        return self.event, self.data, self.id, self.retry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())


class SseDecoder:
    """Cut an event stream into events.

    A line, or the data of one event, of more than `limit` bytes raises ProtocolError: at once
    when the feed completed no event before it, else from the next call, so that no event is
    lost to the error that follows it. Time is linear in the bytes fed, whatever the cuts: a
    byte is looked at when it comes in, and once more when its line is complete.

    With `strict` a line that is not UTF-8, a comment too, is refused in the same way. The data of
    an event that has one line of it is left to who decodes it. Without `strict` no byte is
    refused: a reader that only counts or searches goes on in a stream that is broken.
    """

    def __init__(self, limit: int = EVENT_LIMIT, *, strict: bool = False) -> None:
        self._limit = limit
        self._strict = strict
        self._broken: ProtocolError | None = None
        self._head: bytes | None = b""  # what may still become a BOM; None once that is settled
        self._after_cr = False
        self._partial = bytearray()  # the line that has no end yet; never searched again
        self._line_at = 0  # body offset of the line that begins or goes on with the next feed
        self._data: list[bytes] = []
        self._data_size = 0
        self._data_at = 0
        self._event = ""
        self._retry: int | None = None
        self._idle = True  # between events and between lines: the short cut may be taken
        self._last_id = ""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that these bytes completed."""
        if self._broken is not None:
            raise self._broken
        if self._head is not None:
            data = self._strip_bom(data)
        if not data:
            return []
        if self._idle and data.endswith(b"\n\n") and b"\r" not in data:
            # The usual read is exactly one small event; it need not be taken line by line.
            start = 5 if data.startswith(b"data:") else 19 if data.startswith(_NAMED) else 0
            end = len(data) - 2
            if start and data.find(b"\n", start) == end and end < self._limit:
                if data[start] == 32:  # a blank
                    start += 1
                offset = self._line_at + start
                self._line_at += end + 2
                return [ServerSentEvent(data=data[start:end], id=self._last_id, offset=offset)]
        elif b"\n" not in data and b"\r" not in data and not self._after_cr:
            self._keep(data)
            return []
        return self._feed_lines(data)

    def finish(self) -> ServerSentEvent | None:
        """Return the last event if the stream ended without its blank line, else None.

        The standard drops it. Here the caller decides: a last line without a newline is in it,
        and may have been cut anywhere.
        """
        if self._broken is not None:
            raise self._broken
        events: list[ServerSentEvent] = []
        line = (self._head or b"") + bytes(self._partial)
        self._head, self._partial = None, bytearray()
        if self._strict:
            # Here the data too: it may be given up as cut off, and nobody would look at it.
            if self._data:
                self._check(self._data[0], self._data_at)
            self._check(line, self._line_at, cut=True)
        if line:
            self._take(line, self._line_at)
        self._dispatch(events)
        return events[0] if events else None

    def _strip_bom(self, data: bytes) -> bytes:
        data = (self._head or b"") + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._head = None
        if data.startswith(_BOM):
            self._line_at = len(_BOM)
            return data[len(_BOM) :]
        return data

    def _feed_lines(self, data: bytes) -> list[ServerSentEvent]:
        if self._after_cr:
            self._after_cr = False
            if data.startswith(b"\n"):
                self._line_at += 1
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            # Same length, so that offsets stay true; the CR of a CRLF goes with its line.
            data = _LONE_CR.sub(b"\n", data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._partial:
            self._partial += lines[0]
            lines[0] = bytes(self._partial)
            self._partial = bytearray()
        events: list[ServerSentEvent] = []
        try:
            self._take_lines(lines, events)
            self._keep(rest)
        except ProtocolError:
            if not events:
                raise
        return events

    def _take_lines(self, lines: list[bytes], events: list[ServerSentEvent]) -> None:
        for line in lines:
            at = self._line_at
            self._line_at = at + len(line) + 1
            if line.endswith(b"\r"):
                line = line[:-1]
            if line:
                # First of all: a line that has no end yet is refused for this alone.
                if len(line) > self._limit:
                    raise self._too_long(at)
                if self._strict:
                    self._check_line(line, at)
                self._take(line, at)
            else:
                self._dispatch(events)

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._partial += rest
            if len(self._partial) > self._limit:
                raise self._too_long(self._line_at)
        self._idle = not (
            self._partial or self._data or self._event or self._retry is not None or self._after_cr
        )

    def _take(self, line: bytes, at: int) -> None:
        if line.startswith(b"data:"):
            # Before anything else and by one slice: this line may be the whole answer.
            start = 6 if line.startswith(b" ", 5) else 5
            self._take_data(line[start:], at + start)
            return
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._take_data(value, at + len(line))
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= 18:
            # bytes.isdigit is ASCII only; int() refuses thousands of digits.
            self._retry = int(value)

    def _check_line(self, line: bytes, at: int) -> None:
        if line.startswith(b"data:"):
            if not self._data:
                return
            # From the joined data nobody could tell where in the body a byte was.
            if len(self._data) == 1:
                self._check(self._data[0], self._data_at)
        self._check(line, at)

    def _check(self, data: bytes, at: int, *, cut: bool = False) -> None:
        try:
            check_utf8(data, at, "a line", cut=cut)
        except ProtocolError as error:
            self._broken = error
            raise

    def _take_data(self, value: bytes, at: int) -> None:
        self._data_size += len(value) + bool(self._data)
        if self._data_size > self._limit:
            raise self._too_long(at)
        if not self._data:
            self._data_at = at
        self._data.append(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            events.append(
                ServerSentEvent(
                    event=self._event or "message",
                    data=self._data[0] if len(self._data) == 1 else b"\n".join(self._data),
                    id=self._last_id,
                    retry=self._retry,
                    offset=self._data_at,
                )
            )
        self._data, self._data_size, self._event, self._retry = [], 0, "", None

    def _too_long(self, at: int) -> ProtocolError:
        error = ProtocolError(f"an event of more than {self._limit} bytes, at body byte {at}")
        error.offset = at
        self._broken = error
        self._partial = bytearray()
        return error
