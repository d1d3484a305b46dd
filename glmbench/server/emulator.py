"""An emulator of chat services over real HTTP, to record against and to test with.

What it answers comes from a script; what it did goes into the truth log. It marks every response
with its own `Server` header, so that a cassette made from it can say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from aiohttp import web

from glmbench.about import __version__
from glmbench.errors import UsageError
from glmbench.server.composition import compose
from glmbench.server.delivery import Ledger, deliver, respond
from glmbench.server.frames import Identity, JsonObject, json_text
from glmbench.server.questions import RECEPTIONS, Question, Reception
from glmbench.server.script import Answer, HttpAnswer, Script
from glmbench.server.truth import TruthLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

LOOPBACK = "127.0.0.1"

SERVER_HEADER = f"glmbench-emulator/{__version__}"

# Prompts with whole documents in them are legitimate; aiohttp's default is 1 MiB.
_MAX_REQUEST_BYTES = 16 * 1024 * 1024

# A stalled answer never ends by itself, so stopping does not wait for it.
_SHUTDOWN_TIMEOUT_S = 0.05


class Emulator:
    """Serve a script while the context is open; `port` 0 takes a free one.

    Raises UsageError on entry when it cannot listen or cannot write the truth log.
    """

    def __init__(
        self, script: Script, *, truth: Path | None = None, host: str = LOOPBACK, port: int = 0
    ) -> None:
        self.host = host
        self.port = port
        self._truth_path = truth
        self._dialogue = _Dialogue(script)
        self._reception = RECEPTIONS[script.dialect]
        self._resources = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Where the stream is served, for clients that take an endpoint."""
        return f"http://{self.host}:{self.port}{self._reception.path}"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as resources:
            log = self._open_log()
            resources.callback(log.close)
            runner = web.AppRunner(
                _application(self._dialogue, self._reception, log),
                access_log=None,
                # A client that leaves ends its answer, also one that stalls for ever.
                handler_cancellation=True,
                shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
            )
            await runner.setup()
            resources.push_async_callback(runner.cleanup)
            await self._listen(runner)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._resources.aclose()

    def _open_log(self) -> TruthLog:
        try:
            return TruthLog(self._truth_path)
        except OSError as error:
            message = f"cannot write the truth log {self._truth_path}: {error.strerror}"
            raise UsageError(message) from error

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except (OSError, OverflowError) as error:
            message = f"cannot listen on {self.host}:{self.port}: {_reason(error)}"
            raise UsageError(message) from error
        self.port = runner.addresses[0][1]


def _reason(error: OSError | OverflowError) -> str:
    """Say why a bind failed; asyncio's own text names the address again, as a Python tuple."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)


class _Dialogue:
    """What the emulator remembers between requests: how often it answered, and to whom."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._requests = 0
        self._serials: Counter[str] = Counter()
        self._conversations: set[str] = set()

    def next_request(self) -> int:
        self._requests += 1
        return self._requests

    def find_answer(self, question: Question) -> Answer | HttpAnswer | None:
        """Find what the script says, or what the service itself says before it looks."""
        if question.conversation_id and question.conversation_id not in self._conversations:
            # Reported of the service: an id that it never gave gets success and no bytes.
            return HttpAnswer(content_type="text/event-stream; charset=utf-8")
        return self._script.find_answer(question.prompt)

    def identify(self, answer: Answer, question: Question) -> Identity:
        """Make the ids of the next answer of this name."""
        self._serials[answer.name] += 1
        identity = Identity(
            name=answer.name,
            serial=self._serials[answer.name],
            model=question.model,
            assistant_id=question.assistant_id,
            continues=question.conversation_id or None,
        )
        self._conversations.add(identity.conversation_id)
        return identity


def _application(dialogue: _Dialogue, reception: Reception, log: TruthLog) -> web.Application:
    async def stream(request: web.Request) -> web.StreamResponse:
        arrived = time.perf_counter()
        ledger = Ledger(log=log, request=dialogue.next_request())
        try:
            question = reception.parse(await request.read())
        except ValueError as error:
            ledger.arrived(arrived)
            refusal = _json_answer(400, reception.refusal(str(error)))
            return await respond(request, refusal, ledger, arrived)
        found = dialogue.find_answer(question)
        if found is None:
            # Fail loudly: a recording of an answer that nobody wrote would look like one.
            message = f"the emulator's script has no answer to this prompt: {question.prompt[:80]}"
            found = _json_answer(500, reception.failure(message))
        if isinstance(found, HttpAnswer):
            ledger.arrived(arrived)
            return await respond(request, found, ledger, arrived)
        ledger.case = found.name
        ledger.arrived(arrived)
        if isinstance(found.reply, HttpAnswer):
            return await respond(request, found.reply, ledger, arrived)
        identity = dialogue.identify(found, question)
        performance = compose(found.reply, identity, question.prompt)
        return await deliver(request, performance, ledger, arrived)

    async def sign(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER_HEADER

    application = web.Application(client_max_size=_MAX_REQUEST_BYTES)
    application.router.add_post(reception.route, stream)
    application.on_response_prepare.append(sign)
    return application


def _json_answer(status: int, body: JsonObject) -> HttpAnswer:
    return HttpAnswer(
        status=status, content_type="application/json; charset=utf-8", body=json_text(body).encode()
    )


async def serve(
    script: Script,
    host: str = LOOPBACK,
    port: int = 0,
    truth: Path | None = None,
    on_ready: Callable[[str, int], None] | None = None,
) -> signal.Signals:
    """Serve until SIGINT or SIGTERM, which is returned, or until cancelled.

    `on_ready` is called once with the address that is listened on.
    """
    async with Emulator(script, truth=truth, host=host, port=port) as emulator:
        with _stop_signal() as stopped:
            if on_ready is not None:
                on_ready(emulator.host, emulator.port)
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
