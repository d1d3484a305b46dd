"""API keys: where they come from, and that they come back in no exception."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aiohttp import RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from glmbench.errors import UsageError
from glmbench.redaction.redactor import PLACEHOLDER, SECRET_HEADERS, redact_headers, redact_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What stands in for a credential where there is none: chatglm.cn's own page sends it.
NO_SECRETS = frozenset({"undefined"})

# A shorter one is no credential, and cutting it out would make holes in any sentence.
_SHORTEST_SECRET = 4


def find_api_key(api_key: str | None, variables: Sequence[str]) -> str | None:
    """Return the key to send, or None: the argument, else the first variable that is set.

    An argument of "" is none, whatever the environment says. Raises UsageError, without the
    key, for one that cannot stand in a header.
    """
    if api_key is None:
        found = ((name, os.environ.get(name, "").strip()) for name in variables)
        source, key = next(((name, value) for name, value in found if value), ("", ""))
    elif isinstance(api_key, str):
        source, key = "api_key", api_key.strip()
    else:
        raise UsageError(f"api_key must be a string, not {type(api_key).__name__}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError(f"{source} holds a character that no API key has, a blank perhaps")
    return key or None


def has_credentials(headers: Mapping[str, str]) -> bool:
    """Tell whether headers say who is asking."""
    return any(name.lower() in SECRET_HEADERS and value for name, value in headers.items())


def secrets_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must not be shown of these headers, longest first."""
    secrets: set[str] = set()
    for name, value in headers.items():
        if name.lower() in SECRET_HEADERS:
            secrets |= {value, value.rpartition(" ")[2]}  # also without "Bearer"
            secrets |= {pair.partition("=")[2].strip() for pair in value.split(";")}  # cookies
    secrets -= NO_SECRETS
    long_enough = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    return tuple(sorted(long_enough, key=len, reverse=True))


def without_secrets(text: bytes, secrets: Sequence[str]) -> bytes:
    """Return the text with every secret replaced."""
    for secret in secrets:
        text = text.replace(secret.encode(), PLACEHOLDER.encode())
    return text


def remove_secrets(error: BaseException, secrets: Sequence[str]) -> None:
    """Replace every secret in what an exception and those behind it show of themselves.

    A service may repeat a refused key in its message, and aiohttp keeps the request's headers
    in its exceptions. The text of an answer stays as it came.
    """
    for each in _chain(error):
        each.args = tuple(_cleaned(value, secrets) for value in each.args)
        for name, value in list(vars(each).items()):
            if name != "text":
                # As the class itself: some of aiohttp's have setters that only warn.
                vars(each)[name] = _cleaned(value, secrets)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]


def _cleaned(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, PLACEHOLDER)
        return value
    if isinstance(value, bytes):
        return without_secrets(value, secrets)
    if isinstance(value, RequestInfo):
        headers = CIMultiDict(redact_headers(value.headers.items()))
        return value._replace(
            url=URL(redact_url(str(value.url))),
            headers=CIMultiDictProxy(headers),
            real_url=URL(redact_url(str(value.real_url))),
        )
    return value
