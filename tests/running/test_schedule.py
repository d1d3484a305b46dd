"""The schedule of a run, instant by instant, on a virtual clock."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench import run_virtual
from glmbench.running.limits import Budget
from glmbench.running.schedule import Job, Schedule, Skipped
from glmbench.suites.rates import Rate

STOPPED = Skipped(reason="stopped by --fail-fast")
EVERY_SIX_SECONDS = Rate(count=10, per_s=60)


@dataclass
class Log:
    """What a run did: (start, end) by job, each job's result, and who was done in which order."""

    spans: dict[int, tuple[float, float]] = field(default_factory=dict)
    results: list[object] | None = None
    done: list[object] = field(default_factory=list)
    ended_at: float | None = None


def clock():
    return asyncio.get_running_loop().time()


def ignore(*_):
    """Observe nothing."""


def make_schedule(*jobs, concurrency=2, rate=None, budget=None, fail_fast=None, on_done=ignore):
    """Schedule jobs of one request each, or ready-made ones."""
    return Schedule(
        [job if isinstance(job, Job) else Job(run=job) for job in jobs],
        concurrency=concurrency,
        rate=rate,
        budget=budget or Budget(),
        fail_fast=fail_fast,
        on_done=on_done,
    )


async def schedule(*jobs, **how):
    """Run jobs of one request each, or ready-made ones."""
    return await make_schedule(*jobs, **how).run()


def sleeper(log, number, seconds):
    """Make a job that takes so long and whose result is its number in words."""

    async def run():
        started = clock()
        try:
            await asyncio.sleep(seconds)
        finally:
            log.spans[number] = (started, clock())
        return f"result {number}"

    return run


def run(durations, *, concurrency=1, rate=None, fail=(), requests=1, cancel_at=(), **budget):
    """Run a job for each duration; those in `fail` end the run when they are done."""
    log = Log()

    async def scheduled():
        log.results = await schedule(
            *(
                Job(run=sleeper(log, number, seconds), requests=requests)
                for number, seconds in enumerate(durations)
            ),
            concurrency=concurrency,
            rate=rate,
            budget=Budget(**budget),
            fail_fast=lambda result: result in {f"result {number}" for number in fail},
            on_done=lambda number, result: log.done.append((number, result)),
        )

    async def main():
        task = asyncio.create_task(scheduled())
        for at in cancel_at:
            asyncio.get_running_loop().call_at(at, task.cancel)
        await asyncio.wait([task])
        log.ended_at = clock()
        assert len(asyncio.all_tasks()) == 1, "a job outlived the run"
        if cancel_at:
            assert task.cancelled()
        else:
            task.result()

    run_virtual(main())
    return log


def done(*numbers):
    return [(number, f"result {number}") for number in numbers]


# --- concurrency --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("concurrency", "spans", "order"),
    [
        (1, [(0, 4), (4, 5), (5, 7), (7, 10), (10, 11)], [0, 1, 2, 3, 4]),
        (2, [(0, 4), (0, 1), (1, 3), (3, 6), (4, 5)], [1, 2, 0, 4, 3]),
        (8, [(0, 4), (0, 1), (0, 2), (0, 3), (0, 1)], [1, 4, 2, 3, 0]),
    ],
)
def test_jobs_start_in_order_with_so_many_at_once(concurrency, spans, order):
    log = run([4, 1, 2, 3, 1], concurrency=concurrency)
    assert log.spans == dict(enumerate(spans))
    assert log.results == [f"result {number}" for number in range(5)]
    assert log.done == done(*order)
    assert log.ended_at == max(end for _, end in spans)


def test_a_job_has_begun_before_the_next_one_is_started():
    """Else what a job does first, such as sending a request, would wait for all to be started."""
    order = []

    def job(number):
        async def run():
            order.append(f"begin {number}")
            asyncio.get_running_loop().call_soon(order.append, f"first step of {number}")
            await asyncio.sleep(1)

        return run

    run_virtual(schedule(*map(job, (1, 2, 3)), concurrency=3))
    assert order == [
        *("begin 1", "first step of 1"),
        *("begin 2", "first step of 2"),
        *("begin 3", "first step of 3"),
    ]


