# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import asyncio
import inspect
import math
import re
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import client_exceptions as foreign
from aiohttp import http_exceptions
from aiohttp.client_reqrep import ConnectionKey
from streamserver import CUT, LAST, RESET, STALL, chunked, head, stream_server
from yarl import URL

from glmbench import run_virtual
from glmbench.errors import (
    CassetteMissError,
    ConnectFailedError,
    IncompleteStreamError,
    ProtocolError,
    ProviderTimeoutError,
    ServerFailedError,
    UsageError,
)
from glmbench.parts import FinishReason
from glmbench.providers import http
from glmbench.providers.http import (
    AnswerBody,
    Exchange,
    check_proxy,
    map_error,
    mapped_errors,
    open_exchange,
    read_error_body,
)
from glmbench.providers.timeouts import Timeouts

STOP = FinishReason("stop", "finish")
HEAD = head("Content-Type: text/event-stream")


class Lines:
    """A decoder of lines: "!" is the end of the answer, "?" a failure."""

    def __init__(self):
        self.failure = None
        self.finished = False
        self.text = ""

    def feed(self, data):
        parts = []
        for letter in data.decode():
            if letter == "!":
                self.finished = True
            elif letter == "?":
                self.failure, self.finished = ServerFailedError("in band"), True
            else:
                self.text += letter
                parts.append(letter)
        return parts

    def feed_eof(self):
        return ["."]

    def finish(self):
        if self.failure is not None:
            raise self.failure
        if not self.finished:
            raise IncompleteStreamError("no end")
        return [STOP]


async def drain(exchange, response, decoder):
    answer = AnswerBody(exchange, response, decoder)
    while (parts := await answer.next_parts()) is not None:
        for part in parts:
            yield part


async def ask(server, decoder=None, pause=None, **options):
    """Return the parts of an answer and the exception behind them."""
    options.setdefault("timeouts", Timeouts(connect=5, first_byte=5, idle=5, total=5))
    options.setdefault("headers", {})
    parts = []
    try:
        url = server if isinstance(server, str) else server.url()
        async with open_exchange(url, json={}, **options) as (exchange, response):
            async for part in drain(exchange, response, decoder or Lines()):
                parts.append(part)
                if pause is not None:
                    await pause()
    except Exception as error:  # noqa: BLE001 -- it is the outcome
        return parts, error
    return parts, None


async def test_a_body_is_drained_to_its_end():
    async with stream_server([HEAD, chunked(b"a"), chunked(b"b!"), LAST]) as server:
        assert await ask(server) == (["a", "b", ".", STOP], None)


async def test_text_behind_the_finish_comes_before_the_finish_reason():
    async with stream_server([HEAD, chunked(b"a!"), 0.05, chunked(b"b"), LAST]) as server:
        assert await ask(server) == (["a", "b", ".", STOP], None)


@pytest.mark.parametrize("end", [CUT, RESET, STALL])
async def test_what_the_connection_does_behind_the_finish_is_no_failure(end, monkeypatch):
    monkeypatch.setattr(http, "END_PATIENCE_S", 0.05)
    async with stream_server([HEAD, chunked(b"a!"), 0.02, chunked(b"b"), end]) as server:
        assert await ask(server) == (["a", "b", ".", STOP], None)


class Chatter:
    """A body that never ends: first the finish, then a byte every 0.7 seconds."""

    def __init__(self):
        self.reads = 0

    async def readany(self):
        self.reads += 1
        if self.reads == 1:
            return b"!"
        await asyncio.sleep(0.7)
        return b"x"

    def set_exception(self, error):
        pass

    def read_nowait(self):
        return b""


def test_the_wait_behind_the_finish_is_two_seconds_for_all_reads():
    async def converse():
        loop = asyncio.get_running_loop()
        response = SimpleNamespace(connection=None, content=Chatter())
        parts = [part async for part in drain(Exchange(Timeouts(idle=120)), response, Lines())]
        return parts, loop.time()

    assert run_virtual(converse()) == (["x", "x", ".", STOP], 2.0)


class Protocol:
    """What aiohttp's own protocol does with a read timeout, and nothing else."""

    def __init__(self):
        self.read_timeout = None
        self.timed_out = asyncio.get_running_loop().create_future()
        self._timer = None

    def start_timeout(self):
        if self._timer is not None:
            self._timer.cancel()
        if self.read_timeout:
            self._timer = asyncio.get_running_loop().call_later(
                self.read_timeout, self.timed_out.set_exception, aiohttp.SocketTimeoutError()
            )

    data_received = start_timeout


