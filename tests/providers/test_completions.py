# ruff: noqa: E501 -- wire bytes stand on one line as they do on the wire
from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
import warnings
from contextlib import aclosing

import aiohttp
import pytest
from streamserver import CUT, KEEP, LAST, RESET, STALL, chunked, head, stream_server

from glmbench.errors import (
    AuthError,
    BadRequestError,
    ConnectFailedError,
    ContentRefusedError,
    EmptyAnswerError,
    IncompleteStreamError,
    ProviderError,
    ProviderTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
    UsageError,
)
from glmbench.parts import FinishReason, Usage
from glmbench.providers.completions import GLM, ChatCompletions

BOTH = pytest.mark.parametrize("provider", [GLM, ChatCompletions])
VARIABLES = ["ZHIPUAI_API_KEY", "ZAI_API_KEY", "OPENAI_API_KEY"]
KEY = "4f0c9a7be1d24c5fa1b2c3d4e5f60718.Qm9ZcXJ0eVRwLkdY"

HEAD = head("Content-Type: text/event-stream;charset=UTF-8", "X-Request-Id: req-1")
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
HELLO = 'data: {"choices":[{"index":0,"delta":{"content":"你好"}}]}\n\n'.encode()
FINISH = b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"
ANSWER = [HEAD, chunked(ROLE), chunked(HELLO), chunked(FINISH), chunked(DONE), LAST]
PARTS = ["你好", Usage(input_tokens=8, output_tokens=2), FinishReason("stop", "stop")]
USER = [{"role": "user", "content": "Hi"}]


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def ask(provider, base_url, messages=USER, model="any-model", **options):
    """Return the parts of an answer and the exception behind them."""
    parts = []
    options.setdefault("api_key", KEY)
    stream = provider.create_async_generator(model, messages, base_url=base_url, **options)
    try:
        async with aclosing(stream):
            async for part in stream:
                parts.append(part)
    except Exception as error:  # noqa: BLE001 -- it is the outcome
        return parts, error
    return parts, None


def request_of(raw):
    first, _, rest = raw.partition(b"\r\n")
    headers, _, body = rest.partition(b"\r\n\r\n")
    pairs = [line.split(": ", 1) for line in headers.decode().split("\r\n")]
    return first.decode(), dict(pairs), json.loads(body)


@BOTH
async def test_an_answer_comes_as_its_parts(provider):
    async with stream_server(ANSWER) as server:
        assert await ask(provider, server.url("/v1")) == (PARTS, None)


@BOTH
async def test_an_answer_cut_into_bytes_comes_as_the_same_parts(provider):
    body = ROLE + HELLO + FINISH + DONE
    script = [HEAD, *(chunked(body[n : n + 1]) for n in range(len(body))), LAST]
    async with stream_server(script) as server:
        assert await ask(provider, server.url("/v1")) == (PARTS, None)


async def test_usage_in_a_late_chunk_still_comes():
    finish = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2}}\n\n'
    script = [HEAD, chunked(HELLO), chunked(finish), 0.05, chunked(usage), LAST]
    async with stream_server(script) as server:
        assert await ask(ChatCompletions, server.url("/v1")) == (PARTS, None)


async def test_the_request_of_chat_completions():
    async with stream_server(ANSWER) as server:
        await ask(ChatCompletions, server.url("/v1/"))
        line, headers, body = request_of(server.requests[0])
    assert line == "POST /v1/chat/completions HTTP/1.1"
    assert body == {"model": "any-model", "messages": USER, "stream": True}
    assert [headers[name] for name in ("Accept", "Content-Type", "Authorization")] == [
        "text/event-stream",
        "application/json",
        f"Bearer {KEY}",
    ]


async def test_every_option_of_chat_completions_goes_out():
    options = {
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "top_p": 0.9,
        "max_tokens": 16,
        "stop": "END",
        "seed": 7,
        "n": 1,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "auto",
        "response_format": {"type": "json_object"},
    }
    async with stream_server(ANSWER) as server:
        await ask(
            ChatCompletions,
            server.url("/v1"),
            **options,
            extra_body={"top_k": 5, "temperature": 1.0},
            headers={"authorization": "Token t0ken", "X-Title": "t"},
        )
        _, headers, body = request_of(server.requests[0])
    assert body == {
        "model": "any-model",
        "messages": USER,
        "stream": True,
        **options,
        "top_k": 5,
        "temperature": 1.0,
    }
    assert (headers["authorization"], headers["X-Title"]) == ("Token t0ken", "t")
    assert "Authorization" not in headers


