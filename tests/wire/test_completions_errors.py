"""The error table of protocol.md §2: each code as a body and in the stream, each HTTP status."""

# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.support_chatglm import bytewise, cut
from wire.support_completions import run, sse, text

from glmbench.errors import (
    AuthError,
    BadRequestError,
    ContentRefusedError,
    EmptyAnswerError,
    ProtocolError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.wire.completions_errors import error_from_body, error_from_fields

JSON, HTML, PLAIN = "application/json", "text/html", "text/plain"

CODES = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004, 1110, 1111, 1112, 1120, 1121), AuthError),
    **dict.fromkeys((1113, 1304, 1308, 1309, 1310), QuotaExceededError),
    **dict.fromkeys((1302, 1303, 1313), RateLimitedError),
    **dict.fromkeys((1305, 1312, 500, 503, 599), ServerFailedError),
    **dict.fromkeys((1300, 1301), ContentRefusedError),
    **dict.fromkeys((1200, 1210, 1211, 1212, 1213, 1214, 1215, 1261, 1299), BadRequestError),
    **dict.fromkeys((400, 404, 434, 435), BadRequestError),
    401: AuthError,
    429: RateLimitedError,
}
STATUSES = {
    400: BadRequestError,
    401: AuthError,
    402: QuotaExceededError,
    403: AuthError,
    404: BadRequestError,
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitedError,
    434: BadRequestError,
    435: BadRequestError,
    500: ServerFailedError,
    502: ServerFailedError,
    503: ServerFailedError,
    529: ServerFailedError,
}


@pytest.mark.parametrize("spell", [str, int])
@pytest.mark.parametrize("code", CODES)
def test_a_code_in_the_stream_is_told_whatever_the_cuts(code, spell):
    body = sse(text("Hi"), {"error": {"code": spell(code), "message": "说明"}}) + sse("[DONE]")
    for pieces in ([body], bytewise(body)):
        parts, error = run(pieces)
        assert (parts, type(error)) == (["Hi"], CODES[code])
        assert (error.message, error.code, error.status) == ("说明", str(code), None)


@given(st.sampled_from(sorted(CODES)), st.lists(st.integers(0, 9999), max_size=9))
def test_cuts_do_not_change_an_error(code, places):
    body = sse(text("Hi"), {"error": {"code": str(code), "message": "说明"}})
    parts, error = run(cut(body, places))
    assert (parts, type(error), error.code) == (["Hi"], CODES[code], str(code))


@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize("code", [code for code in CODES if code >= 1000 and code // 100 != 12])
def test_a_code_in_a_body_decides_before_the_status(code, status):
    body = json.dumps({"error": {"code": str(code), "message": "m"}}).encode()
    error = error_from_body(status, JSON, body)
    assert (type(error), error.message, error.code, error.status) == (CODES[code], "m", str(code), status)  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"error":{"code":null,"message":"m"}}'),
        (JSON, b'{"error":{"code":"new_code","message":"m","type":"new_type"}}'),
        (JSON, b'{"error":"m"}'),
        (JSON, b'{"detail":"m"}'),
        (JSON, b'{"message":"m","object":"error"}'),
        (JSON, b'{"choices":[],"message":"m"}'),
        (PLAIN, b"m"),
        ("", b"m"),
    ],
)
def test_a_status_without_a_known_code_decides(status, content_type, body):
    error = error_from_body(status, content_type, body)
    assert (type(error), error.message, error.status) == (STATUSES[status], "m", status)


