# ruff: noqa: E501 -- wire bytes stand on one line as they do on the wire
from __future__ import annotations

import asyncio
import gzip
import inspect
import json
import re
import warnings
from contextlib import aclosing

import aiohttp
import pytest
from streamserver import CUT, KEEP, LAST, RESET, STALL, chunked, head, stream_server

from glmbench import ChatGLM
from glmbench.errors import (
    AuthError,
    EmptyAnswerError,
    IncompleteStreamError,
    ModelNotFoundError,
    ProtocolError,
    ProviderTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
    UsageError,
)
from glmbench.parts import Conversation, FinishReason

HEAD = head("Content-Type: text/event-stream;charset=UTF-8", "X-Request-Id: req-1")
OPENING = b'data: {"conversation_id":"c1","parts":[],"status":"init"}\n\n'
HELLO = 'data: {"parts":[{"logic_id":"p","content":[{"type":"text","text":"你好"}]}],"status":"init","meta_data":{"if_increase_push":false}}\n\n'.encode()
FINISH = b'data: {"parts":[],"status":"finish"}\n\n'
ANSWER = [HEAD, chunked(OPENING), chunked(HELLO), chunked(FINISH), LAST]
PARTS = [Conversation("c1"), "你好", FinishReason("stop", "finish")]
USER = [{"role": "user", "content": "Hi"}]


async def ask(server, messages=USER, **options):
    """Return the parts of an answer and the exception behind them."""
    parts = []
    stream = ChatGLM.create_async_generator("", messages, api_endpoint=server.url(), **options)
    try:
        async with aclosing(stream):
            async for part in stream:
                parts.append(part)
    except Exception as error:  # noqa: BLE001 -- it is the outcome
        return parts, error
    return parts, None


async def test_an_answer_comes_as_its_parts():
    async with stream_server(ANSWER) as server:
        assert await ask(server) == (PARTS, None)


async def test_an_answer_cut_into_bytes_comes_as_the_same_parts():
    body = OPENING + HELLO + FINISH
    script = [HEAD, *(chunked(body[n : n + 1]) for n in range(len(body))), LAST]
    async with stream_server(script) as server:
        assert await ask(server) == (PARTS, None)


async def test_the_finish_reason_knows_its_place_in_the_body():
    async with stream_server([HEAD, chunked(OPENING + HELLO + FINISH), LAST]) as server:
        parts, _ = await ask(server)
    assert parts[-1].body_offset == len(OPENING + HELLO + FINISH)


def request_of(raw):
    first, _, rest = raw.partition(b"\r\n")
    headers, _, body = rest.partition(b"\r\n\r\n")
    pairs = [line.split(": ", 1) for line in headers.decode().split("\r\n")]
    return first.decode(), dict(pairs), json.loads(body)


async def test_the_request_is_that_of_the_last_public_client():
    async with stream_server(ANSWER) as server:
        await ask(server)
        await ask(server)
        line, headers, body = request_of(server.requests[0])
        again = request_of(server.requests[1])[1]
    assert line == "POST / HTTP/1.1"
    assert body == {
        "assistant_id": "65940acff94777010aa6b796",
        "conversation_id": "",
        "meta_data": {
            "if_plus_model": False,
            "is_test": False,
            "input_question_type": "xxxx",
            "channel": "",
            "draft_id": "",
            "quote_log_id": "",
            "platform": "pc",
        },
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Device-Id"])
    assert headers["X-Device-Id"] != again["X-Device-Id"]
    assert "Chrome/" in headers["User-Agent"]
    fixed = ["Accept", "Accept-Language", "App-Name", "Authorization", "Content-Type", "Origin",
             "X-App-Platform", "X-App-Version"]  # fmt: skip
    assert [headers[name] for name in fixed] == [
        "text/event-stream",
        "en-US,en;q=0.9",
        "chatglm",
        "undefined",
        "application/json",
        "https://chatglm.cn",
        "pc",
        "0.0.1",
    ]


async def test_a_history_goes_out_as_one_user_text():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "And?"},
    ]
    async with stream_server(ANSWER) as server:
        await ask(server, messages)
        sent = request_of(server.requests[0])[2]["messages"]
    text = "System: Be brief.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: And?"
    assert sent == [{"role": "user", "content": [{"type": "text", "text": text}]}]


async def test_options_reach_the_request():
    async with stream_server(ANSWER) as server:
        await ask(
            server,
            assistant_id="a1",
            conversation_id="c9",
            headers={"authorization": "Bearer x", "X-Sign": "s"},
        )
        _, headers, body = request_of(server.requests[0])
    assert (body["assistant_id"], body["conversation_id"]) == ("a1", "c9")
    assert (headers["authorization"], headers["X-Sign"]) == ("Bearer x", "s")
    assert "Authorization" not in headers