async def test_every_option_of_glm_goes_out():
    options = {
        "temperature": 0.5,
        "max_tokens": 16,
        "thinking": {"type": "disabled"},
        "do_sample": False,
        "request_id": "r-77",
        "user_id": "u-777777",
        "tool_choice": "auto",
    }
    async with stream_server(ANSWER) as server:
        await ask(GLM, server.url("/api/paas/v4"), model="", stop="END", **options)
        line, headers, body = request_of(server.requests[0])
    assert line == "POST /api/paas/v4/chat/completions HTTP/1.1"
    assert headers["Authorization"] == f"Bearer {KEY}"
    sent = {"model": "glm-4.5", "messages": USER, "stream": True, "stop": ["END"], **options}
    assert body == sent


@BOTH
async def test_a_history_goes_out_as_it_is(provider):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function"}]},
        {"role": "tool", "tool_call_id": "c", "content": "42"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "And?"},
    ]
    before = json.dumps(messages)
    async with stream_server(ANSWER) as server:
        await ask(provider, server.url("/v1"), messages)
        sent = request_of(server.requests[0])[2]["messages"]
    assert sent == [
        messages[0],
        {"role": "user", "content": "ab"},
        messages[2],
        messages[3],
        {"role": "assistant", "content": ""},
        messages[5],
    ]
    assert json.dumps(messages) == before


