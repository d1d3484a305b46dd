"""Options of a provider's call: which there are, and headers that can be sent. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.errors import UsageError
from glmbench.providers.base import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.providers.base import AsyncGeneratorProvider


def refuse_unknown(provider: type[AsyncGeneratorProvider], unknown: Mapping[str, Any]) -> None:
    """Raise UsageError for the first option that the provider does not have."""
    for name in unknown:
        known = list(provider.get_parameters())
        raise UsageError(
            f'{provider.__name__} has no option "{name}"{suggestion(name, known)}; '
            f"it has: {', '.join(known)}"
        )


def merged_headers(own: Mapping[str, str], extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers of a request: `extra` is added or replaces, in whatever case."""
    extra = extra or {}
    for name, value in extra.items():
        if not all(isinstance(text, str) for text in (name, value)):
            raise UsageError(f"headers must map names to strings, and {name!r} does not")
        if any(mark in name + value for mark in "\r\n\0"):
            raise UsageError(f"header {name!r} must not hold a line break")
    replaced = {name.lower() for name in extra}
    kept = {name: value for name, value in own.items() if name.lower() not in replaced}
    return {**kept, **extra}
