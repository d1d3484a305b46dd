# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace

import aiohttp
import pytest
from providers.support_http import HEAD, STOP, Lines, ask, drain
from streamserver import CUT, LAST, RESET, STALL, chunked, head, stream_server

from glmbench import run_virtual
from glmbench.errors import (
    CassetteMissError,
    ConnectFailedError,
    IncompleteStreamError,
    ProtocolError,
    ProviderTimeoutError,
    UsageError,
)
from glmbench.providers import http
from glmbench.providers.http import AnswerBody, Exchange, open_exchange, read_error_body
from glmbench.providers.timeouts import Timeouts


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
    timeout = http._client_timeout(Timeouts(total=7.3, connect=6.1))
    assert timeout.ceil_threshold == math.inf
    assert (timeout.total, timeout.connect) == (7.3, 6.1)
    async with http._session(None, None, None, trust_env=False) as session:
        assert session.connector._timeout_ceil_threshold == math.inf
        assert session.connector.limit == 0
        assert session.trust_env is False


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


def test_bytes_that_come_with_a_look_at_the_silence_disarm_it():
    """The look and the bytes share a round of the loop; no silence has reached its limit."""

    async def main():
        loop = asyncio.get_running_loop()
        content = asyncio.Queue()

        class Protocol:
            read_timeout = None
            armed = None

            def start_timeout(self):
                self.armed = self.read_timeout

        class Content:
            async def readany(self):
                return await content.get()

        protocol = Protocol()
        connection = SimpleNamespace(protocol=protocol)
        response = SimpleNamespace(content=Content(), connection=connection)
        exchange = Exchange(Timeouts(idle=1.0))
        answer = AnswerBody(exchange, response, Lines())
        content.put_nowait(b"a")
        assert await answer.next_parts() == ["a"]
        # The bytes are put in the very call in which the look is taken, just before it.
        loop.call_at(loop.time() + 1.0, content.put_nowait, b"b")
        await asyncio.sleep(0.2)
        assert await answer.next_parts() == ["b"]
        exchange.close()
        return protocol.armed

    assert run_virtual(main()) is None
