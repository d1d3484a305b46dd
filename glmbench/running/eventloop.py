"""The event loop of what is measured live: uvloop where it is installed, else asyncio's own.

At 200 streams at once asyncio's own loop needs most of a core, and then its lag is in the figures;
uvloop needs half of that. What is replayed has a loop of its own with a virtual clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def loop_name() -> str:
    """Name the loop that `run_live` uses."""
    return "asyncio" if _factory() is None else "uvloop"


def run_live(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of its own, as asyncio.run does."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(work)


def _factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
