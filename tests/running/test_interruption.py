"""Ctrl-C, once and twice, instant by instant: with real signals, on a virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running.runs import plans, run
from running.test_schedule import STOPPED, Log, clock, done, expected_spans, make_schedule, sleeper

from glmbench import FinishReason, run_virtual
from glmbench.running.interruption import Interruption
from glmbench.running.limits import Budget
from glmbench.running.schedule import Skipped
from glmbench.suites.rates import Rate


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def interrupted_at(*instants, jobs, **how):
    """Run jobs with a Ctrl-C at each instant; returns the log, and how many each one left."""
    log, told = Log(), []

    async def main():
        loop = asyncio.get_running_loop()
        for at in instants:
            loop.call_at(at, ctrl_c)
        schedule = make_schedule(
            *jobs(log), on_done=lambda number, result: log.done.append((number, result)), **how
        )
        try:
            with interruption.draining(schedule.drain):
                log.results = await schedule.run()
        finally:
            log.ended_at = clock()

    with Interruption(told.append) as interruption:
        try:
            run_virtual(main())
        except asyncio.CancelledError:
            assert interruption.stopping
    return log, told


def sleepers(*durations):
    return lambda log: [sleeper(log, number, seconds) for number, seconds in enumerate(durations)]


# --- the first one: nothing more starts, and what is under way ends -----------------------


def test_what_is_under_way_is_finished_and_nothing_more_starts():
    log, told = interrupted_at(2.5, jobs=sleepers(4, 1, 3, 9), concurrency=2)
    assert log.spans == {0: (0, 4), 1: (0, 1), 2: (1, 4)}
    assert log.results == ["result 0", "result 1", "result 2", STOPPED]
    assert (told, log.ended_at) == ([2], 4)


def test_what_ends_at_that_very_moment_is_not_counted():
    told = []

    async def main():
        schedule = make_schedule(
            *sleepers(5, 1)(Log()), on_done=lambda *_: None if told else ctrl_c()
        )
        with interruption.draining(schedule.drain):
            return await schedule.run()

    with Interruption(told.append) as interruption:
        assert run_virtual(main()) == ["result 0", "result 1"]
    assert told == [1]


@pytest.mark.parametrize("max_time_s", [None, 9000])
def test_a_wait_with_nothing_under_way_ends_at_once_and_nobody_is_told(max_time_s):
    told = []

    async def main():
        schedule = make_schedule(
            *sleepers(1, 1)(Log()),
            rate=Rate(count=1, per_s=3600),
            budget=Budget(max_time_s=max_time_s),
        )
        asyncio.get_running_loop().call_at(2.5, ctrl_c)
        with interruption.draining(schedule.drain):
            return await schedule.run(), clock()

    with Interruption(told.append) as interruption:
        assert run_virtual(main()) == (["result 0", STOPPED], 2.5)
    assert told == []


def test_after_the_last_start_it_changes_nothing_but_that_it_came():
    log, told = interrupted_at(2.5, jobs=sleepers(4, 3))
    assert (log.results, told) == (["result 0", "result 1"], [2])


def test_what_was_skipped_before_stays_skipped():
    budget_reason = Skipped(reason="max_requests of 1 reached")

    async def main():
        schedule = make_schedule(*sleepers(4, 4)(Log()), budget=Budget(max_requests=1))
        asyncio.get_running_loop().call_at(2.5, schedule.drain)
        return await schedule.run()

    assert run_virtual(main()) == ["result 0", budget_reason]


@given(
    durations=st.lists(st.integers(min_value=0, max_value=30), max_size=8),
    concurrency=st.integers(min_value=1, max_value=4),
    interval=st.sampled_from([None, 4, 9]),
    at=st.integers(min_value=0, max_value=60).map(lambda whole: whole + 0.5),
)
def test_up_to_the_first_one_every_schedule_is_the_same_as_without_it(
    durations, concurrency, interval, at
):
    rate = Rate(count=1, per_s=interval) if interval else None
    log, _ = interrupted_at(at, jobs=sleepers(*durations), concurrency=concurrency, rate=rate)
    undisturbed = enumerate(expected_spans(durations, concurrency, interval or 0))
    assert log.spans == {number: span for number, span in undisturbed if span[0] < at}
    assert log.results == [
        f"result {number}" if number in log.spans else STOPPED for number in range(len(durations))
    ]


# --- the second one, and the third --------------------------------------------------------


def test_the_second_one_cancels_what_is_under_way():
    log, told = interrupted_at(1.5, 2.5, jobs=sleepers(1, 9, 9, 9), concurrency=2)
    assert log.spans == {0: (0, 1), 1: (0, 2.5), 2: (1, 2.5)}
    assert (log.done, told, log.ended_at) == (done(0), [2], 2.5)


def test_two_at_once_tell_nobody_to_press_again():
    log, told = interrupted_at(1.5, 1.5, jobs=sleepers(9))
    assert (log.spans, told, log.ended_at) == ({0: (0, 1.5)}, [], 1.5)


def test_the_third_one_is_not_held():
    def stubborn(_):
        async def run():
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                await asyncio.sleep(9)

        return [run]

    with pytest.raises(KeyboardInterrupt):
        interrupted_at(1, 2, 3, jobs=stubborn)


# --- what came before anybody was in charge -----------------------------------------------


@pytest.mark.parametrize(("times", "expected"), [(0, "ran"), (1, "drained"), (2, "cancelled")])
def test_what_came_before_is_done_at_once(times, expected):
    seen = ["ran"]

    def drain():
        seen.append("drained")
        return 1

    async def main():
        try:
            with interruption.draining(drain):
                await asyncio.sleep(1)
        except asyncio.CancelledError:
            seen.append("cancelled")

    told = []
    with Interruption(told.append) as interruption:
        for _ in range(times):
            ctrl_c()
        run_virtual(main())
    assert (seen[-1], told) == (expected, [])


def test_a_schedule_that_is_drained_before_it_runs_starts_nothing():
    log = Log()

    async def main():
        schedule = make_schedule(*sleepers(1, 1)(log))
        assert schedule.drain() == 0
        return await schedule.run()

    assert (run_virtual(main()), log.spans) == ([STOPPED, STOPPED], {})


def test_between_two_in_charge_it_is_only_remembered():
    with Interruption() as interruption:
        ctrl_c()
        assert (interruption.requested, interruption.stopping) == (True, False)
        ctrl_c()
        assert (interruption.requested, interruption.stopping) == (True, True)
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()


def test_what_nobody_will_miss_is_cancelled_by_the_first_one():
    told = []

    async def main():
        asyncio.get_running_loop().call_at(1, ctrl_c)
        with interruption.cancelling():
            await asyncio.sleep(9)

    with Interruption(told.append) as interruption:
        with pytest.raises(asyncio.CancelledError):
            run_virtual(main())
    assert (interruption.stopping, told) == (False, [])


# --- pauses -------------------------------------------------------------------------------


def test_a_job_that_only_waits_to_go_on_is_stopped_and_not_counted():
    def jobs(log):
        async def pausing():
            try:
                await asyncio.sleep(1)
                await interruption.pause(9)
            finally:
                log.spans["pausing"] = (0, clock())

        return [pausing, sleeper(log, 1, 5)]

    log, told = Log(), []

    async def main():
        schedule = make_schedule(*jobs(log))
        asyncio.get_running_loop().call_at(2.5, ctrl_c)
        with interruption.draining(schedule.drain):
            return await schedule.run()

    with Interruption(told.append) as interruption:
        assert run_virtual(main()) == [STOPPED, "result 1"]
    assert log.spans == {"pausing": (0, 2.5), 1: (0, 5)}
    assert told == [1]


def test_a_job_that_would_wait_after_it_is_stopped_as_well():
    async def job():
        await asyncio.sleep(5)
        await interruption.pause(9)

    async def main():
        schedule = make_schedule(job)
        asyncio.get_running_loop().call_at(2.5, ctrl_c)
        with interruption.draining(schedule.drain):
            return await schedule.run(), clock()

    with Interruption() as interruption:
        assert run_virtual(main()) == ([STOPPED], 5.0)


def test_without_ctrl_c_a_pause_takes_its_time():
    async def main():
        await Interruption().pause(9)
        return clock()

    assert run_virtual(main()) == 9.0


# --- replays, on their virtual clock ------------------------------------------------------


class Interrupted:
    """Is interrupted as often as it is told, and makes an answer even of a cancellation."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "so far"
        for _ in range(int(messages[-1]["content"])):
            ctrl_c()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1)
        yield FinishReason("stop")