def test_a_run_of_nothing_ends_at_once():
    assert run([]) == Log(results=[], ended_at=0.0)


def test_jobs_that_never_wait_run_one_after_the_other():
    assert run([0] * 3, concurrency=2).done == done(0, 1, 2)


def test_what_a_job_sets_in_its_context_no_other_job_sees():
    tape = contextvars.ContextVar("tape", default="none")

    async def main():
        async def job():
            before = tape.get()
            tape.set("mine")
            await asyncio.sleep(1)
            return before

        return await schedule(*[job] * 4), tape.get()

    assert run_virtual(main()) == (["none"] * 4, "none")


# --- rates --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("durations", "concurrency", "spans"),
    [
        pytest.param([1, 1, 1], 8, [(0, 1), (6, 7), (12, 13)], id="the rate decides"),
        pytest.param([9, 9, 9], 1, [(0, 9), (9, 18), (18, 27)], id="the jobs are slower"),
        pytest.param([9, 9, 9], 2, [(0, 9), (6, 15), (12, 21)], id="two keep up with the rate"),
        pytest.param([20, 1, 1], 2, [(0, 20), (6, 7), (12, 13)], id="a slow one holds nobody up"),
        pytest.param(
            [20, 20, 1, 1], 2, [(0, 20), (6, 26), (20, 21), (26, 27)], id="no catching up"
        ),
    ],
)
def test_starts_are_an_interval_apart_and_wait_for_a_free_place(durations, concurrency, spans):
    log = run(durations, concurrency=concurrency, rate=EVERY_SIX_SECONDS)
    assert log.spans == dict(enumerate(spans))


def expected_spans(durations, concurrency, interval):
    """Compute the schedule by hand: a place comes free, and the interval has passed."""
    ends, spans, next_at = [], [], 0
    for seconds in durations:
        free_at = heapq.heappop(ends) if len(ends) == concurrency else 0
        start = max(free_at, next_at)
        next_at = start + interval
        heapq.heappush(ends, start + seconds)
        spans.append((start, start + seconds))
    return spans


@given(
    durations=st.lists(st.integers(min_value=0, max_value=30), max_size=10),
    concurrency=st.integers(min_value=1, max_value=5),
    interval=st.sampled_from([None, 1, 4, 9]),
)
def test_every_schedule_is_the_one_computed_by_hand(durations, concurrency, interval):
    rate = Rate(count=1, per_s=interval) if interval else None
    log = run(durations, concurrency=concurrency, rate=rate)
    assert log.spans == dict(enumerate(expected_spans(durations, concurrency, interval or 0)))
    assert log.results == [f"result {number}" for number in range(len(durations))]
    ends = [log.spans[number][1] for number, _ in log.done]
    assert ends == sorted(end for _, end in log.spans.values())


# --- budgets ------------------------------------------------------------------------------


def test_when_the_requests_are_used_up_the_rest_is_skipped_and_what_runs_goes_on():
    log = run([5, 5, 5, 5, 5], concurrency=2, requests=3, max_requests=10)
    reason = Skipped(reason="max_requests of 10 reached")
    assert log.spans == {0: (0, 5), 1: (0, 5), 2: (5, 10)}
    assert log.results == ["result 0", "result 1", "result 2", reason, reason]


def test_requests_count_from_the_start_of_a_job_so_that_many_at_once_do_not_pass_the_limit():
    log = run([5] * 4, concurrency=8, max_requests=2)
    assert log.spans == {0: (0, 5), 1: (0, 5)}


def test_a_job_that_fits_is_skipped_behind_one_that_does_not():
    async def main():
        async def job():
            return "ran"

        jobs = [Job(run=job, requests=requests) for requests in (2, 5, 1)]
        return await schedule(*jobs, budget=Budget(max_requests=4))

    reason = Skipped(reason="max_requests of 4 reached")
    assert run_virtual(main()) == ["ran", reason, reason]


