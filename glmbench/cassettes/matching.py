"""Which recorded request a request is. Pure.

A request is its method, its URL with the query in any order, and its body: JSON in a canonical
form and without what the suite ignores, a form by its fields, a multipart body without its random
boundary, anything else by its bytes. Headers do not count: they hold device ids and dates. Both
sides are redacted before they are compared.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from glmbench.jsonpath import JsonPath, without
from glmbench.problems import printable, shortened
from glmbench.redaction.redactor import redact_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOWN_CHARS = 60
SHOWN_PATH = 120
NEAREST_OF = 50

_BOUNDARY = re.compile(r'^multipart/[^;]*;.*\bboundary="?([^";]+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestShape:
    """The part of a request that is matched and stored. `url` is redacted already."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def place(self) -> tuple[str, str]:
        """The method and the URL with its query sorted."""
        parts = urlsplit(redact_url(self.url))
        query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
        return self.method.upper(), urlunsplit(parts._replace(query=query, fragment=""))

    def fingerprint(self, ignore: tuple[JsonPath, ...] = ()) -> str:
        """Return a hash by which equal requests find each other."""
        return _digest("\n".join(self.place).encode(), self._canonical_body(ignore))

    @property
    def comparable(self) -> bytes:
        """The body without what never counts: a form is JSON, a multipart boundary is no more."""
        content_type = next((v for n, v in self.headers if n.lower() == "content-type"), "")
        if content_type.lower().startswith("application/x-www-form-urlencoded"):
            return _form_as_json(self.body)
        boundary = _BOUNDARY.search(content_type)
        return (
            self.body.replace(boundary[1].encode("utf-8", "surrogateescape"), b"boundary")
            if boundary
            else self.body
        )

    def _canonical_body(self, ignore: tuple[JsonPath, ...]) -> bytes:
        body = self.comparable
        document = _parse_json(body)
        if document is None:
            return body
        return msgspec.json.encode(without(document, ignore), order="deterministic")


def _form_as_json(body: bytes) -> bytes:
    """Collect the values of each field; a form in another order is the same."""
    fields: dict[str, list[str]] = {}
    # Latin-1 keeps every byte apart; forms come in other encodings than UTF-8 too.
    text = body.decode("latin-1")
    for name, value in sorted(parse_qsl(text, keep_blank_values=True, encoding="latin-1")):
        fields.setdefault(name, []).append(value)
    return msgspec.json.encode(fields)


def _digest(*pieces: bytes) -> str:
    return hashlib.sha256(b"\0".join(pieces)).hexdigest()


def _parse_json(body: bytes) -> Any:
    """Parse a JSON object or array; None for anything else."""
    if body.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def nearest_request(
    recorded: Sequence[RequestShape], sent: RequestShape, ignore: tuple[JsonPath, ...] = ()
) -> RequestShape:
    """Find the recorded request whose body differs from the sent one in the fewest places."""
    # Beyond these the message would be no better, and a long cassette slow.
    near = recorded[:NEAREST_OF]
    body = sent.comparable
    return min(near, key=lambda shape: len(differences(shape.comparable, body, ignore)))


def describe_differences(
    recorded: bytes, sent: bytes, ignore: tuple[JsonPath, ...] = (), *, shown: int = 3
) -> str:
    """Say in one line where two request bodies differ."""
    found = differences(recorded, sent, ignore)
    more = f"; and {len(found) - shown} more" if len(found) > shown else ""
    return ("; ".join(found[:shown]) or "the bodies are equal") + more


def differences(recorded: bytes, sent: bytes, ignore: tuple[JsonPath, ...] = ()) -> list[str]:
    """List where two request bodies differ, in the order of their keys."""
    before, after = _parse_json(recorded), _parse_json(sent)
    if before is not None and after is not None:
        return list(_differences("$", without(before, ignore), without(after, ignore)))
    if recorded == sent:
        return []
    old, new = (body.decode("utf-8", "replace") for body in (recorded, sent))
    shown = (_show_around(old, new) or "(empty)", _show_around(new, old) or "(empty)")
    return ["recorded body {}, sent {}".format(*shown)]


def departs_in_an_answer(recorded: bytes, sent: bytes, ignore: tuple[JsonPath, ...] = ()) -> bool:
    """Tell whether the first difference is in text that an assistant said before."""
    found = differences(recorded, sent, ignore)
    place = _MESSAGE.match(found[0]) if found else None
    if place is None:
        return False
    index = int(place[1])
    roles = {_role(body, index) for body in (recorded, sent)}
    return roles == {"assistant"}


_MESSAGE = re.compile(r"\$\.messages\[(\d+)\][.:]")


def _role(body: bytes, index: int) -> Any:
    message = _parse_json(body)["messages"][index]
    return message.get("role") if isinstance(message, dict) else None


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            inner = f"{path}.{shortened(key)}"
            if key not in after:
                yield f"{_show_path(inner)} was recorded and is not sent"
            elif key not in before:
                yield f"{_show_path(inner)} is sent and was not recorded"
            else:
                yield from _differences(inner, before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        for index, (left, right) in enumerate(zip(before, after, strict=False)):
            yield from _differences(f"{path}[{index}]", left, right)
        if len(before) != len(after):
            yield f"{_show_path(path)} has {len(after)} items, {len(before)} were recorded"
    elif type(before) is not type(after) or before != after:
        values = (_show_value(before, after), _show_value(after, before))
        yield "{}: recorded {}, sent {}".format(_show_path(path), *values)


def _show_path(path: str) -> str:
    """Show the end of a long path: that tells more than its beginning."""
    return printable(path if len(path) <= SHOWN_PATH else f"$…{path[-SHOWN_PATH:]}")


def _show_value(value: Any, other: Any) -> str:
    if isinstance(value, str) and isinstance(other, str):
        return f'"{_show_around(value, other)}"'
    return printable(shortened(msgspec.json.encode(value).decode(), SHOWN_CHARS))


def _show_around(text: str, other: str) -> str:
    """Show a text around the place where it departs from the other one."""
    start = max(0, _departure(text, other) - SHOWN_CHARS // 3)
    head = "…" if start else ""
    tail = "…" if start + SHOWN_CHARS < len(text) else ""
    return printable(f"{head}{text[start : start + SHOWN_CHARS]}{tail}")


def _departure(text: str, other: str) -> int:
    """Find where two texts depart, by halves: they may have millions of characters."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if text[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