REPLAYS = """
version: 1
name: small
provider: {import: "running.test_interruption:Interrupted"}
cassettes: none
cases:
  - {id: one, prompt: "0"}
  - {id: two, prompt: "TIMES"}
  - {id: three, prompt: "0"}
"""


class Failing:
    """Is interrupted, and fails."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "so far"
        ctrl_c()
        raise LookupError("a foreign text")


def test_what_fails_after_it_is_a_row_as_well(tmp_path):
    result = run(plans(tmp_path, REPLAYS.replace("Interrupted", "Failing")))
    assert [(trial.case, trial.error.type) for trial in result.trials] == [("one", "LookupError")]


@pytest.mark.parametrize(("times", "kept"), [(1, ["one", "two"]), (2, ["one"])])
def test_a_replay_is_finished_once_and_dropped_twice(tmp_path, times, kept):
    result = run(plans(tmp_path, REPLAYS.replace("TIMES", str(times))))
    assert [(trial.case, trial.status) for trial in result.trials] == [(k, "passed") for k in kept]
    assert result.interrupted


# --- signals ------------------------------------------------------------------------------


@pytest.fixture
def handlers():
    """Put back the handlers of before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def terminated(*_):
    """Make a Ctrl-C of it, as the command line does."""
    ctrl_c()


@pytest.mark.parametrize("ctrl_c_before", [0, 1])
def test_sigterm_stops_at_once_and_nobody_is_told_to_press_again(handlers, ctrl_c_before):
    signal.signal(signal.SIGTERM, terminated)
    told = []

    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(ctrl_c_before):
            loop.call_at(1, ctrl_c)
        loop.call_at(2, signal.raise_signal, signal.SIGTERM)
        with interruption.draining(lambda: 1):
            await asyncio.sleep(9)

    with Interruption(told.append) as interruption:
        with pytest.raises(asyncio.CancelledError):
            run_virtual(main())
    assert (interruption.stopping, told) == (True, [1] * ctrl_c_before)


def test_the_handlers_are_those_of_before_when_it_is_over(handlers):
    signal.signal(signal.SIGTERM, terminated)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != terminated
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert after == [handlers[signal.SIGINT], terminated]


def test_a_sigterm_that_nobody_handles_kills_as_ever(handlers):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_in_another_thread_the_handlers_are_left_alone(handlers):
    seen = []

    def enter():
        with Interruption():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [handlers[signal.SIGINT]]
