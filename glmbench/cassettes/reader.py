"""The stream reader under a tape: one recorded chunk per read call, and a count of what was read.

aiohttp's parser makes the reader itself, so an existing one is adopted: its class is exchanged
for a subclass without slots of its own, and its link to the protocol is wrapped. Whatever the
parser fed before that (a body that arrives with its head, perhaps already at EOF) is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from aiohttp.streams import StreamReader

if TYPE_CHECKING:
    from aiohttp.base_protocol import BaseProtocol

    from glmbench.cassettes.flow import BodyFlow


class BodyWatcher(Protocol):
    """Who wants to know what becomes of a body."""

    flow: BodyFlow

    def body_came(self, data: bytes) -> None: ...
    def body_ended(self) -> None: ...
    def body_failed(self, error: BaseException) -> None: ...
    def consumer_took(self) -> None: ...
    def consumer_waits(self) -> None: ...


class WatchedLink:
    """Stands between a reader and its protocol, which may already serve another response."""

    __slots__ = ("_protocol", "watcher")

    def __init__(self, protocol: BaseProtocol, watcher: BodyWatcher) -> None:
        self._protocol = protocol
        self.watcher = watcher

    @property
    def connected(self) -> bool:
        return self._protocol.connected

    @property
    def _reading_paused(self) -> bool:
        return self._protocol._reading_paused

    def pause_reading(self) -> None:
        self._protocol.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 -- aiohttp's signature
        self._protocol.resume_reading(resume_parser)


class WatchedReader(StreamReader):
    """aiohttp's reader with chunk edges; made by `adopt` only."""

    __slots__ = ()

    @property
    def _watcher(self) -> BodyWatcher:
        # Asked several times a chunk: no `cast`, which is a real call.
        return self._protocol.watcher  # type: ignore[attr-defined, no-any-return]

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        if data:
            self._watcher.body_came(data)
        return super().feed_data(data, size)

    def feed_eof(self) -> None:
        self._watcher.body_ended()
        super().feed_eof()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        self._watcher.body_failed(exc)
        super().set_exception(exc, *cause)

    async def _wait(self, func_name: str) -> None:
        self._watcher.consumer_waits()
        await super()._wait(func_name)

    def _read_nowait(self, n: int) -> bytes:
        if n == -1:
            # "As much as there is" ends at the edge of the recorded read, or else a consumer
            # that is late would see fewer, larger chunks than one that is not.
            left = self._watcher.flow.left_in_chunk(self._cursor)
            if left:
                n = left
        return super()._read_nowait(n)

    def _read_nowait_chunk(self, n: int) -> bytes:
        data = super()._read_nowait_chunk(n)
        watcher = self._watcher
        watcher.flow.handed_out = self._cursor
        watcher.consumer_took()
        return data


def adopt(payload: StreamReader, watcher: BodyWatcher) -> None:
    """Put a reader that aiohttp's parser made under a watcher, with what it already holds."""
    link = WatchedLink(payload._protocol, watcher)
    payload.__class__ = WatchedReader
    payload._protocol = cast("BaseProtocol", link)
    held = b"".join(payload._buffer)
    if held:
        watcher.body_came(held)
    if payload.is_eof():
        watcher.body_ended()
    elif payload.exception() is not None:
        watcher.body_failed(cast("BaseException", payload.exception()))
