"""The limits of a request, in seconds. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from glmbench.errors import UsageError
from glmbench.providers.base import suggestion

Phase: TypeAlias = Literal["connect", "first_byte", "idle", "total"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds, None for no limit.

    `connect` covers name lookup, TCP and TLS; `first_byte` is the longest silence before the
    first byte of the body, `idle` the longest after it; `total` covers everything. The defaults
    let a ten-minute answer through (silences of 45 s have been seen while the model thinks)
    and stop one that is dead.
    """

    connect: float | None = 10.0
    first_byte: float | None = 120.0
    idle: float | None = 120.0
    total: float | None = 900.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not _is_duration(value):
                raise UsageError(f"timeout {field.name} must be seconds above 0, not {value!r}")


TimeoutOption: TypeAlias = float | Mapping[str, float | None] | Timeouts | None


def parse_timeouts(option: TimeoutOption) -> Timeouts:
    """Return the limits that a caller's `timeout=` means; a number is the total."""
    if option is None:
        return Timeouts()
    if isinstance(option, Timeouts):
        return option
    if isinstance(option, Mapping):
        known = [field.name for field in fields(Timeouts)]
        for name in option:
            if name not in known:
                raise UsageError(
                    f'timeout has no "{name}"{suggestion(str(name), known)}; '
                    f"it has: {', '.join(known)}"
                )
        return Timeouts(**option)
    return Timeouts(total=option)


def _is_duration(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value > 0
    )