def test_what_a_job_spends_beyond_its_plan_is_missing_for_the_next():
    async def main():
        budget = Budget(max_requests=4)

        async def retried():
            budget.spend(1)
            return "ran"

        return await schedule(*[retried] * 3, concurrency=1, budget=budget)

    assert run_virtual(main()) == ["ran", "ran", Skipped(reason="max_requests of 4 reached")]


@pytest.mark.parametrize(
    ("durations", "concurrency", "spans", "ended_at"),
    [
        pytest.param([4, 4, 4, 4], 1, [(0, 4), (4, 8), (8, 12)], 12, id="between jobs"),
        pytest.param([5, 5, 5], 1, [(0, 5), (5, 10)], 10, id="at the very end of one"),
        pytest.param([50, 50, 1, 1], 2, [(0, 50), (0, 50)], 50, id="while the places are taken"),
    ],
)
def test_after_the_time_nothing_starts_and_what_runs_goes_on(
    durations, concurrency, spans, ended_at
):
    log = run(durations, concurrency=concurrency, max_time_s=10)
    skipped = len(durations) - len(spans)
    assert log.spans == dict(enumerate(spans))
    assert log.results[len(spans) :] == [Skipped(reason="max_time of 10 s passed")] * skipped
    assert log.ended_at == ended_at


def test_the_end_of_the_time_cuts_the_wait_for_the_rate():
    log = run([1, 1, 1], rate=Rate(count=1, per_s=3600), max_time_s=600)
    assert log.spans == {0: (0, 1)}
    assert log.results == ["result 0", *[Skipped(reason="max_time of 600 s passed")] * 2]
    assert log.ended_at == 600


# --- fail-fast ----------------------------------------------------------------------------


def test_fail_fast_cancels_what_is_under_way_and_starts_nothing_more():
    log = run([1, 3, 9, 1, 1], concurrency=2, fail=[1])
    assert log.spans == {0: (0, 1), 1: (0, 3), 2: (1, 3)}
    assert log.results == ["result 0", "result 1", STOPPED, STOPPED, STOPPED]
    assert log.done == done(0, 1)
    assert log.ended_at == 3


def test_fail_fast_ends_the_wait_for_the_rate():
    log = run([2, 1, 1], concurrency=2, rate=EVERY_SIX_SECONDS, fail=[0])
    assert (log.spans, log.ended_at) == ({0: (0, 2)}, 2)


def test_fail_fast_keeps_what_had_ended_and_the_first_failure_is_the_only_one():
    log = run([5, 1, 5], concurrency=3, fail=[0, 2])
    assert log.results[1] == "result 1"
    assert [result for result in log.results if result == STOPPED] == [STOPPED]
    assert len(log.done) == 2


def test_fail_fast_by_the_last_job_skips_nothing():
    assert run([1, 1], fail=[1]).results == ["result 0", "result 1"]


def test_fail_fast_stops_a_job_that_was_due_but_had_not_begun():
    started = []

    async def main():
        async def failing():
            return "failed"

        async def next_one():
            started.append("next one")

        return await schedule(failing, next_one, fail_fast=lambda result: result == "failed")

    assert (run_virtual(main()), started) == (["failed", STOPPED], [])


def test_a_result_that_a_job_makes_of_its_cancellation_does_not_count():
    seen = []

    async def main():
        async def failing():
            await asyncio.sleep(1)
            return "failed"

        async def stubborn():
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                await asyncio.sleep(2)
                return "a row of its own"

        results = await schedule(
            failing,
            stubborn,
            fail_fast=lambda result: result == "failed",
            on_done=lambda *done: seen.append(done),
        )
        return results, clock()

    assert run_virtual(main()) == (["failed", STOPPED], 3.0)
    assert seen == [(0, "failed")]