class Steps:
    """A body of (seconds, bytes) and then silence."""

    def __init__(self, steps, protocol):
        self.steps = iter(steps)
        self.protocol = protocol

    async def readany(self):
        step = next(self.steps, None)
        if step is None:
            return await self.protocol.timed_out
        await asyncio.sleep(step[0])
        self.protocol.data_received()
        return step[1]

    def set_exception(self, error):
        pass

    def read_nowait(self):
        return b""


def silence(steps, pause=0.0):
    """Return when a silence behind the steps ended, on a clock that takes no time."""

    async def converse():
        protocol = Protocol()
        response = SimpleNamespace(
            content=Steps(steps, protocol), connection=SimpleNamespace(protocol=protocol)
        )
        exchange = Exchange(Timeouts(idle=10))
        try:
            async for _ in drain(exchange, response, Lines()):
                await asyncio.sleep(pause)
        except aiohttp.SocketTimeoutError:
            return round(asyncio.get_running_loop().time(), 3)
        finally:
            exchange.close()

    return run_virtual(converse())


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ([(3, b"a")], 13),
        ([(3, b"a"), (9.9, b"b")], 22.9),
        ([(3, b"a"), (9.9, b"b"), (9.9, b"c")], 32.8),
        ([(0, b"a"), (1, b"b"), (1, b"c"), (5, b"d")], 17),
    ],
)
def test_a_silence_ends_at_its_limit_whenever_it_began(steps, at):
    assert silence(steps) == at


def test_the_time_of_a_slow_consumer_is_no_silence():
    # Three parts, "a", "b" and the "." of the end, each taken with an hour's thought.
    assert silence([(1, b"a"), (1, b"b")], pause=3600) == 2 + 3 * 3600 + 10


def test_a_late_consumer_still_gets_what_has_arrived_but_no_more():
    class Body(Chatter):
        """The finish, then three bytes that have arrived when they are asked for, then silence."""

        async def readany(self):
            self.reads += 1
            if self.reads <= 4:
                return b"a!" if self.reads == 1 else b"x"
            return await asyncio.get_running_loop().create_future()

    async def converse():
        loop = asyncio.get_running_loop()
        parts = []
        response = SimpleNamespace(connection=None, content=Body())
        async for part in drain(Exchange(Timeouts()), response, Lines()):
            parts.append(part)
            await asyncio.sleep(1)
        return parts, loop.time()

    # The consumer takes a second over each of six parts; there is no wait beside that.
    assert run_virtual(converse()) == (["a", "x", "x", "x", ".", STOP], 6.0)


async def test_a_failure_in_band_does_not_wait_for_the_end():
    async with stream_server([HEAD, chunked(b"a?b"), STALL]) as server:
        parts, error = await ask(server)
        await server.left.wait()
    assert (parts, str(error)) == (["a", "b", "."], "in band")


@pytest.mark.parametrize("end", [CUT, RESET])
async def test_a_connection_that_breaks_is_an_incomplete_stream_behind_the_text(end):
    async with stream_server([HEAD, chunked(b"a"), 0.02, end]) as server:
        parts, error = await ask(server)
    assert parts == ["a", "."]
    assert type(error) is IncompleteStreamError


async def test_a_busy_consumer_loses_nothing_to_a_reset():
    async with stream_server(
        [HEAD, chunked(b"a"), 0.02, chunked(b"b"), chunked(b"c!"), 0.02, RESET]
    ) as server:

        async def until_it_is_over():
            await asyncio.wait_for(asyncio.gather(*server.serving), 5)
            await asyncio.sleep(0.01)

        assert await ask(server, pause=until_it_is_over) == (["a", "b", "c", ".", STOP], None)


async def test_a_length_that_is_not_reached_is_an_incomplete_stream():
    async with stream_server([head("X: y", framing="length=10"), b"abc", CUT]) as server:
        parts, error = await ask(server)
    assert parts == ["a", "b", "c", "."]
    assert type(error) is IncompleteStreamError


async def test_a_body_that_is_not_gzip_is_a_protocol_error():
    async with stream_server(
        [head("Content-Encoding: gzip"), chunked(b"not gzip at all"), LAST]
    ) as server:
        parts, error = await ask(server)
    assert (parts, type(error)) == (["."], ProtocolError)


