"""Which errors get another go, and when exactly, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench import errors, run_virtual
from glmbench.errors import AuthError, ProviderError, RateLimitedError, ServerFailedError
from glmbench.running.retries import Attempts, delay_before, should_retry, with_retries

CAN_PASS = {
    "RateLimitedError",
    "ServerFailedError",
    "IncompleteStreamError",
    "ProviderTimeoutError",
    "ConnectFailedError",
}
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ProviderError)
]

OVERLOADED = ServerFailedError("overloaded", status=503)


def tried(outcomes, *, takes_s=1, retries=0, deadline_s=None, may_retry=lambda: True):
    """Let the attempts end so; return what came out, and (number, seconds left, start) of each."""

    async def main():
        loop = asyncio.get_running_loop()
        begun = []

        async def attempt(number, left_s):
            begun.append((number, left_s, loop.time()))
            await asyncio.sleep(takes_s)
            return outcomes[number - 1]

        attempts = await with_retries(
            attempt,
            retries=retries,
            deadline_s=deadline_s,
            is_error=lambda outcome: outcome if isinstance(outcome, ProviderError) else None,
            may_retry=may_retry,
        )
        return attempts, begun, loop.time()

    return run_virtual(main())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_only_errors_that_can_pass_are_worth_another_go(kind):
    assert should_retry(kind("no")) is (kind.__name__ in CAN_PASS)


@pytest.mark.parametrize(
    ("attempt", "delay_s"),
    [(2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (7, 32.0), (8, 60.0), (9, 60.0), (5000, 60.0)],
)
def test_the_wait_doubles_up_to_a_minute(attempt, delay_s):
    assert delay_before(attempt, OVERLOADED) == delay_s


@pytest.mark.parametrize(
    ("retry_after", "delay_s"), [(2.5, 2.5), (0.0, 0.0), (300.0, 300.0), (-1.0, 0.0)]
)
def test_what_the_service_said_goes_before_that(retry_after, delay_s):
    assert delay_before(9, RateLimitedError("slow down", retry_after=retry_after)) == delay_s


def test_a_success_is_the_only_attempt():
    assert tried(["fine"], retries=3) == (
        Attempts(outcome="fine", count=1, waited_s=0.0),
        [(1, None, 0.0)],
        1.0,
    )


def test_attempts_are_followed_by_longer_and_longer_waits_until_one_succeeds():
    assert tried([OVERLOADED, OVERLOADED, OVERLOADED, "fine"], retries=5) == (
        Attempts(outcome="fine", count=4, waited_s=7.0),
        [(1, None, 0.0), (2, None, 2.0), (3, None, 5.0), (4, None, 10.0)],
        11.0,
    )


def test_without_retries_the_first_error_stands():
    assert tried([OVERLOADED]) == (
        Attempts(outcome=OVERLOADED, count=1, waited_s=0.0),
        [(1, None, 0.0)],
        1.0,
    )


def test_when_the_retries_are_used_up_the_last_outcome_stands_and_nothing_is_waited_for():
    last = ServerFailedError("still overloaded")
    assert tried([OVERLOADED, OVERLOADED, last], retries=2) == (
        Attempts(outcome=last, count=3, waited_s=3.0),
        [(1, None, 0.0), (2, None, 2.0), (3, None, 5.0)],
        6.0,
    )


def test_an_error_that_cannot_pass_ends_it_even_between_retries():
    refused = AuthError("bad key")
    assert tried([OVERLOADED, refused, "never"], retries=5) == (
        Attempts(outcome=refused, count=2, waited_s=1.0),
        [(1, None, 0.0), (2, None, 2.0)],
        3.0,
    )


def test_retry_after_is_honoured_and_each_attempt_is_told_what_is_left():
    limited = RateLimitedError("slow down", retry_after=20)
    assert tried([limited, OVERLOADED, "fine"], retries=2, deadline_s=60) == (
        Attempts(outcome="fine", count=3, waited_s=22.0),
        [(1, 60.0, 0.0), (2, 39.0, 21.0), (3, 36.0, 24.0)],
        25.0,
    )


@pytest.mark.parametrize(
    ("retry_after", "count", "ended_at"), [(58.5, 2, 60.5), (59.0, 1, 1.0), (float("inf"), 1, 1.0)]
)
def test_a_wait_that_would_reach_the_deadline_is_not_begun(retry_after, count, ended_at):
    limited = RateLimitedError("slow down", retry_after=retry_after)
    attempts, _, ended = tried([limited, limited], retries=1, deadline_s=60)
    assert (attempts.count, ended) == (count, ended_at)


def test_an_attempt_that_used_up_the_deadline_is_the_last():
    attempts, begun, ended_at = tried([OVERLOADED, "never"], takes_s=5, retries=1, deadline_s=5)
    assert attempts == Attempts(outcome=OVERLOADED, count=1, waited_s=0.0)
    assert (begun, ended_at) == ([(1, 5.0, 0.0)], 5.0)


def test_no_retry_is_made_that_is_not_allowed():
    asked = iter([True, False])
    attempts, _, ended_at = tried([OVERLOADED] * 4, retries=3, may_retry=lambda: next(asked))
    assert attempts == Attempts(outcome=OVERLOADED, count=2, waited_s=1.0)
    assert ended_at == 3.0


def test_leave_is_asked_for_retries_only_and_not_when_there_will_be_none():
    asked = []
    tried(["fine"], retries=3, may_retry=lambda: asked.append("after a success"))
    tried([OVERLOADED], retries=0, may_retry=lambda: asked.append("without retries"))
    tried([AuthError("no")], retries=3, may_retry=lambda: asked.append("in vain"))
    tried([OVERLOADED], retries=3, deadline_s=2, may_retry=lambda: asked.append("too late"))
    assert asked == []


def test_a_cancelled_wait_ends_at_once():
    async def main():
        loop = asyncio.get_running_loop()

        async def attempt(number, left_s):
            return OVERLOADED

        trial = asyncio.create_task(
            with_retries(attempt, retries=9, deadline_s=None, is_error=lambda error: error)
        )
        loop.call_at(0.5, trial.cancel)
        with pytest.raises(asyncio.CancelledError):
            await trial
        return loop.time()

    assert run_virtual(main()) == 0.5


@given(
    failures=st.lists(st.sampled_from([None, 0.0, 1.0, 7.0, 90.0]), max_size=8),
    retries=st.integers(min_value=0, max_value=8),
    deadline_s=st.none() | st.integers(min_value=2, max_value=200),
)
def test_attempts_and_waits_make_up_the_time_and_no_attempt_begins_past_the_deadline(
    failures, retries, deadline_s
):
    outcomes = [*(RateLimitedError("slow down", retry_after=after) for after in failures), "fine"]
    attempts, begun, ended_at = tried(outcomes, retries=retries, deadline_s=deadline_s)
    assert attempts.outcome is outcomes[attempts.count - 1]
    assert attempts.count == len(begun) <= retries + 1
    assert attempts.waited_s == ended_at - attempts.count
    assert [left for _, left, _ in begun] == [
        None if deadline_s is None else deadline_s - at for *_, at in begun
    ]
    assert all(deadline_s is None or at < deadline_s for *_, at in begun)
