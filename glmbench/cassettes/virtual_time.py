"""An event loop whose clock jumps to the next timer instead of waiting.

The rules of the clock, in order, each time the loop has nothing left to do in this round:

1. something is ready: run it, the clock stands;
2. a job is in an executor: really wait for it, the clock stands, so that work in threads takes
   no virtual time;
3. a descriptor other than the loop's own is watched: really wait, at most until the next timer,
   and let the clock follow the real one;
4. only timers: jump to the next;
5. not even a timer: nothing can ever happen again, so raise and name what waits.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from glmbench.errors import VirtualTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Executor

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# A trial is minutes long at most; a clock that passes a day is a timer that re-arms itself.
DAY_S = 86_400.0

# A job in a thread may be slow (a name look-up, a large file), but replay must not hang on it.
PATIENCE_S = 60.0


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop that starts at 0 and keeps virtual seconds.

    Args:
        patience_s: real seconds to wait for a job in an executor before `VirtualTimeError`.
    """

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._now = 0.0
        self._jobs = 0
        self._clock_selector = _ClockSelector(self, patience_s)
        super().__init__(self._clock_selector)
        self._own_descriptors = len(self._clock_selector.get_map())

    def time(self) -> float:
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, _: object) -> None:
        self._jobs -= 1

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        # From Python 3.12 on a timer guards the joining of the threads; the clock would jump to
        # it at once, so the shutdown counts as a job itself.
        self._jobs += 1
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self._jobs -= 1

    def has_job(self) -> bool:
        """Whether a thread still works for this loop."""
        return self._jobs > 0

    def watches_descriptors(self) -> bool:
        """Whether somebody waits for I/O besides the loop's own wake-up pipe."""
        return len(self._clock_selector.get_map()) > self._own_descriptors

    def advance(self, seconds: float) -> None:
        """Let the clock go on; past a virtual day it is taken for a runaway."""
        self._now += seconds
        if self._now > DAY_S:
            raise VirtualTimeError(
                f"The virtual clock passed {DAY_S:.0f} s: a timer re-arms itself without end. "
                f"{self.waiting()}"
            )

    def waiting(self) -> str:
        """Name the tasks that wait, for a message."""
        names = sorted(
            f"{task.get_name()} at {_place(task)}"
            for task in asyncio.all_tasks(self)
            if not task.done()
        )
        return f"Waiting: {'; '.join(names)}." if names else "No task is waiting."


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    if not frames:
        return "its start"
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}"


class _ClockSelector(selectors.BaseSelector):
    """The loop's selector; `select` is the one place where an event loop waits."""

    def __init__(self, loop: VirtualTimeLoop, patience_s: float) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()
        self._patience_s = patience_s

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        if timeout is not None and timeout <= 0:
            return self._real.select(0)
        if loop.has_job():
            return self._await_job()
        if loop.watches_descriptors():
            return self._await_descriptor(timeout)
        # The wake-up pipe may already hold a byte from another thread.
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            raise VirtualTimeError(
                f"Nothing can happen any more on the virtual clock at {loop.time():.6f} s: "
                f"no timer, no I/O, no job in a thread. {loop.waiting()}"
            )
        loop.advance(timeout)
        return []

    def _await_job(self) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(self._patience_s)
        if not ready:
            raise VirtualTimeError(
                f"A job in a thread did not end within {self._patience_s:g} s of real time. "
                f"{self._loop.waiting()}"
            )
        return ready

    def _await_descriptor(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        started = time.monotonic()
        ready = self._real.select(timeout)
        waited = time.monotonic() - started
        if not ready and timeout is not None:
            waited = timeout
        self._loop.advance(waited if timeout is None else min(waited, timeout))
        return ready


def run(coro: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual-time loop of its own, as `asyncio.run` does on a real one.

    Raises:
        VirtualTimeError: nothing can happen any more, or the clock ran away.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coro)
