"""What a credential looks like in headers and URLs, and its replacement. Pure.

One place for everything that is written: cassettes, results, reports and messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACEHOLDER = "[redacted]"

# Header names of the services we speak to and of the proxies before them. Matched without case.
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "x-auth-token",
        "x-access-token",
        "x-goog-api-key",
        "x-sign",
    }
)

# Their values are URLs, which may carry what the URL of a request may.
URL_HEADERS = frozenset({"location", "content-location", "referer"})

SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "authorization",
        "key",
        "password",
        "refresh_token",
        "secret",
        "sign",
        "signature",
        "token",
    }
)


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Replace the values of headers that carry credentials; names and order stay."""
    return [(name, _redact_header(name.lower(), value)) for name, value in headers]


def _redact_header(name: str, value: str) -> str:
    if name in SECRET_HEADERS:
        return PLACEHOLDER
    return redact_url(value) if name in URL_HEADERS else value


def redact_url(url: str) -> str:
    """Drop user and password, and replace the values of query parameters named like secrets."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name.lower().replace("-", "_") in SECRET_KEYS for name, _ in pairs):
        query = urlencode(
            [
                (n, PLACEHOLDER if n.lower().replace("-", "_") in SECRET_KEYS else v)
                for n, v in pairs
            ],
            quote_via=quote,
            safe="[]",
        )
    if netloc == parts.netloc and query == parts.query:
        return url
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
