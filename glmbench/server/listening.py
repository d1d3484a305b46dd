"""What every server here shares: the loopback socket, its mark, and the signals that stop it.

A client may send what it likes: it gets an answer that says what was wrong, and the terminal of the
server shows no traceback of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http import HttpProcessingError

from glmbench.about import __version__
from glmbench.cassettes.exchange import EMULATOR_SERVER
from glmbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

LOOPBACK = "127.0.0.1"

# Marks every response that we word ourselves, so that a cassette made from it can say so.
SERVER_HEADER = f"{EMULATOR_SERVER}/{__version__}"

# Prompts with whole documents in them are legitimate; aiohttp's default is 1 MiB.
MAX_REQUEST_BYTES = 16 * 1024 * 1024

# A stalled answer never ends by itself, so stopping does not wait for it.
_SHUTDOWN_TIMEOUT_S = 0.05


@contextlib.asynccontextmanager
async def listening(application: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the context is open, and give the port; 0 takes a free one.

    Raises:
        UsageError: on entry, when it cannot listen.
    """
    application.on_response_prepare.append(_sign)
    application.middlewares.append(_refuse_unreadable)
    runner = web.AppRunner(
        application,
        access_log=None,
        logger=_logger(),
        # A client that leaves ends its answer, also one that stalls for ever.
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
    )
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER_HEADER


@web.middleware
async def _refuse_unreadable(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer a body that cannot be unpacked with 400; aiohttp would call it a failure of ours."""
    try:
        return await handler(request)
    except web.RequestPayloadError as problem:
        return web.Response(status=400, text=str(problem))


def _logger() -> logging.Logger:
    """Return what aiohttp tells its failures to: ours are shown, those of a client are not."""
    logger = logging.getLogger("glmbench.server")
    logger.addFilter(_is_our_failure)
    return logger


def _is_our_failure(record: logging.LogRecord) -> bool:
    failure = record.exc_info[1] if record.exc_info else None
    return not isinstance(failure, (HttpProcessingError, web.RequestPayloadError))


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host}:{port}: {_reason(error)}") from error


def _reason(error: OSError | OverflowError) -> str:
    """Say why a bind failed; asyncio's own text names the address again, as a Python tuple."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)


async def until_stopped(on_ready: Callable[[], None]) -> signal.Signals:
    """Call `on_ready` once and wait for SIGINT or SIGTERM, which is returned."""
    with _stop_signal() as stopped:
        on_ready()
        return await stopped


@contextlib.contextmanager
def _stop_signal() -> Iterator[asyncio.Future[signal.Signals]]:
    """Give a future that the first stop signal completes; outside the main thread it never is."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[signal.Signals] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not stopped.done():
            stopped.set_result(number)

    # Only the main thread may handle signals; a server in a test's thread is cancelled instead.
    in_main_thread = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if in_main_thread else ()
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # None: installed by something other than Python
                signal.signal(number, handler)
