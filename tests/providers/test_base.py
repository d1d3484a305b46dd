from __future__ import annotations

import asyncio
import contextvars
import re
import threading
from typing import ClassVar

import pytest

from glmbench.errors import ModelNotFoundError, ServerFailedError
from glmbench.parts import FinishReason, Reasoning
from glmbench.providers.base import AsyncGeneratorProvider, ProviderModelMixin, suggestion

MESSAGES = [{"role": "user", "content": "Hi"}]
STOP = FinishReason("stop", "finish")
mark = contextvars.ContextVar("mark", default="none")


class Scripted(AsyncGeneratorProvider, ProviderModelMixin):
    default_model = "m1"
    models: ClassVar = ["m1", "m2-long"]
    model_aliases: ClassVar = {"two": "m2-long"}
    closed = 0
    threads: ClassVar = []

    @classmethod
    async def create_async_generator(
        cls, model, messages, proxy=None, *, temperature=1.0, fail=False, **kwargs
    ):
        try:
            for part in (Reasoning("hm"), "a", mark.get(), STOP):
                await asyncio.sleep(0)
                cls.threads.append(threading.current_thread().name)
                yield part
            if fail:
                raise ServerFailedError("boom")
        finally:
            await asyncio.sleep(0)
            cls.closed += 1


@pytest.fixture(autouse=True)
def _fresh():
    Scripted.closed = 0
    Scripted.threads = []


async def test_create_async_is_the_text_of_the_answer():
    assert await Scripted.create_async("m1", MESSAGES) == "anone"
    assert Scripted.closed == 1


def test_create_completion_yields_the_parts_where_no_loop_runs():
    mark.set("seen")
    assert list(Scripted.create_completion("m1", MESSAGES)) == [Reasoning("hm"), "a", "seen", STOP]
    assert set(Scripted.threads) == {"MainThread"}
    mark.set("none")


async def test_create_completion_yields_the_parts_where_a_loop_runs():
    mark.set("seen")
    assert list(Scripted.create_completion("m1", MESSAGES)) == [Reasoning("hm"), "a", "seen", STOP]
    assert threading.current_thread().name not in Scripted.threads
    assert asyncio.get_running_loop().is_running()


@pytest.mark.parametrize("parts_taken", [0, 1, 2])
def test_leaving_a_completion_early_closes_the_generator(parts_taken):
    parts = Scripted.create_completion("m1", MESSAGES)
    for _ in range(parts_taken):
        next(parts)
    parts.close()
    assert Scripted.closed == (parts_taken > 0)


async def test_leaving_a_completion_early_closes_the_generator_where_a_loop_runs():
    parts = Scripted.create_completion("m1", MESSAGES)
    next(parts)
    parts.close()
    assert Scripted.closed == 1


def test_an_exception_comes_behind_the_parts():
    parts = Scripted.create_completion("m1", MESSAGES, fail=True)
    assert [next(parts) for _ in range(4)] == [Reasoning("hm"), "a", "none", STOP]
    with pytest.raises(ServerFailedError, match="^boom$"):
        next(parts)


def test_the_event_loop_of_the_thread_is_left_alone():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        list(Scripted.create_completion("m1", MESSAGES))
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_parameters_are_the_options_with_their_defaults():
    assert Scripted.get_parameters() == {"proxy": None, "temperature": 1.0, "fail": False}


@pytest.mark.parametrize(
    ("asked", "model"),
    [("", "m1"), (None, "m1"), ("m1", "m1"), ("m2-long", "m2-long"), ("two", "m2-long")],
)
def test_a_model_has_one_name_of_the_service(asked, model):
    assert Scripted.get_model(asked) == model


@pytest.mark.parametrize(
    ("asked", "hint"), [("M2-lomg", ' (did you mean "m2-long"?)'), ("gpt", "")]
)
def test_an_unknown_model_is_refused_with_the_known_ones(asked, hint):
    sentence = f'Scripted has no model "{asked}"{hint}; it has: m1, m2-long, two'
    with pytest.raises(ModelNotFoundError, match=f"^{re.escape(sentence)}$"):
        Scripted.get_model(asked)


def test_a_provider_without_a_list_takes_any_model():
    assert ProviderModelMixin.get_model("anything") == "anything"
    assert ProviderModelMixin.get_models() == []
    assert Scripted.get_models() == ["m1", "m2-long"]


def test_suggestions_ignore_case():
    assert suggestion("TIMEOUT", ["timeout", "headers"]) == ' (did you mean "timeout"?)'
    assert suggestion("zzz", ["timeout", "headers"]) == ""


def test_without_streaming_the_whole_text_is_one_part_and_comes_first():
    parts = list(Scripted.create_completion("m", [], stream=False))
    streamed = list(Scripted.create_completion("m", []))
    text = "".join(part for part in streamed if isinstance(part, str))
    assert parts == [text, *(part for part in streamed if not isinstance(part, str))]
