"""Talking to an emulator in tests: requests, raw bytes, and its truth log."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress

from glmbench.server.questions import RECEPTIONS
from glmbench.server.script import Answer, Options, PromptMatch, Script, Speech, TextPart

# The one unit of all delays in these tests.
MS = 0.001


def script(**replies):
    """A script that answers each prompt, which is the answer's name, with its reply."""
    return Script(
        answers=tuple(
            Answer(name=name, match=PromptMatch(kind="equals", pattern=name), reply=reply)
            for name, reply in replies.items()
        )
    )


def speech(*fragments, ending=None, **options):
    parts = (TextPart(kind="text", text=fragments),)
    extra = {} if ending is None else {"ending": ending}
    return Speech(parts=parts, options=Options(**options), **extra)


def body(prompt, conversation_id=""):
    content = [{"type": "text", "text": prompt}]
    return {
        "assistant_id": "65940acff94777010aa6b796",
        "conversation_id": conversation_id,
        "messages": [{"role": "user", "content": content}],
    }


def raw_request(prompt):
    data = json.dumps(body(prompt)).encode()
    head = (
        f"POST {RECEPTIONS['chatglm'].path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


@asynccontextmanager
async def connection(emulator):
    reader, writer = await asyncio.open_connection(emulator.host, emulator.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def raw_answer(emulator, prompt):
    """The head and everything after it, until the server closes; ConnectionResetError on RST."""
    async with connection(emulator) as (reader, writer):
        writer.write(raw_request(prompt))
        head = await reader.readuntil(b"\r\n\r\n")
        return head, await reader.read()


def chunks_of(raw):
    """The HTTP chunks of a body, and what follows the last whole one."""
    chunks = []
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        length = int(size, 16)
        if not length or len(rest) < length:
            break
        chunks.append(rest[:length])
        raw = rest[length + 2 :]
    return chunks, raw


def truth_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def truth_with(path, what):
    """The log, once it has a line of that kind: the emulator may write it after our last read."""
    while what not in {line["what"] for line in truth_of(path)}:  # noqa: ASYNC110 -- it is a file
        await asyncio.sleep(1 * MS)
    return truth_of(path)
