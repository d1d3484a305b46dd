from __future__ import annotations

from types import SimpleNamespace

import pytest

from glmbench.errors import IncompleteStreamError, RateLimitedError
from glmbench.providers.outcome import complete_error, is_event_stream, seconds_of


@pytest.mark.parametrize(
    ("status", "content_type", "expected"),
    [
        (200, "text/event-stream", True),
        (299, "text/event-stream", True),
        (200, "application/json", False),
        (302, "text/event-stream", False),
        (500, "text/event-stream", False),
    ],
)
def test_a_success_labelled_as_a_stream_is_one(status, content_type, expected):
    response = SimpleNamespace(status=status, content_type=content_type)
    assert is_event_stream(response) is expected


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        (None, None, None),
        ("7", None, 7.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:29:00 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None, None),
        ("soon", "Wed, 21 Oct 2026 07:29:00 GMT", None),
        ("-1", None, None),
        ("٧", None, None),
    ],
)
def test_retry_after_is_in_seconds(retry_after, date, seconds):
    assert seconds_of(retry_after, date) == seconds


def test_an_error_learns_what_the_exchange_knows():
    response = SimpleNamespace(status=429, headers={"X-Request-Id": "r", "Retry-After": "7"})
    error = RateLimitedError("m")
    complete_error(error, "Own", response, "abc")
    assert (error.provider, error.status, error.request_id, error.retry_after) == (
        "Own",
        429,
        "r",
        7.0,
    )


def test_what_the_wire_said_is_kept():
    response = SimpleNamespace(status=200, headers={"X-Request-Id": "r"})
    error = IncompleteStreamError("m", status=7, request_id="q")
    complete_error(error, "Own", response, "abc")
    assert (error.status, error.request_id, error.text) == (7, "q", "abc")


def test_without_a_response_there_is_only_the_provider():
    error = IncompleteStreamError("m")
    complete_error(error, "Own", None, "")
    assert (error.provider, error.status, error.retry_after) == ("Own", None, None)