@pytest.mark.parametrize(
    ("provider", "environment", "argument", "sent"),
    [
        (GLM, {"ZHIPUAI_API_KEY": "zhipu", "ZAI_API_KEY": "zai"}, None, "Bearer zhipu"),
        (GLM, {"ZHIPUAI_API_KEY": "", "ZAI_API_KEY": "zai\n"}, None, "Bearer zai"),
        (GLM, {"ZAI_API_KEY": "zai"}, "mine", "Bearer mine"),
        (ChatCompletions, {"OPENAI_API_KEY": "openai"}, None, "Bearer openai"),
        (ChatCompletions, {"OPENAI_API_KEY": "openai"}, "mine", "Bearer mine"),
        (ChatCompletions, {"OPENAI_API_KEY": "openai"}, "", None),
        (ChatCompletions, {"ZAI_API_KEY": "zai"}, None, None),
    ],
)
async def test_the_key_is_the_argument_or_that_of_the_environment(
    monkeypatch, provider, environment, argument, sent
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with stream_server(ANSWER) as server:
        assert await ask(provider, server.url("/v1"), api_key=argument) == (PARTS, None)
        assert request_of(server.requests[0])[1].get("Authorization") == sent


@pytest.mark.parametrize("api_key", [None, "", "  "])
def test_glm_without_a_key_names_the_variables(api_key):
    sentence = "GLM: no API key: set ZHIPUAI_API_KEY or ZAI_API_KEY, or pass api_key="
    with pytest.raises(AuthError, match=f"^{re.escape(sentence)}$"):
        GLM.create_async_generator("glm-4.5", USER, api_key=api_key)


async def test_credentials_in_the_headers_are_as_good_as_a_key():
    async with stream_server(ANSWER) as server:
        given = {"Authorization": "Bearer jwt"}
        assert await ask(GLM, server.url("/v1"), api_key=None, headers=given) == (PARTS, None)


def error_script(status, content_type, body, *headers):
    framing = f"length={len(body)}"
    start = head(f"Content-Type: {content_type}", *headers, status=status, framing=framing)
    return [start, body, CUT]


JSON = "application/json"


@pytest.mark.parametrize(
    ("status", "content_type", "body", "kind", "code"),
    [
        ("400 Bad", JSON, b'{"error":{"code":"1210","message":"m"}}', BadRequestError, "1210"),
        ("400 Bad", JSON, b'{"error":{"code":"1301","message":"m"}}', ContentRefusedError, "1301"),
        ("401 No", JSON, b'{"error":{"code":"1002","message":"m"}}', AuthError, "1002"),
        ("404 No", JSON, b'{"detail":"m"}', BadRequestError, None),
        ("429 Slow", JSON, b'{"error":{"code":"1302","message":"m"}}', RateLimitedError, "1302"),
        ("429 Slow", JSON, b'{"error":{"code":"1113","message":"m"}}', QuotaExceededError, "1113"),
        ("429 Slow", JSON, b'{"error":{"code":"1305","message":"m"}}', ServerFailedError, "1305"),
        ("434 No", JSON, b'{"error":{"code":"1220","message":"m"}}', BadRequestError, "1220"),
        ("435 Big", JSON, b'{"error":{"message":"m"}}', BadRequestError, None),
        ("500 Oops", "text/event-stream", b"m", ServerFailedError, None),
        ("503 Oops", "text/plain", b"m", ServerFailedError, None),
        ("200 OK", JSON, b'{"error":{"code":"1304","message":"m"}}', QuotaExceededError, "1304"),
        ("200 OK", "text/event-stream", b'{"error":{"code":"500","message":"m"}}', ServerFailedError, "500"),
    ],
)  # fmt: skip
@BOTH
async def test_an_error_is_told(provider, status, content_type, body, kind, code):
    script = error_script(status, content_type, body, "Retry-After: 7", "X-Request-Id: req-9")
    async with stream_server(script) as server:
        parts, error = await ask(provider, server.url("/v1"))
    assert (parts, type(error), error.code, error.message) == ([], kind, code, "m")
    assert (error.provider, error.status) == (provider.__name__, int(status[:3]))
    assert (error.retry_after, error.request_id) == (7.0, "req-9")


async def test_an_error_in_the_stream_comes_behind_the_text():
    event = b'data: {"error":{"code":"1305","message":"busy"},"request_id":"r-2"}\n\n'
    async with stream_server([HEAD, chunked(HELLO), chunked(event), LAST]) as server:
        parts, error = await ask(GLM, server.url("/v1"))
    assert (parts, type(error)) == (["你好"], ServerFailedError)
    assert str(error) == "GLM: busy (HTTP 200, code 1305, request r-2)"


async def test_an_empty_body_is_an_empty_answer():
    async with stream_server(error_script("200 OK", "text/event-stream", b"")) as server:
        parts, error = await ask(GLM, server.url("/v1"))
    assert (parts, type(error), str(error)) == (
        [],
        EmptyAnswerError,
        "GLM: the body is empty (HTTP 200)",
    )


@pytest.mark.parametrize("end", [LAST, CUT, RESET])
async def test_a_stream_without_finish_keeps_its_text(end):
    async with stream_server([HEAD, chunked(ROLE + HELLO), 0.02, end]) as server:
        parts, error = await ask(GLM, server.url("/v1"))
    assert (parts, type(error), error.text) == (["你好"], IncompleteStreamError, "你好")
    assert (error.provider, error.status, error.request_id) == ("GLM", 200, "req-1")


@pytest.mark.parametrize("end", [CUT, RESET])
async def test_a_break_behind_the_finish_is_success(end):
    async with stream_server([HEAD, chunked(HELLO), chunked(FINISH), 0.02, end]) as server:
        assert await ask(GLM, server.url("/v1")) == (PARTS, None)


async def test_a_silence_is_a_timeout_behind_the_text():
    async with stream_server([HEAD, chunked(HELLO), STALL]) as server:
        parts, error = await ask(GLM, server.url("/v1"), timeout={"idle": 0.05})
    assert (parts, type(error), error.phase) == (["你好"], ProviderTimeoutError, "idle")


async def test_a_compressed_answer_is_read():
    packed = gzip.compress(ROLE + HELLO + FINISH + DONE)
    start = head("Content-Type: text/event-stream", "Content-Encoding: gzip")
    async with stream_server([start, chunked(packed), LAST]) as server:
        assert await ask(GLM, server.url("/v1")) == (PARTS, None)


@BOTH
async def test_leaving_early_closes_the_connection_without_a_warning(provider):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with stream_server([HEAD, chunked(ROLE + HELLO), STALL]) as server:
            stream = provider.create_async_generator(
                "m", USER, base_url=server.url("/v1"), api_key=KEY
            )
            async for part in stream:
                assert part == "你好"
                break
            await stream.aclose()
            await server.left.wait()
    assert [str(warning.message) for warning in caught] == []


async def test_a_connector_or_session_of_the_caller_is_left_open():
    async with stream_server([*ANSWER, KEEP]) as server:
        async with aiohttp.TCPConnector() as connector:
            assert await ask(GLM, server.url("/v1"), connector=connector) == (PARTS, None)
            assert not connector.closed
        async with aiohttp.ClientSession() as session:
            assert await ask(GLM, server.url("/v1"), session=session) == (PARTS, None)
            assert not session.closed


async def test_concurrent_calls_share_nothing():
    async with stream_server([HEAD, chunked(HELLO), 0.02, *ANSWER[3:]]) as server:
        calls = [ask(GLM, server.url("/v1"), api_key=f"key-{n}") for n in range(5)]
        assert await asyncio.gather(*calls) == [(PARTS, None)] * 5
        keys = {request_of(raw)[1]["Authorization"] for raw in server.requests}
    assert keys == {f"Bearer key-{n}" for n in range(5)}


async def test_the_answer_without_async_code():
    async with stream_server(ANSWER) as server:
        asked = {"base_url": server.url("/v1"), "api_key": KEY}
        parts = await asyncio.to_thread(lambda: list(GLM.create_completion("m", USER, **asked)))
        text = await GLM.create_async("m", USER, **asked)
    assert (parts, text) == (PARTS, "你好")


# Where a key may come back: what the service says, and what aiohttp keeps of the request.
ECHO = f"Incorrect API key provided: {KEY}. Header was Bearer {KEY}"
FAILURES = {
    "a JSON error": error_script("401 No", JSON, json.dumps({"error": {"code": KEY, "message": ECHO}, "request_id": KEY}).encode()),
    "an error that is a text": error_script("401 No", JSON, json.dumps({"error": ECHO}).encode()),
    "an unknown object": error_script("400 No", JSON, json.dumps({"error": {"echo": KEY}}).encode()),
    "a page": error_script("403 No", "text/html", f"<p>{ECHO}</p>".encode()),
    "a text cut in the middle of the key": error_script("500 No", "text/plain", b"x" * 180 + KEY.encode()),
    "a text in place of a stream": error_script("200 OK", "text/plain", ECHO.encode()),
    "an event": [HEAD, chunked(HELLO), chunked(b"data: " + json.dumps({"error": ECHO}).encode() + b"\n\n"), LAST],
    "a response that is no HTTP": [b"HTTP/1.1 oops\r\n\r\n", CUT],
    "a response with a broken chunk": [HEAD, b"zz\r\n", CUT],
    "a redirect to nowhere": [head("Location: http://", status="307 Go", framing="length=0"), CUT],
    "a redirect in circles": [head("Location: /v1/chat/completions", status="307 Go", framing="length=0"), KEEP],
    "a reset before the answer": [RESET],
    "a close before the answer": [CUT],
    "a reset in the answer": [HEAD, chunked(HELLO), 0.02, RESET],
    "a silence": [HEAD, chunked(HELLO), STALL],
    "no finish": [HEAD, chunked(HELLO), LAST],
    "a broken frame": [HEAD, chunked(f"data: {{{KEY}}}\n\n".encode()), LAST],
}  # fmt: skip


def all_that_is_shown(error):
    """Everything that an exception and those behind it show, but the locals of their frames."""
    seen, waiting, shown = set(), [error], []
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        shown += [str(each), repr(each), repr(each.args), repr(vars(each))]
        shown += getattr(each, "__notes__", [])
    return "\n".join(shown)


# Of the form that the decoder knows by itself, and one that only the provider can know.
PLAIN_KEY = "a-password-of-a-server-at-home-and-nobody-elses-x"


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
@pytest.mark.parametrize("name", FAILURES)
@BOTH
async def test_no_failure_shows_the_key(provider, name, key, caplog):
    caplog.set_level(logging.DEBUG)
    script = [
        step.replace(KEY.encode(), key.encode()) if isinstance(step, bytes) else step
        for step in FAILURES[name]
    ]
    async with stream_server(script) as server:
        parts, error = await ask(provider, server.url("/v1"), api_key=key, timeout={"idle": 0.1})
        assert key in server.requests[0].decode()
    assert isinstance(error, ProviderError)
    shown = all_that_is_shown(error) + caplog.text + repr(parts)
    for secret in (key, key[:12], key[-16:]):
        assert secret not in shown


def test_both_keys_have_one_length_so_that_the_scripts_fit():
    assert len(PLAIN_KEY) == len(KEY)


async def test_no_connection_and_no_proxy_show_the_key(caplog):
    caplog.set_level(logging.DEBUG)
    async with stream_server(ANSWER) as server:
        gone = server.url("/v1")
    for options in ({}, {"proxy": gone}):
        _, error = await ask(GLM, gone, **options)
        assert type(error) is ConnectFailedError
        assert KEY not in all_that_is_shown(error) + caplog.text
    refusal = [head(status="407 No", framing="length=0"), CUT]
    async with stream_server(refusal) as proxy:
        _, error = await ask(GLM, "https://127.0.0.1:1/v1", proxy=proxy.url())
    assert type(error) is ConnectFailedError
    assert KEY not in all_that_is_shown(error) + caplog.text


def test_no_repr_shows_the_key():
    stream = GLM.create_async_generator("m", USER, api_key=KEY)
    shown = repr(stream) + repr(stream.ag_frame) + repr(GLM) + repr(GLM.get_parameters())
    assert KEY not in shown


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": KEY + "\u00e9"},
        {"api_key": KEY + " x"},
        {"api_key": KEY + "\r\nX: y"},
        {"api_key": KEY.encode()},
        {"api_key": KEY, "timout": 1},
        {"api_key": KEY, "n": 2},
        {"api_key": KEY, "headers": {"X": KEY + "\n"}},
        {"api_key": KEY, "base_url": f"http://user:{KEY}@h/v1"},
        {"api_key": KEY, "base_url": f"ftp://user:{KEY}@h/v1"},
        {"api_key": KEY, "base_url": f"http://[{KEY}/v1"},
    ],
)
@BOTH
def test_no_refusal_at_the_call_shows_the_key(provider, options):
    with pytest.raises(UsageError) as caught:
        provider.create_async_generator("m", USER, **{"base_url": "http://h/v1", **options})
    assert KEY not in all_that_is_shown(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_token": 5}, 'GLM has no option "max_token" (did you mean "max_tokens"?); it has: '),
        ({"n": 2}, "n must be 1: only the first choice is read"),
        ({"extra_body": {"n": 3}}, "n must be 1: only the first choice is read"),
        ({"extra_body": {"stream": False}}, "extra_body must not change stream: "),
        ({"temperature": float("nan")}, "the request cannot be written as JSON: "),
        ({"base_url": "open.bigmodel.cn"}, 'base_url "open.bigmodel.cn" must look like "http'),
        ({"timeout": -1}, "timeout total must be seconds above 0, not -1"),
        ({"proxy": "host:1"}, 'proxy "host:1" has no scheme'),
    ],
)
def test_what_cannot_work_is_refused_at_the_call(options, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}"):
        GLM.create_async_generator("m", USER, api_key=KEY, **options)


