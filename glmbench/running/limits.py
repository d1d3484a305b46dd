"""How fast and how much a run may ask: a rate of starts, and a budget of requests and time.

They say when and whether something may start; they start nothing and stop nothing. Time is that
of the running loop, so that a virtual loop can drive them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from glmbench.results.cases import BUDGETS

if TYPE_CHECKING:
    from glmbench.suites.rates import Rate


class RateLimiter:
    """Let callers go one by one, in the order in which they asked, an interval apart.

    The first goes at once. Time in which nobody asked is not saved up: there are no bursts.
    """

    def __init__(self, rate: Rate) -> None:
        self._interval_s = rate.interval_s
        self._free_at = 0.0
        # Its waiters are served in order, and one that is cancelled takes nothing with it.
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the caller may start; a caller cancelled before that used no slot."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free_at - clock()))
            # From the real start, not from the planned one: after a wake-up that came late, two
            # starts would follow each other at once.
            self._free_at = clock() + self._interval_s


class Budget:
    """What a run may use up. Made inside the loop that runs it: its time begins then.

    None is no limit. `spent` and `began_at`, by the loop's clock, are of a run under way.
    """

    def __init__(
        self,
        *,
        max_requests: int | None = None,
        max_time_s: float | None = None,
        spent: int = 0,
        began_at: float | None = None,
    ) -> None:
        self._clock = asyncio.get_running_loop().time
        self._max_requests = max_requests
        self._max_time_s = max_time_s
        self.spent = spent
        began_at = self._clock() if began_at is None else began_at
        self.ends_at = None if max_time_s is None else began_at + max_time_s

    @property
    def time_is_up(self) -> str:
        """The reason to give when the time has passed."""
        return f"{BUDGETS[1]}{self._max_time_s:g} s passed"

    def may_start(self, planned: int) -> str | None:
        """Return why nothing that makes so many requests may start now; None when it may."""
        if self.ends_at is not None and self._clock() >= self.ends_at:
            return self.time_is_up
        if self._max_requests is not None and self.spent + planned > self._max_requests:
            return f"{BUDGETS[0]}{self._max_requests} reached"
        return None

    def may_retry(self) -> bool:
        """Tell whether one more request may be made, and take it from the budget if so."""
        if self.may_start(1) is not None:
            return False
        self.spend(1)
        return True

    def spend(self, requests: int) -> None:
        """Take requests from the budget, before they are made."""
        self.spent += requests
