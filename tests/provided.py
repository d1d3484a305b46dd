"""Providers as somebody else might write them, for `provider: {import: "provided:Name"}`."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import threading

import aiohttp

from glmbench import ChatGLM, FinishReason
from glmbench.errors import UsageError


class Dawdling:
    """Takes its time over each part, and reads one chunk for each."""

    default_model = "glm-4"

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        async for part in ChatGLM.create_async_generator(model, messages, **options):
            yield part
            await asyncio.sleep(0.02)


class _Swallowing:
    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        try:
            await cls.ask()
        except Exception:  # noqa: BLE001 -- this is the kind of provider it is about
            pass
        yield "as if nothing had happened"
        yield FinishReason("stop")


class SwallowingAiohttp(_Swallowing):
    @classmethod
    async def ask(cls):
        async with aiohttp.ClientSession() as session:
            await session.get("http://127.0.0.1:9/")


class SwallowingSocket(_Swallowing):
    @classmethod
    async def ask(cls):
        with socket.socket() as plain:
            plain.connect(("127.0.0.1", 9))


class SwallowingThread(_Swallowing):
    @classmethod
    async def ask(cls):
        def elsewhere():
            try:
                socket.create_connection(("127.0.0.1", 9))
            except Exception:  # noqa: BLE001 -- as above
                pass

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()


class Offline:
    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "made"
        yield " up"
        yield FinishReason("stop")


class Crashing:
    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "some text"
        raise LookupError("a foreign text")


class Cancelling:
    """Stops itself as if somebody had cancelled it, which some clients do at a timeout."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "some text"
        raise asyncio.CancelledError


class Refusing:
    """Fails before it asks anybody."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        raise UsageError("there is no such option")
        yield ""


async def answering(model, messages, *, word="made up"):
    """No class at all: an async function that yields text."""
    yield f"{word}: "
    yield messages[-1]["content"]


class Elsewhere:
    """Yields parts of its own, as another project's providers do."""

    default_model = "any"

    class Ending:
        def __init__(self, reason):
            self.reason = reason

    class Thought:
        def __init__(self, token):
            self.token = token

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield cls.Thought("let me see")
        yield "the answer"
        yield object()
        yield cls.Ending("max_tokens")


class Leaving:
    """Tries to end the whole run with a green light."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        yield "some text"
        raise SystemExit(0)


class Telling:
    """Tells the service its key, in the prompt and in a header of its own."""

    default_model = "glm-4"

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        key = os.environ["TELLING_KEY"]
        told = [{"role": "user", "content": messages[-1]["content"].replace("KEY", key)}]
        headers = {"X-Device-Id": "0" * 32, "X-Note": f"key={key}"}
        async for part in ChatGLM.create_async_generator(model, told, headers=headers, **options):
            yield part


class Decoding:
    """Decodes what the service said in base64."""

    default_model = "glm-4"

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        said = ""
        async for part in ChatGLM.create_async_generator(model, messages, **options):
            if isinstance(part, str):
                said += part
            else:
                yield base64.b64decode(said).decode()
                yield part


class Quoting:
    """Ends with words of the service that repeat the key, and with a URL that carries one."""

    default_model = "glm-4"

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        async for part in ChatGLM.create_async_generator(model, messages, **options):
            if isinstance(part, str):
                yield part
        native = f"because of {os.environ['TELLING_KEY']}"
        yield FinishReason("stop", native=native, message="see https://h/?sign=aa11bb22cc33")


class Halving:
    """Passes on the halves of a character in two pieces, as a client does that reads escapes."""

    default_model = "glm-4"

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        async for part in ChatGLM.create_async_generator(model, messages, **options):
            if not isinstance(part, str):
                yield part
        for piece in ("a \ud83d", "\ude00 and ", "\ud83d"):
            yield piece


class Raising:
    """Fails with the error of its client, which names the URL."""

    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        url = "https://chatglm.cn/nowhere?key=zq93harbour"
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.post(url, json={})
        yield ""


class Wavering(Telling):
    """Asks something else every time."""

    asked = 0

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        cls.asked += 1
        told = [{"role": "user", "content": f"{messages[-1]['content']} {cls.asked}"}]
        async for part in Telling.create_async_generator(model, told, **options):
            yield part


class SwallowingWhenTold(_Swallowing):
    """Takes its time; tries to get out in between if the prompt says so."""

    @classmethod
    async def create_async_generator(cls, model, messages):
        await asyncio.sleep(0.05)
        if messages[-1]["content"] == "swallow":
            async for part in SwallowingAiohttp.create_async_generator(model, messages):
                yield part
            return
        await asyncio.sleep(0.1)
        yield "as it should be"
        yield FinishReason("stop")


class Alternating:
    """Answers every other time only."""

    default_model = "any"
    asked = 0

    @classmethod
    async def create_async_generator(cls, model, messages):
        cls.asked += 1
        if cls.asked % 2:
            yield "odd"
            yield FinishReason("stop")
        else:
            yield "even"
            yield FinishReason("length")


SEEN = []


def noted(observation):
    """A check that remembers what it was shown."""
    SEEN.append(observation.text)
    return True
