"""Where figures come from, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from glmbench.results.statistics import StatisticsGroup


def source_words(group: StatisticsGroup) -> str:
    """Say who stamped the figures and who answered."""
    reused = ", reused connections" if group.connection_reused else ""
    return _origin_words(group) + reused


def _origin_words(group: StatisticsGroup) -> str:
    emulated = group.origin == "emulator"
    match group.source:
        case "live":
            return "measured on the emulator" if emulated else "measured live"
        case "recorded":
            return f"recorded{' from the emulator' if emulated else ''}, not measured now"
        case "edited":
            return "of recordings in other chunks"
        case "consumer":
            return "stamped where the provider yields"
        case "none":
            return "without timing"
        case _ as never:
            assert_never(never)


def token_words(group: StatisticsGroup) -> str:
    """Say who counted the tokens."""
    return _TOKEN_WORDS[group.token_source or "none"]


_TOKEN_WORDS = {
    "usage": "the service's tokens",
    "estimate": "tokens estimated",
    "none": "no tokens",
}