# --- cancellation -------------------------------------------------------------------------


def test_a_cancelled_run_cancels_its_jobs_and_what_was_done_has_been_told():
    log = run([1, 9, 9, 9], concurrency=2, cancel_at=[4])
    assert log.spans == {0: (0, 1), 1: (0, 4), 2: (1, 4)}
    assert (log.done, log.results, log.ended_at) == (done(0), None, 4)


def test_a_run_cancelled_between_two_starts_starts_no_more():
    log = run([1, 1], rate=EVERY_SIX_SECONDS, cancel_at=[4])
    assert (log.spans, log.done, log.ended_at) == ({0: (0, 1)}, done(0), 4)


def cancel_while_cleaning_up(cancel_at, *, fail_fast=None):
    """Run a job whose clean-up takes 10 s beside one that ends at 1; return what happened when."""
    happened = []

    async def scheduled():
        async def quick():
            await asyncio.sleep(1)
            return "quick"

        async def slow_to_clean_up():
            try:
                await asyncio.sleep(99)
            finally:
                try:
                    await asyncio.sleep(10)
                finally:
                    happened.append(("cleaned up", clock()))

        await schedule(
            quick,
            slow_to_clean_up,
            fail_fast=fail_fast,
            on_done=lambda _, result: happened.append((result, clock())),
        )

    async def main():
        task = asyncio.create_task(scheduled())
        for at in cancel_at:
            asyncio.get_running_loop().call_at(at, task.cancel)
        await asyncio.wait([task])
        happened.append(("cancelled" if task.cancelled() else "ended", clock()))

    run_virtual(main())
    return happened


def test_a_cancelled_run_waits_until_its_jobs_have_cleaned_up():
    happened = cancel_while_cleaning_up([2])
    assert happened == [("quick", 1.0), ("cleaned up", 12.0), ("cancelled", 12.0)]


def test_a_second_cancellation_cuts_a_clean_up_that_hangs():
    happened = cancel_while_cleaning_up([2, 3])
    assert happened == [("quick", 1.0), ("cleaned up", 3.0), ("cancelled", 3.0)]


def test_a_cancellation_while_fail_fast_stops_the_jobs_is_not_lost():
    happened = cancel_while_cleaning_up([4], fail_fast=lambda result: result == "quick")
    assert happened == [("quick", 1.0), ("cleaned up", 4.0), ("cancelled", 4.0)]


# --- bugs ---------------------------------------------------------------------------------


def run_beside_a_sleeper(bad_job, *, on_done=ignore):
    """Run a bad job, which ends at 1, beside a good one of 9 s and before another."""
    log = Log()
    jobs = (sleeper(log, 0, 9), bad_job, sleeper(log, 2, 9))
    try:
        run_virtual(schedule(*jobs, on_done=on_done))
    finally:
        assert log.spans == {0: (0, 1)}


def test_a_job_that_raises_ends_the_run_and_its_exception_comes_out_as_it_is():
    async def broken():
        await asyncio.sleep(1)
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="^a bug$"):
        run_beside_a_sleeper(broken)


def test_a_job_that_cancels_itself_ends_the_run_like_any_other_that_raises():
    async def cancels_itself():
        await asyncio.sleep(1)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_beside_a_sleeper(cancels_itself)


def test_an_observer_that_raises_ends_the_run_as_well():
    async def fine():
        await asyncio.sleep(1)

    def observer(number, result):
        raise KeyError(number)

    with pytest.raises(KeyError, match="^1$"):
        run_beside_a_sleeper(fine, on_done=observer)


def test_a_clean_up_that_raises_is_told_even_when_the_run_was_cancelled():
    async def main():
        async def broken():
            try:
                await asyncio.sleep(9)
            finally:
                raise ZeroDivisionError("a bug")

        await asyncio.wait_for(schedule(broken), timeout=1)

    with pytest.raises(ZeroDivisionError, match="^a bug$"):
        run_virtual(main())
