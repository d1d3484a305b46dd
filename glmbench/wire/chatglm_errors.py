"""ChatGLM error bodies and in-band errors to exceptions. Pure.

The service says the same thing in several shapes: an HTTP status, a JSON envelope under HTTP
200, an event inside the stream, an HTML page of the wall in front of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from glmbench.errors import (
    AuthError,
    BadRequestError,
    EmptyAnswerError,
    ProtocolError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServerFailedError,
)
from glmbench.wire.snippet import compact, first_words

AUTH_HINT = (
    "glmbench does not forge signatures: pass headers= with credentials of your own, "
    "or use the documented GLM API"
)
EMPTY_HINT = "the body is empty: the conversation_id is unknown to the service, or a token expired"

_ErrorClass: TypeAlias = type[ProviderError]

# Headers or signature refused; token expired; not logged in.
_AUTH_CODES = frozenset({"40001", "40002", "40011", "40014", "40102", "40103"})
# "Another generation is running" and "too many requests" share this code.
_RATE_CODES = frozenset({"10061"})
_RATE_PHRASES = ("请等待其他对话生成完毕", "请求过于频繁")
# The spent guest quota comes as code 500; only this phrase tells it from a server failure.
_QUOTA_PHRASE = "请登录"


def error_from_body(status: int, content_type: str, body: bytes) -> ProviderError:
    """Say what a response means that is not the event stream it should be."""
    if not body.strip():
        return _empty(status)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _from_page(status, content_type, body)
    if isinstance(value, dict):
        return error_from_envelope(value, status=status)
    return _by_status(status, first_words(body))


def error_from_envelope(fields: Mapping[str, Any], *, status: int | None = None) -> ProviderError:
    """Say what a JSON error body means, whether it came alone or as an event."""
    invalid = fields.get("validation_error")
    if invalid is not None:
        return BadRequestError(_validation_message(invalid), status=status)
    code, message = error_details(fields)
    if not message:
        for key in ("error", "last_error"):
            inner = fields.get(key)
            if isinstance(inner, Mapping) and inner:
                code, message = error_details(inner)
                break
    if code in {None, "0"} and (status is None or status < 400):
        return ProtocolError(
            f"a JSON answer where a stream was expected: {message or 'no message'}", status=status
        )
    error = error_from_code(code, message, status=status)
    rid = fields.get("rid")
    error.request_id = rid if isinstance(rid, str) and rid else None
    return error


def error_from_code(code: str | None, message: str, *, status: int | None = None) -> ProviderError:
    """Return the error for a business code and its text, under an HTTP status if there was one."""
    kind = _kind(code, message, status)
    message = message or "the service gave no message"
    if kind is AuthError:
        message = f"{message}; {AUTH_HINT}"
    return kind(message, status=status, code=code)


def error_details(fields: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return code and message under whichever of their names they came."""
    code = next(
        (fields[k] for k in ("error_code", "code", "status") if _is_code(fields.get(k))), None
    )
    texts = (fields.get(k) for k in ("err_msg", "message", "msg"))
    message = next((text for text in texts if isinstance(text, str) and text), "")
    return (None if code is None else str(code)), message


def _is_code(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value != ""
    )


def _kind(code: str | None, message: str, status: int | None) -> _ErrorClass:
    if code in _AUTH_CODES:
        return AuthError
    if code in _RATE_CODES or any(phrase in message for phrase in _RATE_PHRASES):
        return RateLimitedError
    if status == 401:
        return AuthError
    if _QUOTA_PHRASE in message:
        return QuotaExceededError
    if status is not None and status >= 400:
        return _kind_of_status(status)
    # An envelope under HTTP 200 uses HTTP's own numbers where it has no finer code.
    if code is not None and code.isascii() and code.isdecimal() and len(code) == 3:
        return _kind_of_status(int(code))
    return ServerFailedError


def _kind_of_status(status: int) -> _ErrorClass:
    if status in {401, 403}:
        return AuthError
    if status == 429:
        return RateLimitedError
    if 400 <= status < 500:
        return BadRequestError
    if status >= 500:
        return ServerFailedError
    return ProtocolError


def _empty(status: int) -> ProviderError:
    if 200 <= status < 300:
        return EmptyAnswerError(EMPTY_HINT, status=status)
    return _by_status(status, "the body is empty")


def _from_page(status: int, content_type: str, body: bytes) -> ProviderError:
    is_html = "html" in content_type.lower() or body.lstrip()[:1] == b"<"
    if is_html and status in {403, 405}:
        return AuthError(
            f"a bot wall answered instead of the service: {first_words(body)}; {AUTH_HINT}",
            status=status,
        )
    return _by_status(status, first_words(body))


def _by_status(status: int, text: str) -> ProviderError:
    kind = _kind_of_status(status)
    if kind is ProtocolError:
        return ProtocolError(f"the body is not an event stream: {text}", status=status)
    if kind is AuthError:
        text = f"{text}; {AUTH_HINT}"
    return kind(text, status=status)


def _validation_message(invalid: object) -> str:
    problems: list[str] = []
    groups = invalid.values() if isinstance(invalid, Mapping) else ()
    for group in groups:
        for problem in group if isinstance(group, list) else ():
            if isinstance(problem, Mapping):
                location = problem.get("loc")
                path = ".".join(map(str, location)) if isinstance(location, list) else ""
                problems.append(": ".join(filter(None, (path, str(problem.get("msg", ""))))))
    return "the service refused the body: " + ("; ".join(problems) or compact(invalid))
