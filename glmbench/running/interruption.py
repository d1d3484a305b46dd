"""Ctrl-C while trials run: stop the one that is under way and keep what is finished.

A handler of our own, for the whole run: asyncio's is in force only while a loop runs, and a signal
that comes while one is being made or closed would tear the loop apart instead of ending the run.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Interruption:
    """Remembers the first Ctrl-C and cancels the task in its care; the second one is not held."""

    def __init__(self) -> None:
        self.requested = False
        self._cancel: Callable[[], object] | None = None
        self._before: Any = None

    def __enter__(self) -> Self:
        # Python lets only the main thread handle signals; elsewhere the caller has its own ways.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _came(self, *_: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if self._cancel is not None:
            self._cancel()

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Cancel the current task when Ctrl-C comes, or at once if it has come."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.requested:
            task.cancel()
        try:
            yield
        finally:
            self._cancel = None