@pytest.mark.parametrize(
    ("script", "timeouts", "phase", "message", "parts"),
    [
        ([STALL], {"first_byte": 0.05}, "first_byte", "no byte of the answer within 0.05 s", []),
        ([HEAD, STALL], {"first_byte": 0.05}, "first_byte", "no byte of the answer within 0.05 s", ["."]),
        ([HEAD, chunked(b"a"), STALL], {"idle": 0.05}, "idle", "the stream fell silent for 0.05 s", ["a", "."]),
        ([HEAD, 0.05, chunked(b"a"), STALL], {"idle": 0.02}, "idle", "the stream fell silent for 0.02 s", ["a", "."]),
        ([HEAD, chunked(b"a"), STALL], {"idle": None, "total": 0.05}, "total", "the answer was not complete within 0.05 s", ["a", "."]),
        ([STALL], {"first_byte": None, "total": 0.05}, "total", "the answer was not complete within 0.05 s", []),
    ],
)  # fmt: skip
async def test_a_timeout_says_which(script, timeouts, phase, message, parts):
    async with stream_server(script) as server:
        got, error = await ask(server, timeouts=Timeouts(**timeouts))
    assert (type(error), error.phase, str(error), got) == (
        ProviderTimeoutError,
        phase,
        message,
        parts,
    )


class Silent(aiohttp.BaseConnector):
    """A network on which nobody answers."""

    async def _create_connection(self, req, traces, timeout):
        await asyncio.Event().wait()


async def test_a_connect_timeout_says_so():
    async with Silent() as connector:
        parts, error = await ask(
            "http://localhost:1/", timeouts=Timeouts(connect=0.02), connector=connector
        )
    assert (parts, type(error), error.phase) == ([], ProviderTimeoutError, "connect")
    assert str(error) == "no connection within 0.02 s"


async def test_timeouts_are_not_rounded_up_to_whole_seconds():
    session = http._session(Timeouts(total=7.3, connect=6.1), None)
    try:
        assert session.timeout.ceil_threshold == math.inf
        assert session.connector._timeout_ceil_threshold == math.inf
        assert session.connector.limit == 0
        assert session.trust_env is False
        assert (session.timeout.total, session.timeout.connect) == (7.3, 6.1)
    finally:
        await session.close()


async def test_leaving_early_closes_the_connection_at_once():
    async with stream_server([HEAD, chunked(b"a"), STALL]) as server:
        async with open_exchange(server.url(), json={}, headers={}, timeouts=Timeouts()) as (
            exchange,
            response,
        ):
            parts = drain(exchange, response, Lines())
            assert await anext(parts) == "a"
            await parts.aclose()
        await asyncio.wait_for(server.left.wait(), 5)


async def test_a_cancelled_read_is_a_cancellation():
    async with stream_server([HEAD, chunked(b"a"), STALL]) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(server)
        await asyncio.wait_for(server.left.wait(), 5)


async def test_a_connector_of_the_caller_stays_open_and_is_used_again():
    async with stream_server([HEAD, chunked(b"a!"), LAST, "keep"]) as server:
        async with aiohttp.TCPConnector() as connector:
            for _ in range(2):
                assert await ask(server, connector=connector) == (["a", ".", STOP], None)
            assert not connector.closed
        assert (len(server.requests), server.connections) == (2, 1)


async def test_a_closed_connector_is_refused():
    connector = aiohttp.TCPConnector()
    await connector.close()
    _, error = await ask("http://localhost:1/", connector=connector)
    assert (type(error), str(error)) == (UsageError, "connector= is closed already")