GZIP_HEAD = head("Content-Type: text/event-stream", "Content-Encoding: gzip")


async def test_a_compressed_answer_is_read():
    async with stream_server(
        [GZIP_HEAD, chunked(gzip.compress(OPENING + HELLO + FINISH)), LAST]
    ) as server:
        assert await ask(server) == (PARTS, None)


@pytest.mark.parametrize("end", [CUT, RESET])
async def test_a_break_behind_the_finish_is_success(end):
    async with stream_server([*ANSWER[:-1], 0.02, end]) as server:
        assert await ask(server) == (PARTS, None)


@pytest.mark.parametrize("end", [LAST, CUT, RESET])
async def test_a_stream_without_finish_keeps_its_text(end):
    async with stream_server([HEAD, chunked(OPENING), chunked(HELLO), 0.02, end]) as server:
        parts, error = await ask(server)
    assert parts == PARTS[:2]
    assert type(error) is IncompleteStreamError
    assert (error.text, error.provider, error.status, error.request_id) == (
        "你好",
        "ChatGLM",
        200,
        "req-1",
    )


async def test_a_last_event_that_is_whole_counts_although_the_connection_broke():
    async with stream_server(
        [HEAD, chunked(OPENING + HELLO), chunked(FINISH.rstrip()), 0.02, RESET]
    ) as server:
        assert await ask(server) == (PARTS, None)


async def test_a_silence_is_a_timeout_behind_the_text():
    async with stream_server([HEAD, chunked(OPENING + HELLO), STALL]) as server:
        parts, error = await ask(server, timeout={"idle": 0.05})
    assert parts == PARTS[:2]
    assert (type(error), error.phase, error.provider) == (ProviderTimeoutError, "idle", "ChatGLM")
    assert str(error) == "ChatGLM: the stream fell silent for 0.05 s (HTTP 200, request req-1)"


def error_script(status, content_type, body, *headers):
    return [
        head(
            f"Content-Type: {content_type}", *headers, status=status, framing=f"length={len(body)}"
        ),
        body,
        CUT,
    ]


JSON = "application/json"


async def test_a_spent_guest_quota_is_told_under_http_200():
    body = '{"status":500,"message":"您已多次体验过对话, 请登录后继续使用","result":null,"rid":"r7"}'.encode()
    async with stream_server(error_script("200 OK", JSON, body)) as server:
        parts, error = await ask(server)
    assert (parts, type(error)) == ([], QuotaExceededError)
    assert (error.provider, error.status, error.code, error.request_id, error.message) == (
        "ChatGLM",
        200,
        "500",
        "r7",
        "您已多次体验过对话, 请登录后继续使用",
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), None),
        (("Retry-After: 7",), 7.0),
        (
            ("Retry-After: Wed, 21 Oct 2026 07:28:30 GMT", "Date: Wed, 21 Oct 2026 07:28:00 GMT"),
            30.0,
        ),
        (
            ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", "Date: Wed, 21 Oct 2026 07:29:00 GMT"),
            0.0,
        ),
        (("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT",), None),
        (("Retry-After: soon", "Date: Wed, 21 Oct 2026 07:29:00 GMT"), None),
    ],
)
async def test_a_rate_limit_says_how_long_to_wait(headers, seconds):
    body = '{"status":10061,"message":"请等待其他对话生成完毕"}'.encode()
    async with stream_server(error_script("429 Slow down", JSON, body, *headers)) as server:
        _, error = await ask(server)
    assert (type(error), error.status, error.code) == (RateLimitedError, 429, "10061")
    assert error.retry_after == seconds


async def test_a_refused_signature_says_what_can_be_done():
    body = b'{"status":40011,"message":"sign error"}'
    async with stream_server(error_script("400 Bad", JSON, body)) as server:
        _, error = await ask(server)
    assert type(error) is AuthError
    assert str(error) == (
        "ChatGLM: sign error; glmbench does not forge signatures: pass headers= with credentials "
        "of your own, or use the documented GLM API (HTTP 400, code 40011)"
    )


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
async def test_an_empty_body_is_an_empty_answer(content_type):
    async with stream_server(error_script("200 OK", content_type, b"")) as server:
        parts, error = await ask(server)
    assert (parts, type(error), error.status) == ([], EmptyAnswerError, 200)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "kind"),
    [
        ("403 No", "text/html", b"<html>wall</html>", AuthError),
        ("502 Bad", "text/html", b"<html>gateway</html>", ServerFailedError),
        ("500 Oops", "text/event-stream", b"data: {}\n\n", ServerFailedError),
        ("200 OK", "text/html", b"<html>hi</html>", ProtocolError),
        ("200 OK", "text/plain", FINISH, ProtocolError),
        ("200 OK", "text/event-stream", b'{"status":500,"message":"x"}', ServerFailedError),
    ],
)
async def test_a_response_that_is_no_stream_is_an_error(status, content_type, body, kind):
    async with stream_server(error_script(status, content_type, body)) as server:
        parts, error = await ask(server)
    assert (parts, type(error), error.status) == ([], kind, int(status[:3]))


