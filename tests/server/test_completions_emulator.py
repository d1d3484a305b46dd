"""The emulator as a chat-completions API: its paths, what it reads, and its words of refusal."""

from __future__ import annotations

import json
import re

import aiohttp
import pytest

from glmbench.about import __version__
from glmbench.server.emulator import Emulator
from glmbench.server.questions import Question, parse_completion
from glmbench.server.script import (
    Answer,
    HttpAnswer,
    Options,
    PromptMatch,
    Script,
    Speech,
    TextPart,
    echo_script,
)

OPTIONS = Options(dialect="completions", done=True)
REPLY = Speech(parts=(TextPart(kind="text", text="hi"),), options=OPTIONS)
BUSY = HttpAnswer(status=429, headers={"Retry-After": "30"}, body=b"{}")
SCRIPT = Script(
    dialect="completions",
    answers=tuple(
        Answer(name=name, match=PromptMatch(kind="equals", pattern=name), reply=reply)
        for name, reply in (("x", REPLY), ("busy", BUSY))
    ),
)


def body(*contents, stream=True, **more):
    messages = [{"role": "user", "content": content} for content in contents]
    return {"model": "glm-4.6", "messages": messages, "stream": stream, **more}


async def post(session, url, content):
    async with session.post(url, json=content) as response:
        assert response.headers["Server"] == f"glmbench-emulator/{__version__}"
        return response.status, await response.read()


def chunks_of(data):
    *events, done, rest = data.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


@pytest.mark.parametrize("base", ["", "/v1", "/api/paas/v4", "/a/b/c/d"])
async def test_it_answers_below_any_path(base):
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        url = f"http://{emulator.host}:{emulator.port}{base}/chat/completions"
        status, data = await post(session, url, body("x"))
    assert status == 200
    assert chunks_of(data)[1]["choices"][0]["delta"] == {"content": "hi"}
    assert {chunk["model"] for chunk in chunks_of(data)} == {"glm-4.6"}


@pytest.mark.parametrize("path", ["/", "/v1/completions", "/v1/xchat/completions"])
async def test_it_answers_nowhere_else(path):
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        url = f"http://{emulator.host}:{emulator.port}{path}"
        assert (await post(session, url, body("x")))[0] == 404


async def test_its_url_is_one_that_it_answers():
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        assert emulator.url == f"http://127.0.0.1:{emulator.port}/v1/chat/completions"
        assert (await post(session, emulator.url, body("x")))[0] == 200


async def test_a_history_is_answered_by_its_last_user_message():
    messages = [
        {"role": "system", "content": "busy"},
        {"role": "user", "content": "busy"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "tool", "content": "busy", "tool_call_id": "c"},
    ]
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        content = {"model": "glm-4.6", "messages": messages, "stream": True}
        assert (await post(session, emulator.url, content))[0] == 200


async def test_an_http_answer_keeps_its_status_and_headers():
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        async with session.post(emulator.url, json=body("busy")) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "30")


async def test_a_prompt_without_an_answer_is_an_error_of_the_api():
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        status, data = await post(session, emulator.url, body("nobody wrote this"))
    message = "the emulator's script has no answer to this prompt: nobody wrote this"
    assert (status, json.loads(data)) == (500, {"error": {"code": "500", "message": message}})


async def test_a_body_that_does_not_fit_is_an_error_of_the_api():
    async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
        status, data = await post(session, emulator.url, {"model": "x", "messages": 5})
    message = "Expected `array`, got `int` - at `$.messages`"
    assert (status, json.loads(data)) == (400, {"error": {"code": "1210", "message": message}})


async def test_two_emulators_say_the_same_and_one_never_repeats_its_ids():
    async def two_answers():
        async with Emulator(SCRIPT) as emulator, aiohttp.ClientSession() as session:
            return [await post(session, emulator.url, body("x")) for _ in range(2)]

    first, second = await two_answers()
    assert [first, second] == await two_answers()
    assert chunks_of(first[1])[0]["id"] != chunks_of(second[1])[0]["id"]


async def test_the_built_in_script_repeats_the_prompt():
    script = echo_script("completions")
    async with Emulator(script) as emulator, aiohttp.ClientSession() as session:
        _, data = await post(session, emulator.url, body("早"))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks_of(data)]
    text = "".join(delta.get("content", "") for delta in deltas)
    assert text == "Thank you for your message. You wrote: 早"


@pytest.mark.parametrize(
    ("content", "prompt"),
    [("a", "a"), ([{"type": "text", "text": "a"}, {"type": "image_url"}], "a"), (None, "")],
)
def test_the_prompt_is_text_items_of_text_or_nothing(content, prompt):
    data = json.dumps(body("before", content, temperature=1, thinking={"type": "enabled"})).encode()
    assert parse_completion(data) == Question(prompt=prompt, model="glm-4.6")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"messages": [], "stream": True}, "Object missing required field `model`"),
        (body(), "Expected a message of the role `user` - at `$.messages`"),
        (body("x", stream=False), "Expected `true`: this emulator only streams - at `$.stream`"),
    ],
)
def test_a_request_that_cannot_be_streamed_is_refused_with_its_reason(content, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_completion(json.dumps(content).encode())