def test_chat_completions_needs_a_base_url_and_a_model():
    sentence = 'ChatCompletions needs base_url=, such as "http://localhost:8000/v1"'
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        ChatCompletions.create_async_generator("m", USER)
    with pytest.raises(UsageError, match="^ChatCompletions has no default model: name one$"):
        ChatCompletions.create_async_generator("", USER, base_url="http://h/v1")


def test_the_classes_say_what_g4f_asks_of_a_provider():
    assert not issubclass(GLM, ChatCompletions)
    assert not issubclass(ChatCompletions, GLM)
    for provider in (GLM, ChatCompletions):
        assert (provider.working, provider.supports_stream) == (True, True)
        assert (provider.supports_system_message, provider.supports_message_history) == (True, True)
        assert provider.get_model("glm-99-of-tomorrow") == "glm-99-of-tomorrow"
    assert (GLM.get_model(""), GLM.default_model) == ("glm-4.5", "glm-4.5")
    assert GLM.base_url == "https://open.bigmodel.cn/api/paas/v4"
    assert GLM.api_key_variables == ("ZHIPUAI_API_KEY", "ZAI_API_KEY")
    assert ChatCompletions.api_key_variables == ("OPENAI_API_KEY",)
    assert set(ChatCompletions.get_parameters()) - set(GLM.get_parameters()) == {"seed"}
