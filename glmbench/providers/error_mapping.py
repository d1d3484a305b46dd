"""aiohttp's errors in our terms, in one place; a table in the tests goes through all of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import http_exceptions

from glmbench.errors import (
    CassetteError,
    ConnectFailedError,
    IncompleteStreamError,
    ProtocolError,
    ProviderTimeoutError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glmbench.providers.http import Exchange
    from glmbench.providers.timeouts import Phase

# Not CassetteError: that is no trouble of the network and must reach the caller as it is.
TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)

_PHASE_TEXT: Mapping[Phase, str] = {
    "connect": "no connection within",
    "first_byte": "no byte of the answer within",
    "idle": "the stream fell silent for",
    "total": "the answer was not complete within",
}


@contextmanager
def mapped_errors(exchange: Exchange) -> Iterator[None]:
    """Turn everything that aiohttp and sockets raise into this project's errors."""
    try:
        yield
    except TRANSPORT_ERRORS as error:
        cassette_error = _find_cassette_error(error)
        if cassette_error is not None:
            raise cassette_error from error
        raise map_error(error, exchange) from error
    except UnicodeError as error:
        # The one thing a host name can do that aiohttp lets through: a label over 63 letters.
        if exchange.response is not None:
            raise
        raise UsageError(f"not a host name: {error}") from error


def map_error(error: Exception, exchange: Exchange) -> Exception:
    """Return the error of this project for one of aiohttp's; see the table in the tests."""
    if isinstance(error, TimeoutError) and getattr(error, "errno", None) is None:
        return _timeout_error(error, exchange)
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, http_exceptions.ContentEncodingError):
            return ProtocolError(f"the body cannot be decompressed: {error.__cause__}")
        # aiohttp counts bytes of the wire here, which no replay can know.
        return IncompleteStreamError("the body broke off")
    if isinstance(error, aiohttp.RedirectClientError | aiohttp.TooManyRedirects):
        return ProtocolError(f"a redirect that leads nowhere: {_said(error)}")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return UsageError(f"not a URL that can be asked: {_said(error)}")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectFailedError(f"the proxy refused: {error.message}", status=error.status)
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolError(f"the response is not valid HTTP: {error.message}")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch):
        return ConnectFailedError(f"no connection: {_said(error)}")
    if exchange.response is None:
        return ConnectFailedError(f"the connection ended before an answer: {_said(error)}")
    return IncompleteStreamError(f"the connection broke: {_said(error)}")


def _timeout_error(error: TimeoutError, exchange: Exchange) -> ProviderTimeoutError:
    phase: Phase = "total"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        phase = "connect"
    elif isinstance(error, aiohttp.ServerTimeoutError):
        phase = "idle" if exchange.has_body else "first_byte"
    limit = getattr(exchange.timeouts, phase)
    seconds = f"{limit:g} s" if limit is not None else "the limit"
    mapped = ProviderTimeoutError(f"{_PHASE_TEXT[phase]} {seconds}")
    mapped.phase = phase
    return mapped


def _find_cassette_error(error: BaseException | None) -> CassetteError | None:
    """Return the recording's error that aiohttp may have wrapped on its way up."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, CassetteError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
