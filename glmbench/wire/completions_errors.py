"""Errors of OpenAI-style services, bodies and events alike, to exceptions. Pure.

The codes are those of the GLM API and the words those of OpenAI. Everybody else sends one of
the two shapes, or that of the web framework they use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from glmbench.errors import (
    AuthError,
    BadRequestError,
    ContentRefusedError,
    EmptyAnswerError,
    ProtocolError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.wire.json_object import NOT_JSON
from glmbench.wire.snippet import compact, first_words, scrubbed

_ErrorClass: TypeAlias = type[ProviderError]

# The code decides before the HTTP status: 429 stands for concurrency, frequency and balance.
_CODES: Mapping[_ErrorClass, tuple[str, ...]] = {
    AuthError: ("1000", "1001", "1002", "1003", "1004", "1110", "1111", "1112", "1120", "1121"),
    QuotaExceededError: ("1113", "1304", "1308", "1309", "1310"),
    RateLimitedError: ("1302", "1303", "1313"),
    ServerFailedError: ("1305", "1312"),
    ContentRefusedError: ("1300", "1301"),
}
# OpenAI's `code`, or its `type` where the code says nothing.
_WORDS: Mapping[_ErrorClass, tuple[str, ...]] = {
    AuthError: ("invalid_api_key", "authentication_error", "permission_error"),
    QuotaExceededError: ("insufficient_quota", "billing_hard_limit_reached"),
    RateLimitedError: ("rate_limit_exceeded", "rate_limit_error"),
    ServerFailedError: ("server_error", "api_error", "overloaded_error"),
    ContentRefusedError: ("content_filter", "content_policy_violation"),
    BadRequestError: ("invalid_request_error", "model_not_found", "context_length_exceeded"),
}
_KINDS: Mapping[str, _ErrorClass] = {
    code: kind for table in (_CODES, _WORDS) for kind, codes in table.items() for code in codes
}
_STATUSES: Mapping[int, _ErrorClass] = {
    401: AuthError,
    402: QuotaExceededError,
    403: AuthError,
    429: RateLimitedError,
}


def error_from_body(status: int, content_type: str, body: bytes) -> ProviderError:
    """Say what a response means that is not the event stream it should be."""
    if not body.strip():
        if 200 <= status < 300:
            return EmptyAnswerError("the body is empty", status=status)
        return _by_status(status, "the body is empty")
    try:
        value = msgspec.json.decode(body)
    except NOT_JSON:
        return _from_page(status, content_type, body)
    if isinstance(value, dict) and (is_error(value) or status >= 400):
        return error_from_fields(value, status=status)
    if isinstance(value, dict):
        return ProtocolError("a JSON answer where a stream was expected", status=status)
    return _by_status(status, first_words(body))


def error_from_fields(fields: Mapping[str, Any], *, status: int | None = None) -> ProviderError:
    """Say what a JSON error means, whether it came as a body or as an event."""
    inner = fields.get("error") or fields
    if not isinstance(inner, Mapping):
        inner = {"message": inner if isinstance(inner, str) else compact(inner)}
    code = _code(inner.get("code"))
    kind = _kind(code, _code(inner.get("type")), status)
    request_id = next((i for f in (fields, inner) if (i := _code(f.get("request_id")))), None)
    return kind(
        scrubbed(_message(inner) or "the service gave no message"),
        status=status,
        code=code,
        request_id=request_id,
    )


def is_error(fields: Mapping[str, Any]) -> bool:
    """Tell an error from a chunk.

    `error` may be an object or a text, and null or empty beside a good chunk. vLLM also sends
    `{"object": "error", "message": ...}`, FastAPI `{"detail": ...}`.
    """
    if fields.get("error"):
        return True
    if "choices" in fields or "usage" in fields:
        return False
    return fields.get("object") == "error" or any(fields.get(k) for k in ("detail", "message"))


def _message(fields: Mapping[str, Any]) -> str:
    for key in ("message", "detail", "msg"):
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list | Mapping) and value:
            return "; ".join(_problems(value)) or compact(value)
    return ""


def _problems(detail: object) -> Iterator[str]:
    """Yield the lines of FastAPI's `[{"loc": ["body", "model"], "msg": "field required"}]`."""
    for problem in detail if isinstance(detail, list) else [detail]:
        if not isinstance(problem, dict):
            continue
        message, location = problem.get("msg", problem.get("message")), problem.get("loc")
        if isinstance(message, str):
            path = ".".join(map(str, location)) if isinstance(location, list) else ""
            yield ": ".join(filter(None, (path, message)))


def _code(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _kind(code: str | None, word: str | None, status: int | None) -> _ErrorClass:
    """Return the class by what says most: a known code, the status, the `type`."""
    if code is not None and code in _KINDS:
        return _KINDS[code]
    if status is not None and status >= 400:
        return _kind_of_status(status)
    if code is not None and code.isascii() and code.isdecimal():
        # An event has no status, so some servers put it into its code.
        if len(code) == 3:
            return _kind_of_status(int(code))
        if len(code) == 4 and code.startswith("12"):
            return BadRequestError
    return _KINDS.get(word or "", ServerFailedError)


def _kind_of_status(status: int) -> _ErrorClass:
    return _STATUSES.get(status, BadRequestError if 400 <= status < 500 else ServerFailedError)


def _from_page(status: int, content_type: str, body: bytes) -> ProviderError:
    text = first_words(body)
    is_html = "html" in content_type.lower() or body.lstrip()[:1] == b"<"
    return _by_status(status, f"an HTML page: {text}" if is_html else text)


def _by_status(status: int, text: str) -> ProviderError:
    if status < 400:
        return ProtocolError(f"the body is not an event stream: {text}", status=status)
    return _kind_of_status(status)(text, status=status)
