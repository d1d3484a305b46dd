"""Another go after an error that can pass: whether, after how long, and at most how often.

Only the waiting is done here. What an attempt is and what it leaves behind is the caller's, and so
is stopping an attempt in time: only the caller can tell what had come of it by then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from glmbench.errors import (
    ConnectFailedError,
    IncompleteStreamError,
    ProviderTimeoutError,
    RateLimitedError,
    ServerFailedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from glmbench.errors import ProviderError

T = TypeVar("T")

# The others come again when asked again: a bad key, a spent quota, a refused text, bytes that
# break the format, an empty answer (a token or a conversation that the service knows no more).
_CAN_PASS = (
    RateLimitedError,
    ServerFailedError,
    IncompleteStreamError,
    ProviderTimeoutError,
    ConnectFailedError,
)

# Allowances are mostly counted by the minute: who waits one has met a new allowance.
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts(Generic[T]):
    """The last outcome, how many attempts it took, and the waits between them as planned.

    `waited_s` is no part of any latency. A clock would show a little more, and not the same in a
    recording run and its replay.
    """

    outcome: T
    count: int
    waited_s: float


def should_retry(error: ProviderError) -> bool:
    """Tell whether the same request may succeed later."""
    return isinstance(error, _CAN_PASS)


def delay_before(attempt: int, error: ProviderError) -> float:
    """Return the seconds to wait before an attempt, the second or a later one.

    What the service said goes before 1, 2, 4, ... s. No jitter: two runs wait the same.
    """
    if error.retry_after is not None:
        return max(0.0, error.retry_after)
    # Bounded before it is raised: a float overflows at 2 ** 1024.
    return min(_LONGEST_WAIT_S, 2.0 ** min(attempt - 2, 6))


async def with_retries(
    attempt: Callable[[int, float | None], Awaitable[T]],
    *,
    retries: int,
    deadline_s: float | None,
    is_error: Callable[[T], ProviderError | None],
    may_retry: Callable[[], bool] = lambda: True,
    pace: float = 1.0,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Attempts[T]:
    """Make attempts until one succeeds, fails for good, or is the last that is allowed.

    Args:
        attempt: gets its number, from 1, and the seconds left, which it has to keep itself.
        retries: how many attempts may follow the first.
        deadline_s: for all attempts and the waits between them; a wait that would reach it is
            not begun.
        is_error: finds the error that an outcome ended with.
        may_retry: asked before each wait; a budget of requests says no here.
        pace: how fast time passes: a wait of 2 s takes half a second at 4.
        pause: waits so many seconds.
    """
    clock = asyncio.get_running_loop().time
    ends_at = None if deadline_s is None else clock() + deadline_s
    number = 1
    waited_s = 0.0
    while True:
        outcome = await attempt(number, None if ends_at is None else ends_at - clock())
        error = is_error(outcome)
        if error is None or number > retries or not should_retry(error):
            break
        delay_s = delay_before(number + 1, error)
        if ends_at is not None and clock() + delay_s / pace >= ends_at:
            break
        if not may_retry():
            break
        await pause(delay_s / pace)
        waited_s += delay_s
        number += 1
    return Attempts(outcome=outcome, count=number, waited_s=waited_s)
