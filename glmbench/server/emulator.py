"""An emulator of chat services over real HTTP, to record against and to test with.

What it answers comes from a script; what it did goes into the truth log.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from aiohttp import web

from glmbench.errors import UsageError
from glmbench.server.composition import compose
from glmbench.server.delivery import Ledger, deliver, respond
from glmbench.server.frames import Identity, JsonObject, json_text
from glmbench.server.listening import LOOPBACK, MAX_REQUEST_BYTES, listening, until_stopped
from glmbench.server.questions import RECEPTIONS, Question, Reception
from glmbench.server.script import Answer, HttpAnswer, Script
from glmbench.server.truth import TruthLog

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType


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
            application = _application(self._dialogue, self._reception, log)
            self.port = await resources.enter_async_context(
                listening(application, self.host, self.port)
            )
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

    application = web.Application(client_max_size=MAX_REQUEST_BYTES)
    application.router.add_post(reception.route, stream)
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

        def ready() -> None:
            if on_ready is not None:
                on_ready(emulator.host, emulator.port)

        return await until_stopped(ready)
