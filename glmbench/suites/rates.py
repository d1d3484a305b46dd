"""How fast a run may ask, as people write it: `10/m`, `2/s`, `100/h`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glmbench.problems import printable, shortened
from glmbench.suites.bounds import BoundError

_PER_S = {"s": 1, "m": 60, "min": 60, "h": 3600}
# Six digits are more starts a second than any service answers; more is a slip.
_RATE = re.compile(r"([0-9]{1,6})\s*/\s*([^\W\d_]+)")
_EXAMPLES = 'write "10/m", "2/s" or "100/h"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many starts in so many seconds."""

    count: int
    per_s: int

    @property
    def interval_s(self) -> float:
        """From one start to the next."""
        return self.per_s / self.count

    def __str__(self) -> str:
        unit = next(name for name, seconds in _PER_S.items() if seconds == self.per_s)
        return f"{self.count}/{unit}"


def parse_rate(text: str) -> Rate:
    """Parse `2/s`, `10/m` (also `10/min`) or `100/h`; raises BoundError."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise BoundError(f'"{printable(shortened(text))}" is no rate', _EXAMPLES)
    count, unit = int(match[1]), match[2]
    if unit not in _PER_S:
        message = f'"{printable(shortened(unit))}" is no unit of a rate'
        raise BoundError(message, "the units are s, m (or min) and h")
    if count == 0:
        raise BoundError(f'at a rate of "{text.strip()}" nothing ever starts', _EXAMPLES)
    return Rate(count=count, per_s=_PER_S[unit])