class Refusing(aiohttp.BaseConnector):
    """A network in which there is nothing but one exception."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    async def connect(self, req, traces, timeout):
        raise self.error


async def test_a_cassettes_error_passes_as_it_is():
    miss = CassetteMissError("nothing recorded")
    async with Refusing(miss) as connector:
        _, error = await ask("http://localhost:1/", connector=connector)
    assert error is miss


async def test_a_cassettes_error_that_was_wrapped_comes_out_again():
    miss = CassetteMissError("nothing recorded")
    wrapped = aiohttp.ClientConnectionError("wrapped")
    wrapped.__cause__ = miss
    async with Refusing(wrapped) as connector:
        _, error = await ask("http://localhost:1/", connector=connector)
    assert error is miss


async def test_a_refused_connection_is_a_failed_connect():
    async with stream_server([CUT]) as server:
        url = server.url()
    parts, error = await ask(url)
    assert (parts, type(error)) == ([], ConnectFailedError)


@pytest.mark.parametrize("end", [CUT, RESET])
async def test_a_connection_that_ends_before_the_head_is_a_failed_connect(end):
    async with stream_server([end]) as server:
        parts, error = await ask(server)
    assert (parts, type(error)) == ([], ConnectFailedError)


async def test_a_head_that_is_not_http_is_a_protocol_error():
    async with stream_server([b"HELLO\r\n\r\n", CUT]) as server:
        parts, error = await ask(server)
    assert (parts, type(error)) == ([], ProtocolError)


async def test_a_tls_failure_is_a_failed_connect():
    async with stream_server([CUT]) as server:
        listener = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        _, error = await ask(f"https://127.0.0.1:{port}/")
        listener.close()
        await listener.wait_closed()
        assert server.connections == 0
    assert type(error) is ConnectFailedError


@pytest.mark.parametrize(
    "url", ["not a url", "ftp://localhost/", "http://", "http://" + "a" * 64 + ".localhost/"]
)
async def test_a_url_that_cannot_work_is_the_callers_mistake(url):
    class NoNames(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            host.encode("idna")  # what the system's own look-up does first
            raise OSError("no such host")

        async def close(self):
            pass

    async with aiohttp.TCPConnector(resolver=NoNames()) as connector:
        _, error = await ask(url, connector=connector)
    assert type(error) is UsageError


async def test_an_error_body_is_read_up_to_its_limit():
    body = b"x" * (http.ERROR_BODY_LIMIT + 5000)
    async with stream_server([head(status="500 Oops"), chunked(body), STALL]) as server:
        async with open_exchange(server.url(), json={}, headers={}, timeouts=Timeouts()) as (
            _exchange,
            response,
        ):
            got = await read_error_body(response)
    assert got == body[: http.ERROR_BODY_LIMIT]


@pytest.mark.parametrize("end", [CUT, RESET, STALL])
async def test_an_error_body_that_breaks_off_is_what_came(end):
    async with stream_server([head(status="500 Oops"), chunked(b"abc"), 0.02, end]) as server:
        async with open_exchange(
            server.url(), json={}, headers={}, timeouts=Timeouts(first_byte=0.05)
        ) as (_, response):
            assert await read_error_body(response) == b"abc"


async def test_a_success_without_its_body_is_what_happened_to_it():
    async with stream_server([head(), STALL]) as server:
        with pytest.raises(ProviderTimeoutError, match="^no byte of the answer within 0.05 s$"):
            async with open_exchange(
                server.url(), json={}, headers={}, timeouts=Timeouts(first_byte=0.05)
            ) as (_, response):
                await read_error_body(response)


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


@pytest.mark.parametrize(
    ("proxy", "checked"),
    [(None, None), ("", None), ("http://h:1", "http://h:1"), ("HTTPS://u:p@h", "HTTPS://u:p@h")],
)
def test_http_proxies_pass(proxy, checked):
    assert check_proxy(proxy) == checked


@pytest.mark.parametrize(
    ("proxy", "sentence"),
    [
        ("localhost:8080", 'proxy "localhost:8080" has no scheme: write "http://..."'),
        ("me:secret@h:8080", 'proxy "h:8080" has no scheme: write "http://..."'),
        ("socks5://me:secret@h:1080", "only http and https proxies work, not socks5"),
        ("SOCKS4A://h", "only http and https proxies work, not socks4a"),
        ("ftp://me:secret@h", 'proxy "h" must look like "http://host:port"'),
        ("http://", 'proxy "http://" must look like "http://host:port"'),
    ],
)
def test_another_proxy_is_refused_without_its_password(proxy, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        check_proxy(proxy)


async def test_a_proxy_is_asked_in_place_of_the_service():
    async with stream_server([HEAD, chunked(b"a!"), LAST]) as server:
        parts, error = await ask("http://service.invalid/path", proxy=server.url())
        assert server.requests[0].startswith(b"POST http://service.invalid/path HTTP/1.1\r\n")
    assert (parts, error) == (["a", ".", STOP], None)


async def test_a_proxy_that_refuses_is_a_failed_connect():
    async with stream_server(
        [head("Content-Length: 0", status="407 Login", framing="none"), CUT]
    ) as server:
        _, error = await ask("https://service.invalid/", proxy=server.url())
    assert (type(error), error.status, str(error)) == (
        ConnectFailedError,
        407,
        "the proxy refused: Login (HTTP 407)",
    )