async def test_leaving_early_closes_the_connection_without_a_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with stream_server([HEAD, chunked(OPENING + HELLO), STALL]) as server:
            stream = ChatGLM.create_async_generator("glm-4", USER, api_endpoint=server.url())
            async for part in stream:
                if part == "你好":
                    break
            await stream.aclose()
            await server.left.wait()
    assert [str(warning.message) for warning in caught] == []


async def test_a_connector_of_the_caller_is_left_open():
    async with stream_server([*ANSWER, KEEP]) as server:
        async with aiohttp.TCPConnector() as connector:
            assert await ask(server, connector=connector) == (PARTS, None)
            assert await ask(server, connector=connector) == (PARTS, None)
            assert not connector.closed
        assert server.connections == 1


async def test_the_answer_without_async_code():
    async with stream_server(ANSWER) as server:
        parts = await asyncio.to_thread(
            lambda: list(ChatGLM.create_completion("glm-4", USER, api_endpoint=server.url()))
        )
        text = await ChatGLM.create_async("glm-4", USER, api_endpoint=server.url())
    assert (parts, text) == (PARTS, "你好")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"timout": 5},
            'ChatGLM has no option "timout" (did you mean "timeout"?); it has: proxy, timeout, headers, api_endpoint, assistant_id, conversation_id, connector, session, ssl, trust_env',
        ),
        ({"timeout": -1}, "timeout total must be seconds above 0, not -1"),
        (
            {"proxy": "h:1"},
            'proxy "h:1" has no scheme: write "http://..." or "socks5://..."',
        ),
        ({"headers": {"X": 1}}, "headers must map names to strings, and 'X' does not"),
        ({"headers": {"X": "a\r\nY: b"}}, "header 'X' must not hold a line break"),
    ],
)
def test_what_cannot_work_is_refused_at_the_call(options, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        ChatGLM.create_async_generator("glm-4", USER, **options)


def test_an_unknown_model_and_empty_messages_are_refused_at_the_call():
    with pytest.raises(ModelNotFoundError, match='^ChatGLM has no model "glm-5"'):
        ChatGLM.create_async_generator("glm-5", USER)
    with pytest.raises(UsageError, match="^messages is empty"):
        ChatGLM.create_async_generator("glm-4", [])


def test_the_options_and_their_defaults():
    assert ChatGLM.get_parameters() == {
        "proxy": None,
        "timeout": None,
        "headers": None,
        "api_endpoint": None,
        "assistant_id": "65940acff94777010aa6b796",
        "conversation_id": "",
        "connector": None,
        "session": None,
        "ssl": True,
        "trust_env": False,
    }


def test_the_class_says_what_g4f_asks_of_a_provider():
    assert (ChatGLM.url, ChatGLM.working, ChatGLM.supports_stream) == (
        "https://chatglm.cn",
        True,
        True,
    )
    assert ChatGLM.api_endpoint == "https://chatglm.cn/chatglm/mainchat-api/guest/stream"
    assert (ChatGLM.supports_system_message, ChatGLM.supports_message_history) == (False, False)
    assert (ChatGLM.default_model, ChatGLM.models) == ("glm-4", ["glm-4"])
    positional = list(inspect.signature(ChatGLM.create_async_generator).parameters)[:3]
    assert positional == ["model", "messages", "proxy"]


@pytest.mark.parametrize("end", [CUT, RESET])
async def test_a_reason_given_before_the_connection_breaks_is_the_error(end):
    busy = b'data: {"status":"init","parts":[],"last_error":{"code":"1301","message":"busy"}}\n\n'
    async with stream_server([HEAD, chunked(busy), 0.02, end]) as server:
        parts, error = await ask(server)
    assert parts == []
    assert (type(error), error.code, error.message) == (ServerFailedError, "1301", "busy")


async def test_a_redirect_is_not_followed_with_the_callers_headers():
    moved = [head("Location: /elsewhere", status="307 Moved", framing="length=0")]
    async with stream_server(moved) as server:
        _, error = await ask(server, headers={"X-Api-Key": "0123456789"})
        assert len(server.requests) == 1
    assert error.status == 307


async def test_the_placeholder_for_no_credentials_is_no_secret():
    body = b'{"status": 40001, "message": "cannot read property of undefined"}'
    answer = [
        head("Content-Type: application/json", status="400 Bad", framing=f"length={len(body)}")
    ]
    async with stream_server([*answer, body]) as server:
        _, error = await ask(server)
    assert "property of undefined" in error.message
