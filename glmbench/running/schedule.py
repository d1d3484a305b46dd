"""When the jobs of a run start and stop: in order, so many at once, not faster than a rate.

Time is that of the running loop, so that a virtual loop shows the schedule exactly. What a job
does is not known here; whatever it raises is a bug, for a failed trial is a result.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from glmbench.results.cases import STOPPED_BY_A_FAILURE
from glmbench.running.limits import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from glmbench.running.limits import Budget
    from glmbench.suites.rates import Rate

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """One thing to run, in a task and a context of its own; `requests` is what it plans to make."""

    run: Callable[[], Awaitable[T]]
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A job that was not started, or was stopped before it had a result."""

    reason: str


_STOPPED = Skipped(reason=STOPPED_BY_A_FAILURE)


class Schedule(Generic[T]):
    """One run of jobs: the task that starts them, and those that are under way.

    Args:
        jobs: they start in this order.
        concurrency: how many may be under way at once; at least 1.
        rate: how fast they may start; None is at once.
        budget: once it forbids a job to start, none after it starts either.
        fail_fast: whether a result ends the run; what is under way is then cancelled.
        on_done: gets each job's place and result as it ends; what is cancelled has none.
    """

    def __init__(
        self,
        jobs: Sequence[Job[T]],
        *,
        concurrency: int,
        rate: Rate | None,
        budget: Budget,
        fail_fast: Callable[[T], bool] | None,
        on_done: Callable[[int, T], None],
    ) -> None:
        self._jobs = jobs
        self._results: list[T | Skipped] = [_STOPPED for _ in jobs]
        self._free = asyncio.Semaphore(concurrency)
        self._limiter = RateLimiter(rate) if rate else None
        self._budget = budget
        self._fail_fast = fail_fast or (lambda _: False)
        self._on_done = on_done
        self._starter: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._stopping = False
        self._idle = asyncio.Event()
        self._bugs: list[BaseException] = []

    async def run(self) -> list[T | Skipped]:
        """Run the jobs; return their results in the order of the jobs, whatever ends first.

        Raises:
            asyncio.CancelledError: the run was cancelled; its jobs were cancelled too, and have
                ended.
            BaseException: what the first job that raised has raised; the others have ended.
        """
        self._starter = self._spawn(self._start_jobs())
        if self._draining:
            self._starter.cancel()
        await self._ended()
        return self._results

    def drain(self) -> int:
        """Start no more jobs; return how many are under way and not cancelled. They are finished.

        A job that is cancelled from now on, by whomever, is one that was stopped.
        """
        self._draining = True
        if self._starter is not None:
            self._starter.cancel()
        jobs = self._tasks - {self._starter}
        # One that is done may not have been taken out yet.
        return sum(not job.done() and not job.cancelling() for job in jobs)

    async def _ended(self) -> None:
        """Wait for every task; raise what went wrong in the first that did."""
        try:
            await self._idle.wait()
        except asyncio.CancelledError:
            self._stop()
            # Cancelled again, it cancels them again: a job may hang in its clean-up.
            await self._ended()
            raise
        if self._bugs:
            raise self._bugs[0]

    async def _start_jobs(self) -> None:
        for index, job in enumerate(self._jobs):
            reason = await self._permission(job)
            if reason is not None:
                left = len(self._jobs) - index
                self._results[index:] = [Skipped(reason=reason)] * left
                return
            self._spawn(self._work(index, job))
            # A job begins in a round of the loop of its own. Were 200 to begin in one, each would
            # wait for all the others to be made before its own request could go out, and that
            # wait would count as the service's latency.
            await asyncio.sleep(0)

    async def _permission(self, job: Job[T]) -> str | None:
        """Wait until the job may start; return why when it may not start at all."""
        try:
            # The time of the run may end while we wait for an hourly rate.
            async with asyncio.timeout_at(self._budget.ends_at):
                await self._free.acquire()
                reason = self._budget.may_start(job.requests)
                if reason is None:
                    self._budget.spend(job.requests)
                    await self._may_go()
                return reason
        except TimeoutError:
            return self._budget.time_is_up

    async def _may_go(self) -> None:
        if self._limiter is not None:
            await self._limiter.wait()

    async def _work(self, index: int, job: Job[T]) -> None:
        result = await job.run()
        if self._stopping:
            # It made a result of its own cancellation.
            return
        self._results[index] = result
        self._on_done(index, result)
        self._free.release()
        if self._fail_fast(result):
            self._stop()

    def _stop(self) -> None:
        """Cancel everything at once: a task that has not begun to run never does."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.remove(task)
        bug = _raised(task)
        if isinstance(bug, asyncio.CancelledError) and (self._stopping or self._draining):
            bug = None
        if bug is not None:
            self._bugs.append(bug)
            self._stop()
        if not self._tasks:
            self._idle.set()


def _raised(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
