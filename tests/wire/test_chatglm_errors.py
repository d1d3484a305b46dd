# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import json

import pytest

from glmbench.errors import (
    AuthError,
    BadRequestError,
    EmptyAnswerError,
    ProtocolError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.wire.chatglm_errors import error_from_body, error_from_code

HINT = "; glmbench does not forge signatures: pass headers= with credentials of your own, or use the documented GLM API"
EMPTY = "the body is empty: the conversation_id is unknown to the service, or a token expired"
JSON, HTML, PLAIN = "application/json", "text/html", "text/plain"


def envelope(status, message, **fields):
    return json.dumps(
        {"status": status, "message": message, "result": None, **fields}, ensure_ascii=False
    ).encode()


# status, content type, body -> class, message, code
BODIES = {
    "guest quota": (200, JSON, envelope(500, "您已多次体验过对话, 请登录后继续使用"), QuotaExceededError, "您已多次体验过对话, 请登录后继续使用", "500"),
    "500 alone": (200, JSON, envelope(500, "系统错误"), ServerFailedError, "系统错误", "500"),
    "another generation": (429, JSON, envelope(10061, "请等待其他对话生成完毕"), RateLimitedError, "请等待其他对话生成完毕", "10061"),
    "throttled": (429, JSON, envelope(10061, "请求过于频繁"), RateLimitedError, "请求过于频繁", "10061"),
    "throttled under 200": (200, JSON, envelope("10061", "请求过于频繁"), RateLimitedError, "请求过于频繁", "10061"),
    "throttled under another code": (200, JSON, envelope(7, "请求过于频繁"), RateLimitedError, "请求过于频繁", "7"),
    "headers 40001": (400, JSON, envelope(40001, "x"), AuthError, "x" + HINT, "40001"),
    "headers 40002": (400, JSON, envelope(40002, "x"), AuthError, "x" + HINT, "40002"),
    "headers 40011": (400, JSON, envelope("40011", "x"), AuthError, "x" + HINT, "40011"),
    "headers 40014": (400, JSON, envelope(40014, "x"), AuthError, "x" + HINT, "40014"),
    "token expired": (401, JSON, envelope(40102, "x"), AuthError, "x" + HINT, "40102"),
    "not logged in": (401, JSON, envelope(40103, "请登录"), AuthError, "请登录" + HINT, "40103"),
    "401 of another code": (401, JSON, envelope(1, "请登录"), AuthError, "请登录" + HINT, "1"),
    "another 400": (400, JSON, envelope(40999, "x"), BadRequestError, "x", "40999"),
    "400 in the envelope": (200, JSON, envelope(400, "x"), BadRequestError, "x", "400"),
    "an unknown code": (200, JSON, envelope(10025, "x"), ServerFailedError, "x", "10025"),
    "success without a stream": (200, JSON, envelope(0, "success"), ProtocolError, "a JSON answer where a stream was expected: success", None),
    "an error that calls itself success": (502, JSON, envelope(0, "success"), ServerFailedError, "success", "0"),
    "no message": (503, JSON, b'{"status":1}', ServerFailedError, "the service gave no message", "1"),
    "the documented API's shape": (400, JSON, b'{"error":{"code":"1210","message":"bad"}}', BadRequestError, "bad", "1210"),
    "validation": (422, JSON, b'{"validation_error":{"body_params":[{"loc":["messages",0,"role"],"msg":"field required"},{"loc":["x"],"msg":"y"}]}}', BadRequestError, "the service refused the body: messages.0.role: field required; x: y", None),
    "validation under 200": (200, JSON, b'{"validation_error":{"body_params":[{"loc":["a"],"msg":"b"}]}}', BadRequestError, "the service refused the body: a: b", None),
    "validation of another shape": (200, JSON, b'{"validation_error":"no"}', BadRequestError, 'the service refused the body: "no"', None),
    "empty": (200, JSON, b"", EmptyAnswerError, EMPTY, None),
    "empty but for blanks": (200, "text/event-stream", b" \r\n", EmptyAnswerError, EMPTY, None),
    "empty 500": (500, "", b"", ServerFailedError, "the body is empty", None),
    "empty 404": (404, "", b"", BadRequestError, "the body is empty", None),
    "wall 403": (403, HTML, b"<!doctype html><title>Denied</title><script>x()</script>", AuthError, "a bot wall answered instead of the service: Denied" + HINT, None),
    "wall 405": (405, "", b"  <html>blocked</html>", AuthError, "a bot wall answered instead of the service: blocked" + HINT, None),
    "html 404": (404, HTML, b"<h1>Not   found</h1>", BadRequestError, "Not found", None),
    "html 502": (502, HTML, b"<h1>Bad gateway</h1>", ServerFailedError, "Bad gateway", None),
    "html 200": (200, HTML, b"<h1>Hi</h1>", ProtocolError, "the body is not an event stream: Hi", None),
    "html without text": (502, HTML, b"<img>", ServerFailedError, "no text in it", None),
    "text 500": (500, PLAIN, b"oops", ServerFailedError, "oops", None),
    "text 400": (400, PLAIN, b"oops", BadRequestError, "oops", None),
    "text 429": (429, PLAIN, b"slow down", RateLimitedError, "slow down", None),
    "text 401": (401, PLAIN, b"who?", AuthError, "who?" + HINT, None),
    "text 200": (200, PLAIN, b"data: {}", ProtocolError, "the body is not an event stream: data: {}", None),
    "json that is no object": (500, JSON, b"[1]", ServerFailedError, "[1]", None),
    "bytes": (500, "", b"\xff" + b"x" * 300, ServerFailedError, "\ufffd" + "x" * 199 + "…", None),
    "a redirect": (302, PLAIN, b"moved", ProtocolError, "the body is not an event stream: moved", None),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_an_error_body_is_told(name):
    status, content_type, body, kind, message, code = BODIES[name]
    error = error_from_body(status, content_type, body)
    assert (type(error), error.message, error.status, error.code) == (kind, message, status, code)


def test_rid_is_the_request_id():
    assert error_from_body(200, JSON, envelope(1, "x", rid="abc")).request_id == "abc"
    assert error_from_body(200, JSON, envelope(1, "x", rid=None)).request_id is None


def test_a_code_without_a_message_says_so():
    assert str(error_from_code("10024", "")) == "the service gave no message (code 10024)"
