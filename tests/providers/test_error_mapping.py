# ruff: noqa: E501 -- a table is read by its columns
"""Every error that aiohttp can raise becomes one of ours, before and behind the response head."""

from __future__ import annotations

import inspect
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import client_exceptions as foreign
from aiohttp import http_exceptions
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from glmbench.errors import (
    ConnectFailedError,
    IncompleteStreamError,
    ProtocolError,
    ProviderTimeoutError,
    ServerFailedError,
    UsageError,
)
from glmbench.providers.error_mapping import map_error, mapped_errors
from glmbench.providers.http import Exchange
from glmbench.providers.timeouts import Timeouts

KEY = ConnectionKey("h", 80, False, True, None, None, None)
INFO = aiohttp.RequestInfo(URL("http://h/"), "POST", {}, URL("http://h/"))
REFUSED = ConnectionRefusedError(111, "refused")


def payload_error(cause):
    error = aiohttp.ClientPayloadError("payload")
    error.__cause__ = cause
    return error


# Every class of aiohttp's client errors, and what it becomes before and behind the head.
FOREIGN = {
    foreign.ClientError: (foreign.ClientError("x"), ConnectFailedError, IncompleteStreamError),
    foreign.ClientConnectionError: (foreign.ClientConnectionError("x"), ConnectFailedError, IncompleteStreamError),
    foreign.ClientConnectionResetError: (foreign.ClientConnectionResetError("x"), ConnectFailedError, IncompleteStreamError),
    foreign.ClientOSError: (foreign.ClientOSError(104, "x"), ConnectFailedError, IncompleteStreamError),
    foreign.ClientConnectorError: (foreign.ClientConnectorError(KEY, REFUSED), ConnectFailedError, ConnectFailedError),
    foreign.ClientProxyConnectionError: (foreign.ClientProxyConnectionError(KEY, REFUSED), ConnectFailedError, ConnectFailedError),
    foreign.UnixClientConnectorError: (foreign.UnixClientConnectorError("/x", KEY, REFUSED), ConnectFailedError, ConnectFailedError),
    foreign.ClientConnectorDNSError: (foreign.ClientConnectorDNSError(KEY, REFUSED), ConnectFailedError, ConnectFailedError),
    foreign.ClientSSLError: (foreign.ClientSSLError(KEY, REFUSED), ConnectFailedError, ConnectFailedError),
    foreign.ClientConnectorSSLError: (foreign.ClientConnectorSSLError(KEY, ssl.SSLError(1, "x")), ConnectFailedError, ConnectFailedError),
    foreign.ClientConnectorCertificateError: (foreign.ClientConnectorCertificateError(KEY, ssl.CertificateError("x")), ConnectFailedError, ConnectFailedError),
    foreign.ServerFingerprintMismatch: (foreign.ServerFingerprintMismatch(b"a", b"b", "h", 80), ConnectFailedError, ConnectFailedError),
    foreign.ServerConnectionError: (foreign.ServerConnectionError("x"), ConnectFailedError, IncompleteStreamError),
    foreign.ServerDisconnectedError: (foreign.ServerDisconnectedError(), ConnectFailedError, IncompleteStreamError),
    foreign.ServerTimeoutError: (foreign.ServerTimeoutError(), ProviderTimeoutError, ProviderTimeoutError),
    foreign.ConnectionTimeoutError: (foreign.ConnectionTimeoutError(), ProviderTimeoutError, ProviderTimeoutError),
    foreign.SocketTimeoutError: (foreign.SocketTimeoutError(), ProviderTimeoutError, ProviderTimeoutError),
    foreign.ClientResponseError: (foreign.ClientResponseError(INFO, (), status=400), ProtocolError, ProtocolError),
    foreign.ContentTypeError: (foreign.ContentTypeError(INFO, ()), ProtocolError, ProtocolError),
    foreign.ClientHttpProxyError: (foreign.ClientHttpProxyError(INFO, (), status=407), ConnectFailedError, ConnectFailedError),
    foreign.WSServerHandshakeError: (foreign.WSServerHandshakeError(INFO, ()), ProtocolError, ProtocolError),
    foreign.TooManyRedirects: (foreign.TooManyRedirects(INFO, ()), ProtocolError, ProtocolError),
    foreign.RedirectClientError: (foreign.RedirectClientError("x"), ProtocolError, ProtocolError),
    foreign.InvalidUrlRedirectClientError: (foreign.InvalidUrlRedirectClientError("x"), ProtocolError, ProtocolError),
    foreign.NonHttpUrlRedirectClientError: (foreign.NonHttpUrlRedirectClientError("x"), ProtocolError, ProtocolError),
    foreign.InvalidURL: (foreign.InvalidURL("x"), UsageError, UsageError),
    foreign.InvalidUrlClientError: (foreign.InvalidUrlClientError("x"), UsageError, UsageError),
    foreign.NonHttpUrlClientError: (foreign.NonHttpUrlClientError("x"), UsageError, UsageError),
    foreign.UploadAbortedError: (foreign.UploadAbortedError("x"), ConnectFailedError, IncompleteStreamError),
    foreign.ClientPayloadError: (payload_error(http_exceptions.ContentLengthError("x")), IncompleteStreamError, IncompleteStreamError),
    http_exceptions.ContentEncodingError: (payload_error(http_exceptions.ContentEncodingError("x")), ProtocolError, ProtocolError),
    TimeoutError: (TimeoutError(), ProviderTimeoutError, ProviderTimeoutError),
    OSError: (OSError(5, "x"), ConnectFailedError, IncompleteStreamError),
    ConnectionResetError: (TimeoutError(110, "by the kernel"), ConnectFailedError, IncompleteStreamError),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__name__)
def test_a_foreign_error_becomes_one_of_ours(kind):
    error, before, behind = FOREIGN[kind]
    exchange = Exchange(Timeouts())
    assert type(map_error(error, exchange)) is before
    exchange.response = SimpleNamespace()
    assert type(map_error(error, exchange)) is behind


def test_the_map_holds_every_client_error_of_aiohttp():
    classes = {
        value
        for value in vars(foreign).values()
        if inspect.isclass(value) and issubclass(value, aiohttp.ClientError)
    }
    assert {kind.__name__ for kind in classes - set(FOREIGN)} == set()


def test_errors_of_this_project_pass_the_map():
    ours = ServerFailedError("x")
    with pytest.raises(ServerFailedError) as caught, mapped_errors(Exchange(Timeouts())):
        raise ours
    assert caught.value is ours