# status, content type, body -> class, message, code
BODIES = {
    "parameters under a server's failure": (500, JSON, b'{"error":{"code":"1234","message":"m"}}', ServerFailedError, "m", "1234"),
    "an unknown code under 200": (200, JSON, b'{"error":{"code":"9","message":"m"}}', ServerFailedError, "m", "9"),
    "no message": (400, JSON, b'{"error":{"code":"1210"}}', BadRequestError, "the service gave no message", "1210"),
    "a message that is an object": (400, JSON, b'{"error":{"message":{"a":1}}}', BadRequestError, '{"a":1}', None),
    "an error that is a list": (400, JSON, b'{"error":["a"]}', BadRequestError, '["a"]', None),
    "OpenAI, wrong key": (401, JSON, b'{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}', AuthError, "m", "invalid_api_key"),
    "OpenAI, no key": (401, JSON, b'{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}}', AuthError, "m", None),
    "OpenAI, spent": (429, JSON, b'{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}', QuotaExceededError, "m", "insufficient_quota"),
    "OpenAI, too fast": (429, JSON, b'{"error":{"message":"m","type":"requests","code":"rate_limit_exceeded"}}', RateLimitedError, "m", "rate_limit_exceeded"),
    "Azure, moderated": (400, JSON, b'{"error":{"message":"m","code":"content_filter","status":400}}', ContentRefusedError, "m", "content_filter"),
    "a type under 200": (200, JSON, b'{"error":{"message":"m","type":"rate_limit_error"}}', RateLimitedError, "m", None),
    "vLLM": (400, JSON, b'{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}', BadRequestError, "m", "400"),
    "vLLM under 200": (200, JSON, b'{"object":"error","message":"m","type":"NotFoundError","code":404}', BadRequestError, "m", "404"),
    "llama.cpp": (503, JSON, b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}', ServerFailedError, "Loading model", "503"),
    "Ollama": (404, JSON, b'{"error":"model \'x\' not found"}', BadRequestError, "model 'x' not found", None),
    "FastAPI": (404, JSON, b'{"detail":"Not Found"}', BadRequestError, "Not Found", None),
    "FastAPI, validation": (422, JSON, b'{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"},{"msg":"y"},7]}', BadRequestError, "body.messages.0: field required; y", None),
    "FastAPI, another validation": (422, JSON, b'{"detail":[7]}', BadRequestError, "[7]", None),
    "an unknown object": (400, JSON, b'{"reason":"x"}', BadRequestError, "the service gave no message", None),
    "html": (502, HTML, b"<html><style>x{}</style><h1>Bad  gateway</h1></html>", ServerFailedError, "an HTML page: Bad gateway", None),
    "html 404": (404, "", b"  <h1>Not found</h1>", BadRequestError, "an HTML page: Not found", None),
    "html 403": (403, HTML, b"<h1>Denied</h1>", AuthError, "an HTML page: Denied", None),
    "html 200": (200, HTML, b"<h1>Hi</h1>", ProtocolError, "the body is not an event stream: an HTML page: Hi", None),
    "html without text": (502, HTML, b"<img>", ServerFailedError, "an HTML page: no text in it", None),
    "text 200": (200, PLAIN, b"hi", ProtocolError, "the body is not an event stream: hi", None),
    "a redirect": (302, PLAIN, b"moved", ProtocolError, "the body is not an event stream: moved", None),
    "a whole answer": (200, JSON, b'{"object":"chat.completion","choices":[{"message":{"content":"Hi"}}],"usage":{}}', ProtocolError, "a JSON answer where a stream was expected", None),
    "json that is no object": (500, JSON, b"[1]", ServerFailedError, "[1]", None),
    "empty": (200, JSON, b"", EmptyAnswerError, "the body is empty", None),
    "blanks": (200, "text/event-stream", b" \r\n", EmptyAnswerError, "the body is empty", None),
    "empty 500": (500, "", b"", ServerFailedError, "the body is empty", None),
    "empty 401": (401, "", b"", AuthError, "the body is empty", None),
    "bytes": (500, "", b"\xff" + b"x" * 300, ServerFailedError, "\ufffd" + "x" * 199 + "…", None),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_an_error_body_is_told(name):
    status, content_type, body, kind, message, code = BODIES[name]
    error = error_from_body(status, content_type, body)
    assert (type(error), error.message, error.status, error.code) == (kind, message, status, code)


@pytest.mark.parametrize("place", ["beside", "inside"])
def test_the_request_id_is_kept(place):
    inner = {"code": "1210", "message": "m"}
    fields = {"error": inner}
    (fields if place == "beside" else inner)["request_id"] = "r1"
    assert error_from_fields(fields).request_id == "r1"
    assert error_from_fields({"error": {"message": "m"}, "request_id": None}).request_id is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Incorrect API key provided: sk-abc12345***6789.", "Incorrect API key provided: [redacted]."),
        ("got Bearer abc.d3f here", "got Bearer [redacted] here"),
        (f"bad {'0af3' * 8}.QmFzZTY0SXNo!", "bad [redacted]!"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "token [redacted]"),
        ("the task-manager misses a Bearer token", "the task-manager misses a Bearer token"),
    ],
)  # fmt: skip
def test_what_has_the_form_of_a_credential_is_not_repeated(said, shown):
    assert error_from_fields({"error": {"message": said}}).message == shown
    assert error_from_body(401, PLAIN, said.encode()).message == shown


def test_half_a_credential_is_not_shown_at_the_cut():
    for words in range(150, 200):
        message = error_from_body(401, PLAIN, b"x" * words + b" sk-abcdefghijklmnopqrstuvw").message
        assert "sk-" not in message
