"""The tables of protocol.md §1.4 and §1.5, row by row: wire bytes in, parts or exception out.

Each row is run whole, byte by byte and in random cuts. A body that is no stream also goes to the
decoder where it came under HTTP 200, since it may be labelled as a stream.
"""

# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.support_chatglm import bytewise, cut, frame, run, sse

from glmbench.errors import (
    AuthError,
    BadRequestError,
    EmptyAnswerError,
    IncompleteStreamError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.parts import Conversation, FinishReason, ToolCalls
from glmbench.wire.chatglm_errors import error_from_body

HELLO = Conversation("c1")
STOP = FinishReason("stop", "finish")
AUTH_HINT = "; glmbench does not forge signatures: pass headers= with credentials of your own, or use the documented GLM API"
EMPTY = "the body is empty: the conversation_id is unknown to the service, or a token expired"
NO_FINISH = "the stream ended without a finish frame"


def said(text, part="init", top="init", logic_id="p", **fields):
    return frame([(logic_id, "text", text, part)], flag=False, status=top, **fields)


def bare(top, **fields):
    return frame([], flag=False, status=top, **fields)


INTERVENED = {"intervene_type": "t", "intervene_text": "换个话题吧", "risk_level": 3}
BUSY = {"code": "1301", "message": "当前访问人数过多"}
MODERATED = FinishReason("content_filter", "intervene", message="换个话题吧")
TOOL = {"name": "search", "arguments": "{}"}
TOOL_PART = {"logic_id": "t", "status": "finish", "content": [{"type": "tool_calls", "tool_calls": TOOL}]}  # fmt: skip


def failed_part(text):
    each = said(text)
    each["parts"][0] |= {"status": "error", "error": {"error_code": 1, "err_msg": "m"}}
    return each


def moderated_part(text, error=None):
    each = said(text)
    each["parts"][0] |= {"status": "intervene"} | ({"error": error} if error else {})
    return each


# §1.4. Row: frames, then parts, or the parts before an exception and (class, message, code).
STATUSES = {
    "top init: running": ([bare("init"), said("a"), said("ab")], [HELLO, "a", "b"], (IncompleteStreamError, NO_FINISH, None)),
    "top finish with the last part": ([said("a"), said("ab", "finish", "finish")], [HELLO, "a", "b", STOP], None),
    "top finish with all parts": (
        [said("a", "finish", logic_id="1"), said("b", logic_id="2"), frame([("1", "text", "a", "finish"), ("2", "text", "bc", "finish")], flag=False, status="finish")],
        [HELLO, "a", "b", "c", STOP],
        None,
    ),
    "top finish with none": ([said("a"), bare("finish")], [HELLO, "a", STOP], None),
    "top finish twice": ([said("a"), bare("finish"), bare("finish")], [HELLO, "a", STOP], None),
    "top finish, text behind it": ([said("a"), bare("finish"), said("ab")], [HELLO, "a", "b", STOP], None),
    "top finish, nothing at all": ([bare("init"), bare("finish")], [HELLO], (EmptyAnswerError, "the answer ended normally with nothing in it", None)),
    "top intervene": ([said("a"), bare("intervene", last_error=INTERVENED)], [HELLO, "a", MODERATED], None),
    "top intervene is sticky, its text dropped and counted": (
        [said("a"), bare("intervene", last_error=INTERVENED), said("abc"), bare("finish")],
        [HELLO, "a", FinishReason("content_filter", "intervene", message="换个话题吧", dropped_chars=2)],
        None,
    ),
    "top intervene, its notice as a text": ([said("a"), said("换个话题吧", logic_id="n", top="intervene", last_error=INTERVENED)], [HELLO, "a", MODERATED], None),
    "top intervene behind a finish": ([said("a"), bare("finish"), bare("intervene", last_error=INTERVENED)], [HELLO, "a", MODERATED], None),
    "top error, in error": ([said("a"), bare("error", error={"error_code": 10024, "err_msg": "aborted"})], [HELLO, "a"], (ServerFailedError, "aborted", "10024")),
    "top error, in last_error": ([said("a"), bare("error", last_error={"error_code": 10025, "err_msg": "internal"})], [HELLO, "a"], (ServerFailedError, "internal", "10025")),
    "top error says nothing": ([said("a"), bare("error", last_error={})], [HELLO, "a"], (ServerFailedError, "the service gave no message", None)),
    "part init: growing": ([said("a", "init"), said("ab", "init"), bare("finish")], [HELLO, "a", "b", STOP], None),
    "part finish is not the end": ([said("a", "finish")], [HELLO, "a"], (IncompleteStreamError, NO_FINISH, None)),
    "part finish, another part behind it": ([said("a", "finish"), said("b", "finish", logic_id="q"), bare("finish")], [HELLO, "a", "b", STOP], None),
    "part intervene, perhaps only here": ([said("a"), moderated_part("ab"), bare("finish")], [HELLO, "a", FinishReason("content_filter", "intervene", dropped_chars=1)], None),
    "part intervene with its own error": ([said("a"), moderated_part("a", INTERVENED)], [HELLO, "a", MODERATED], None),
    "part error is not fatal": ([said("a"), failed_part("ab"), said("abc"), bare("finish")], [HELLO, "a", "b", "c", STOP], None),
    "last_error {} beside init": ([said("a", last_error={}), bare("finish")], [HELLO, "a", STOP], None),
    "last_error null beside init": ([said("a", last_error=None), bare("finish")], [HELLO, "a", STOP], None),
    "last_error filled beside init is transient": ([said("a", last_error=BUSY), bare("finish")], [HELLO, "a", STOP], None),
    "last_error filled beside init, no text, no end": ([bare("init", last_error=BUSY)], [HELLO], (ServerFailedError, "当前访问人数过多", "1301")),
    "last_error filled beside init, text, no end": ([said("a", last_error=BUSY)], [HELLO, "a"], (IncompleteStreamError, f"{NO_FINISH}: 当前访问人数过多", "1301")),
    "last_error beside intervene is moderation": ([said("a"), said("a", top="intervene", last_error=INTERVENED)], [HELLO, "a", MODERATED], None),
    "last_error beside error is the error": ([bare("error", last_error={"code": "7", "message": "m"})], [HELLO], (ServerFailedError, "m", "7")),
    "last_error beside finish is ignored": ([said("a", top="finish", last_error=BUSY)], [HELLO, "a", STOP], None),
    "tool calls of the platform end stop": (
        [{**bare("init"), "parts": [TOOL_PART]}, said("a"), bare("finish")],
        [HELLO, ToolCalls((TOOL,), executed=True), "a", STOP],
        None,
    ),
    "a length limit has no signal": ([said("a " * 5000), bare("length")], [HELLO, "a " * 5000], (IncompleteStreamError, NO_FINISH, None)),
    "an unknown status goes on": ([said("a", top="thinking"), bare("finish")], [HELLO, "a", STOP], None),
}  # fmt: skip


def check_stream(name, pieces_of):
    frames, expected, failure = STATUSES[name]
    parts, error = run(pieces_of(sse(*frames)))
    assert parts == expected
    assert failure == (error and (type(error), error.message, error.code))
    if isinstance(error, IncompleteStreamError):
        assert error.text == "".join(map(str, parts))


@pytest.mark.parametrize("name", STATUSES)
def test_a_row_of_the_statuses_in_one_piece(name):
    check_stream(name, lambda body: [body])


@pytest.mark.parametrize("name", [name for name in STATUSES if "length limit" not in name])
def test_a_row_of_the_statuses_byte_by_byte(name):
    check_stream(name, bytewise)


@given(st.sampled_from(sorted(STATUSES)), st.lists(st.integers(0, 9999), max_size=9))
def test_a_row_of_the_statuses_in_random_cuts(name, places):
    check_stream(name, lambda body: cut(body, places))


JSON, HTML = "application/json", "text/html"
QUOTA = "您已多次体验过对话, 请登录后继续使用"


def envelope(status, message):
    fields = {"status": status, "message": message, "result": None, "rid": "r1"}
    return json.dumps(fields, ensure_ascii=False).encode()


# §1.5, what is no stream: HTTP status, content type, body -> class, message, code, request id.
BODIES = {
    "guest quota spent": (200, JSON, envelope(500, QUOTA), QuotaExceededError, QUOTA, "500", "r1"),
    "guest quota spent, its status a string": (200, JSON, envelope("500", QUOTA), QuotaExceededError, QUOTA, "500", "r1"),
    "500 alone is a server failure": (200, JSON, envelope(500, "系统错误"), ServerFailedError, "系统错误", "500", "r1"),
    "another generation is running": (429, JSON, envelope(10061, "请等待其他对话生成完毕"), RateLimitedError, "请等待其他对话生成完毕", "10061", "r1"),
    "throttled": (429, JSON, envelope(10061, "请求过于频繁"), RateLimitedError, "请求过于频繁", "10061", "r1"),
    **{
        f"headers or signature refused, {code}": (400, JSON, envelope(code, "x"), AuthError, "x" + AUTH_HINT, str(code), "r1")
        for code in (40001, 40002, 40011, 40014)
    },
    "token expired": (401, JSON, envelope(40102, "x"), AuthError, "x" + AUTH_HINT, "40102", "r1"),
    "not logged in": (401, JSON, envelope(40103, "x"), AuthError, "x" + AUTH_HINT, "40103", "r1"),
    "bad body": (400, JSON, b'{"validation_error":{"body_params":[{"loc":["messages",0],"msg":"field required"}]}}', BadRequestError, "the service refused the body: messages.0: field required", None, None),
    "bad body under 200": (200, JSON, b'{"validation_error":{"body_params":[{"loc":["a"],"msg":"b"}]}}', BadRequestError, "the service refused the body: a: b", None, None),
    "empty body": (200, "text/event-stream", b"", EmptyAnswerError, EMPTY, None, None),
    "bot wall 403": (403, HTML, b"<title>Denied</title>", AuthError, "a bot wall answered instead of the service: Denied" + AUTH_HINT, None, None),
    "bot wall 405": (405, HTML, b"<title>Denied</title>", AuthError, "a bot wall answered instead of the service: Denied" + AUTH_HINT, None, None),
    "other HTML with a 4xx": (404, HTML, b"<h1>Not found</h1>", BadRequestError, "Not found", None, None),
    "other HTML with a 5xx": (502, HTML, b"<h1>Bad gateway</h1>", ServerFailedError, "Bad gateway", None, None),
    "other text with a 4xx": (400, "text/plain", b"no", BadRequestError, "no", None, None),
    "other text with a 5xx": (500, "text/plain", b"oops", ServerFailedError, "oops", None, None),
}  # fmt: skip


def described(error):
    return type(error), error.message, error.code, error.request_id


@pytest.mark.parametrize("name", BODIES)
def test_a_row_of_the_bodies(name):
    status, content_type, body, *expected = BODIES[name]
    error = error_from_body(status, content_type, body)
    assert (*described(error), error.status) == (*expected, status)


SUCCESSES = sorted(name for name, row in BODIES.items() if row[0] == 200)


def check_labelled_as_a_stream(name, pieces_of):
    _, _, body, *expected = BODIES[name]
    parts, error = run(pieces_of(body))
    assert (parts, *described(error)) == ([], *expected)


@pytest.mark.parametrize("name", SUCCESSES)
@pytest.mark.parametrize("pieces_of", [lambda body: [body], bytewise])
def test_a_body_of_http_200_labelled_as_a_stream_is_the_same_error(name, pieces_of):
    check_labelled_as_a_stream(name, pieces_of)


@given(st.sampled_from(SUCCESSES), st.lists(st.integers(0, 9999), max_size=9))
def test_a_body_of_http_200_in_random_cuts_is_the_same_error(name, places):
    check_labelled_as_a_stream(name, lambda body: cut(body, places))


ENVELOPES = sorted(name for name, row in BODIES.items() if row[2].startswith(b"{"))


@given(st.sampled_from(ENVELOPES), st.lists(st.integers(0, 9999), max_size=9), st.booleans())
def test_an_envelope_in_band_is_the_same_error_behind_the_text(name, places, byte_by_byte):
    _, _, body, *expected = BODIES[name]
    stream = sse(said("a"), body.decode(), said("ab"))
    parts, error = run(bytewise(stream) if byte_by_byte else cut(stream, places))
    assert (parts, *described(error)) == ([HELLO, "a"], *expected)


# §1.5, the rest: streams that end too early.
TOO_EARLY = {
    "overloaded": (b'data: {"status":"init","parts":[],"last_error":{"code":"1301","message":"\xe5\xbf\x99"}}\n\n', [], ServerFailedError, "忙", "1301", None),
    "a stream whose opening frame is all that came": (sse(bare("init")), [HELLO], IncompleteStreamError, NO_FINISH, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_EARLY)
@pytest.mark.parametrize("pieces_of", [lambda body: [body], bytewise])
def test_a_stream_that_ends_too_early(name, pieces_of):
    body, parts, *expected = TOO_EARLY[name]
    got, error = run(pieces_of(body))
    assert (got, *described(error)) == (parts, *expected)


@given(st.sampled_from(sorted(TOO_EARLY)), st.lists(st.integers(0, 9999), max_size=9))
def test_a_stream_that_ends_too_early_in_random_cuts(name, places):
    body, parts, *expected = TOO_EARLY[name]
    got, error = run(cut(body, places))
    assert (got, *described(error)) == (parts, *expected)
