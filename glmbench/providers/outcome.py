"""What a response says of its answer beside the body: for every provider the same."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from glmbench.errors import IncompleteStreamError

if TYPE_CHECKING:
    import aiohttp

    from glmbench.errors import ProviderError


def is_event_stream(response: aiohttp.ClientResponse) -> bool:
    """Tell whether the body is to be decoded, or read as an error."""
    return 200 <= response.status < 300 and response.content_type == "text/event-stream"


def complete_error(
    error: ProviderError, provider: str, response: aiohttp.ClientResponse | None, text: str
) -> None:
    """Add to an error what only the exchange knows; `text` is what had come of the answer."""
    error.provider = provider
    if isinstance(error, IncompleteStreamError):
        error.text = text
    if response is not None:
        headers = response.headers
        error.status = response.status if error.status is None else error.status
        error.request_id = error.request_id or headers.get("X-Request-Id")
        error.retry_after = seconds_of(headers.get("Retry-After"), headers.get("Date"))


def seconds_of(retry_after: str | None, date: str | None) -> float | None:
    """Return Retry-After in seconds; a date there counts from the response's own Date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, until.total_seconds())
