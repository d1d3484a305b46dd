"""What a tape says of its trial. Pure words, shared with results and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["HIT", "MISS", "STALE", "UNUSED", "DAMAGED", "RECORDED", "LIVE"]

# With one of these nothing can be said about the provider: the recording is at fault.
FAILING: frozenset[Verdict] = frozenset({"MISS", "STALE", "UNUSED", "DAMAGED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict, and why when it is not a good one."""

    verdict: Verdict
    reason: str | None = None
