"""Answers of chatglm.cn that end in an exception, typed by hand."""

# ruff: noqa: E501 -- wire bytes stand on one line as they do on the wire
from __future__ import annotations

from wire.chatglm_answers import FINISH, HELLO, OPENING, WHOLE, text_frame
from wire.support_chatglm import sse

from glmbench.errors import (
    AuthError,
    BadRequestError,
    EmptyAnswerError,
    IncompleteStreamError,
    ProtocolError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.parts import (
    Source,
    Sources,
    ToolCalls,
)

HINT = (
    "glmbench does not forge signatures: pass headers= with credentials of your own, "
    "or use the documented GLM API"
)
BUSY = '{"status":"init","parts":[],"last_error":{"code":"1301","message":"当前访问人数过多"}}'
BAD_UTF8 = b'data: {"parts":[{"logic_id":"p1","content":[{"type":"text","text":"a\xff"}]}],"status":"init"}\n\n'

# By name: the body, the parts before the exception, its class, message and other fields.
FAILURES = {
    "no byte": (b"", [], EmptyAnswerError, "the body is empty: the conversation_id is unknown to the service, or a token expired", {}),
    "a stop without anything": (sse(OPENING, FINISH), [HELLO], EmptyAnswerError, "the answer ended normally with nothing in it", {}),
    "a stop with nothing but a system error": (
        sse('{"parts":[{"logic_id":"q","content":[{"type":"system_error","content":"tool broke"}],"status":"error"}],"status":"init"}', FINISH),
        [],
        EmptyAnswerError,
        "the answer ended normally with nothing in it: tool broke",
        {},
    ),
    "a stop with nothing but pages": (
        sse('{"parts":[{"logic_id":"b","content":[{"type":"quote_result"}],"meta_data":{"metadata_list":[{"url":"u"}]}}],"status":"finish"}'),
        [Sources((Source("u"),))],
        EmptyAnswerError,
        "the answer ended normally with nothing in it",
        {},
    ),
    "nothing but the opening": (sse(OPENING), [HELLO], IncompleteStreamError, "the stream ended without a finish frame", {"text": ""}),
    "text and no finish": (
        sse(text_frame("a", WHOLE), text_frame("ab", WHOLE, "finish")),
        ["a", "b"],
        IncompleteStreamError,
        "the stream ended without a finish frame",
        {"text": "ab", "code": None},
    ),
    "text, a transient error and no finish": (
        sse(text_frame("a", WHOLE), BUSY),
        ["a"],
        IncompleteStreamError,
        "the stream ended without a finish frame: 当前访问人数过多",
        {"text": "a", "code": "1301"},
    ),
    "a transient error and nothing else": (sse(BUSY), [], ServerFailedError, "当前访问人数过多", {"code": "1301"}),
    "an event cut inside": (
        sse(text_frame("a", WHOLE)) + b'data: {"parts":[],"status":"fini',
        ["a"],
        IncompleteStreamError,
        "the stream was cut inside an event",
        {"text": "a"},
    ),
    "an event cut inside a character": (
        sse(text_frame("a", WHOLE)) + text_frame("你", WHOLE).join(["data: ", ""]).encode()[:80],
        ["a"],
        IncompleteStreamError,
        "the stream was cut inside an event",
        {"text": "a"},
    ),
    "text in a last event without newline, and no finish": (
        sse(text_frame("a", WHOLE)) + f"data: {text_frame('ab', WHOLE)}".encode(),
        ["a", "b"],
        IncompleteStreamError,
        "the stream ended without a finish frame",
        {"text": "ab"},
    ),
    "[DONE] is no finish": (
        sse(text_frame("a", WHOLE), "[DONE]"),
        ["a"],
        IncompleteStreamError,
        "the stream said [DONE] without a finish frame",
        {"text": "a"},
    ),
    "comments alone": (b": ping\n\n: ping\n\n", [], IncompleteStreamError, "the stream ended without an event", {"text": ""}),
    "a tool and no finish": (
        sse('{"parts":[{"logic_id":"t","content":[{"type":"tool_calls","tool_calls":{"name":"s"}}]}],"status":"init"}'),
        [ToolCalls(({"name": "s"},), executed=True)],
        IncompleteStreamError,
        "the stream ended without a finish frame",
        {"text": ""},
    ),
    "an error with text before it": (
        sse(text_frame("a", WHOLE), '{"parts":[{"logic_id":"p1","content":[{"type":"text","text":"ab"}]}],"status":"error","last_error":{"error_code":10025,"err_msg":"internal"}}', text_frame("abc", WHOLE)),
        ["a", "b"],
        ServerFailedError,
        "internal",
        {"code": "10025"},
    ),
    "an error in its own field": (
        sse('{"parts":[],"status":"error","last_error":{},"error":{"error_code":"10024","err_msg":"aborted"}}'),
        [],
        ServerFailedError,
        "aborted",
        {"code": "10024"},
    ),
    "an error that says nothing": (sse('{"parts":[],"status":"error","last_error":null}'), [], ServerFailedError, "the service gave no message", {"code": None}),
    "an envelope in the stream": (
        sse(text_frame("a", WHOLE), '{"status":10061,"message":"请求过于频繁，请稍后再试","result":null,"rid":"r9"}'),
        ["a"],
        RateLimitedError,
        "请求过于频繁，请稍后再试",
        {"code": "10061", "request_id": "r9"},
    ),
    "an envelope with its status as text": (
        sse('{"status":"500","message":"您已多次体验过对话, 请登录后继续使用","result":null}'),
        [],
        QuotaExceededError,
        "您已多次体验过对话, 请登录后继续使用",
        {"code": "500"},
    ),
    "a refused signature in the stream": (sse('{"status":40011,"message":"sign error"}'), [], AuthError, f"sign error; {HINT}", {"code": "40011"}),
    "a refused body in the stream": (
        sse('{"validation_error":{"body_params":[{"loc":["messages",0],"msg":"field required"}]}}'),
        [],
        BadRequestError,
        "the service refused the body: messages.0: field required",
        {"code": None},
    ),
    "an error body in place of a stream": (b'{"status":500,"message":"boom","rid":"r1"}', [], ServerFailedError, "boom", {"code": "500", "request_id": "r1"}),
    "a page in place of a stream": (b"<html><body>Please wait</body></html>", [], ProtocolError, "the body is not an event stream: Please wait", {}),
    "what is not JSON": (
        sse(text_frame("a", WHOLE)) + b"data: {oops}\n\n" + sse(FINISH),
        ["a"],
        ProtocolError,
        None,
        {"offset": len(sse(text_frame("a", WHOLE))) + len("data: {")},
    ),
    "JSON that is no object": (sse("[1]"), [], ProtocolError, "a frame must be a JSON object, not list (body byte 6)", {"offset": 6}),
    "nesting too deep": (sse("[" * 100_000), [], ProtocolError, "a frame is nested too deeply (body byte 6)", {"offset": 6}),
    "bytes that are not UTF-8": (
        sse(text_frame("a", WHOLE)) + BAD_UTF8,
        ["a"],
        ProtocolError,
        None,
        {"offset": len(sse(text_frame("a", WHOLE))) + BAD_UTF8.index(b"\xff")},
    ),
    "an event without end": (
        sse(text_frame("a", WHOLE)) + b"data: " + b"x" * 4096,
        ["a"],
        ProtocolError,
        None,
        {"offset": len(sse(text_frame("a", WHOLE)))},
    ),
}  # fmt: skip
