"""Credentials in headers and URLs are replaced; everything else stays as it is."""

from __future__ import annotations

import pytest

from glmbench.redaction import redact_headers, redact_url


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "Cookie", "Set-Cookie", "X-Api-Key", "api-key"]
)
def test_headers_that_carry_credentials_lose_their_value(name):
    assert redact_headers([(name, "Bearer abc")]) == [(name, "[redacted]")]


def test_a_redirect_loses_the_secrets_of_its_url():
    redacted = redact_headers([("Location", "https://h/p?access_token=abc&x=1")])
    assert redacted == [("Location", "https://h/p?access_token=[redacted]&x=1")]


def test_other_headers_keep_value_order_and_repetition():
    headers = [("X-B", "2"), ("Accept", "*/*"), ("X-B", "1")]
    assert redact_headers(headers) == headers


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://h/p?x=1&y=%20", "https://h/p?x=1&y=%20"),
        ("https://me:pw@h:8/p", "https://h:8/p"),
        ("https://h/p?api_key=abc&x=1", "https://h/p?api_key=[redacted]&x=1"),
        ("https://h/p?Token=abc", "https://h/p?Token=[redacted]"),
        ("https://h/p?access_token=&x", "https://h/p?access_token=[redacted]&x="),
    ],
)
def test_urls_lose_users_and_secret_parameters(url, redacted):
    assert redact_url(url) == redacted
    assert redact_url(redacted) == redacted
