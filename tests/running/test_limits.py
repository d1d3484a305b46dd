"""Rates and budgets on a virtual clock: every instant is exact."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench import run_virtual
from glmbench.running.limits import Budget, RateLimiter
from glmbench.suites.bounds import BoundError
from glmbench.suites.rates import Rate, parse_rate

# A power of two to the second, so that every instant is exact in binary.
FOUR_A_SECOND = Rate(count=4, per_s=1)


def instants(rate, asked_at, *, cancelled=()):
    """Ask at these instants, cancel some of who asked; return who went, and when."""

    async def main():
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(rate)
        went = []

        async def ask(number, at):
            await asyncio.sleep(at)
            await limiter.wait()
            went.append((number, loop.time()))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(i, at)) for i, at in enumerate(asked_at)]
            for number, at in cancelled:
                loop.call_at(at, tasks[number].cancel)
        return went

    return run_virtual(main())


# --- how a rate is written ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate", "interval_s", "shown"),
    [
        ("2/s", Rate(count=2, per_s=1), 0.5, "2/s"),
        ("10/m", Rate(count=10, per_s=60), 6.0, "10/m"),
        ("10/min", Rate(count=10, per_s=60), 6.0, "10/m"),
        ("100/h", Rate(count=100, per_s=3600), 36.0, "100/h"),
        (" 1 / h ", Rate(count=1, per_s=3600), 3600.0, "1/h"),
        ("007/s", Rate(count=7, per_s=1), 1 / 7, "7/s"),
    ],
)
def test_a_rate_is_a_number_of_starts_in_a_unit_of_time(text, rate, interval_s, shown):
    assert parse_rate(text) == rate
    assert rate.interval_s == interval_s
    assert str(rate) == shown


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("10", '"10" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("/m", '"/m" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("10/", '"10/" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("10/5m", '"10/5m" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("-1/s", '"-1/s" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("0.5/s", '"0.5/s" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("1234567/s", '"1234567/s" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("٣/s", '"٣/s" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("\x1b[2J", r'"\x1b[2J" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("x" * 99, f'"{"x" * 59}…" is no rate', 'write "10/m", "2/s" or "100/h"'),
        ("0/m", 'at a rate of "0/m" nothing ever starts', 'write "10/m", "2/s" or "100/h"'),
        ("10/d", '"d" is no unit of a rate', "the units are s, m (or min) and h"),
        ("10/M", '"M" is no unit of a rate', "the units are s, m (or min) and h"),
    ],
)
def test_a_bad_rate_says_what_is_wrong_with_it(text, message, hint):
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$") as caught:
        parse_rate(text)
    assert caught.value.hint == hint


@given(st.integers(min_value=1, max_value=999_999), st.sampled_from([1, 60, 3600]))
def test_a_shown_rate_reads_back_as_itself(count, per_s):
    rate = Rate(count=count, per_s=per_s)
    assert parse_rate(str(rate)) == rate


# --- the limiter --------------------------------------------------------------------------


def test_the_first_goes_at_once_and_the_others_an_interval_apart():
    assert instants(FOUR_A_SECOND, [0, 0, 0, 0]) == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]


def test_ten_a_minute_is_one_every_six_seconds():
    assert instants(parse_rate("10/m"), [1, 1, 1]) == [(0, 1.0), (1, 7.0), (2, 13.0)]


def test_a_pause_saves_nothing_up_for_a_burst():
    assert instants(FOUR_A_SECOND, [0, 9, 9, 9]) == [(0, 0.0), (1, 9.0), (2, 9.25), (3, 9.5)]


def test_who_asks_slower_than_the_rate_never_waits():
    assert instants(FOUR_A_SECOND, [0, 1, 2]) == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_a_caller_cancelled_in_its_turn_leaves_the_slot_to_the_next():
    went = instants(FOUR_A_SECOND, [0, 0, 0, 0], cancelled=[(1, 0.125)])
    assert went == [(0, 0.0), (2, 0.25), (3, 0.5)]


def test_a_caller_cancelled_in_the_queue_leaves_its_place_to_the_next():
    went = instants(FOUR_A_SECOND, [0, 0, 0, 0], cancelled=[(2, 0.125)])
    assert went == [(0, 0.0), (1, 0.25), (3, 0.5)]


def test_when_all_waiters_are_cancelled_the_next_caller_finds_the_slot_free():
    went = instants(FOUR_A_SECOND, [0, 0, 0, 5], cancelled=[(1, 0.125), (2, 0.125)])
    assert went == [(0, 0.0), (3, 5.0)]


def test_a_wake_up_that_comes_late_does_not_bring_the_next_start_nearer():
    async def main():
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(FOUR_A_SECOND)
        went = []
        await limiter.wait()
        # Something blocks the loop for a second while the next caller sleeps.
        loop.call_at(0.125, loop.advance, 1.0)
        for _ in range(3):
            await limiter.wait()
            went.append(loop.time())
        return went

    assert run_virtual(main()) == [1.125, 1.375, 1.625]


@given(st.lists(st.integers(min_value=0, max_value=40), max_size=12).map(sorted))
def test_every_caller_goes_as_early_as_the_one_before_allows(asked_at):
    expected, free_at = [], 0.0
    for asked in asked_at:
        expected.append(max(float(asked), free_at))
        free_at = expected[-1] + 8.0
    went = instants(Rate(count=450, per_s=3600), asked_at)
    assert [at for _, at in went] == expected
    # Who asked earlier went earlier; timers of one instant fire in an order of their own.
    assert [asked_at[number] for number, _ in went] == asked_at


# --- the budget ---------------------------------------------------------------------------


def test_a_budget_without_limits_is_never_used_up():
    async def main():
        budget = Budget()
        budget.spend(10**9)
        await asyncio.sleep(80_000)
        return budget.ends_at, budget.may_start(10**9)

    assert run_virtual(main()) == (None, None)


def test_a_start_must_fit_into_what_is_left_of_the_requests():
    async def main():
        budget = Budget(max_requests=20)
        budget.spend(18)
        return [budget.may_start(planned) for planned in (1, 2, 3)]

    assert run_virtual(main()) == [None, None, "max_requests of 20 reached"]


def test_the_time_of_a_budget_begins_when_it_is_made_and_its_end_belongs_to_it_no_more():
    async def main():
        await asyncio.sleep(100)
        budget = Budget(max_time_s=600)
        said = []
        for wait_s in (0, 599, 1):
            await asyncio.sleep(wait_s)
            said.append(budget.may_start(1))
        return budget.ends_at, said

    assert run_virtual(main()) == (700.0, [None, None, "max_time of 600 s passed"])


def test_when_both_are_used_up_the_time_is_named():
    async def main():
        return Budget(max_requests=0, max_time_s=0).may_start(1)

    assert run_virtual(main()) == "max_time of 0 s passed"
