"""Ctrl-C while trials run: at first nothing more starts, then what is under way is stopped.

A handler of our own, for the whole run: asyncio's is in force only while a loop runs, and a signal
that comes while one is being made or closed would tear the loop apart instead of ending the run.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    OnDrain: TypeAlias = Callable[[int], None]


class Interruption:
    """Remembers the first Ctrl-C and the second, and tells who is in charge; a third is not held.

    `requested`: nothing more may start, and what is under way is finished. `stopping`: what is
    under way is cancelled. SIGTERM is both at once, where the program makes a Ctrl-C of it: who
    sends it does not wait long.

    Args:
        on_drain: gets the number of trials that are finished yet, if there are any. It is called
            in the event loop, not in the handler of the signal.
    """

    def __init__(self, on_drain: OnDrain = lambda _: None) -> None:
        self.requested = False
        self.stopping = False
        self._on_drain = on_drain
        self._drain: Callable[[], object] = _nobody
        self._stop: Callable[[], object] = _nobody
        self._pausing: set[asyncio.Task[Any]] = set()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Python lets only the main thread handle signals; elsewhere the caller has its own ways.
        if threading.current_thread() is threading.main_thread():
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._came)
            before = signal.getsignal(signal.SIGTERM)
            if callable(before):
                self._before[signal.SIGTERM] = signal.signal(signal.SIGTERM, self._terminated)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            if handler is not None:
                signal.signal(number, handler)

    def _came(self, *_: object) -> None:
        if self.stopping:
            raise KeyboardInterrupt
        if self.requested:
            self.stopping = True
            self._stop()
        else:
            self.requested = True
            self._drain()

    def _terminated(self, *signalled: Any) -> None:
        """Count SIGTERM as the first Ctrl-C: the one that is made of it is then the second."""
        if not self.requested:
            self._came()
        self._before[signal.SIGTERM](*signalled)

    @contextmanager
    def draining(self, drain: Callable[[], int]) -> Iterator[None]:
        """Call `drain` at the first Ctrl-C, and cancel the current task at the second.

        What has come already is done at once. `drain` lets nothing more start, and returns how
        much is under way; it is called in the event loop.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def drain_and_tell() -> None:
            for pausing in self._pausing:
                pausing.cancel()
            under_way = drain()
            if under_way and not self.stopping:
                self._on_drain(under_way)

        self._drain = lambda: loop.call_soon_threadsafe(drain_and_tell)
        self._stop = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.requested:
            drain()
        if self.stopping:
            task.cancel()
        try:
            yield
        finally:
            self._drain = self._stop = _nobody

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Cancel the current task at the first Ctrl-C: nobody will miss what it does."""
        task = asyncio.current_task()
        assert task is not None

        def cancel() -> int:
            task.cancel()
            return 0

        with self.draining(cancel):
            yield

    async def pause(self, delay_s: float) -> None:
        """Wait while nothing is under way: Ctrl-C cancels the task at once, and later ones too.

        An end of the trial with what it has would be another one than without the Ctrl-C.
        """
        task = asyncio.current_task()
        assert task is not None
        self._pausing.add(task)
        try:
            if self.requested:
                task.cancel()
            await asyncio.sleep(delay_s)
        finally:
            self._pausing.remove(task)


def _nobody() -> None:
    """Nobody is in charge: who comes next asks what has come."""
