"""A decoder of lines, and a way to ask a scripted server through the transport."""

from __future__ import annotations

from streamserver import head

from glmbench.errors import IncompleteStreamError, ServerFailedError
from glmbench.parts import FinishReason
from glmbench.providers.http import AnswerBody, open_exchange
from glmbench.providers.timeouts import Timeouts

STOP = FinishReason("stop", "finish")
HEAD = head("Content-Type: text/event-stream")


class Lines:
    """A decoder of lines: "!" is the end of the answer, "?" a failure."""

    def __init__(self):
        self.failure = None
        self.finished = False
        self.has_reason = False
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
