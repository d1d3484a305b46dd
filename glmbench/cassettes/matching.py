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

    def _canonical_body(self, ignore: tuple[JsonPath, ...]) -> bytes:
        content_type = next((v for n, v in self.headers if n.lower() == "content-type"), "")
        if content_type.startswith("application/x-www-form-urlencoded"):
            # Latin-1 keeps every byte apart; forms come in other encodings than UTF-8 too.
            text = self.body.decode("latin-1")
            fields = parse_qsl(text, keep_blank_values=True, encoding="latin-1")
            return msgspec.json.encode(sorted(fields))
        boundary = _BOUNDARY.search(content_type)
        if boundary:
            return self.body.replace(boundary[1].encode(), b"boundary")
        document = _parse_json(self.body)
        if document is None:
            return self.body
        return msgspec.json.encode(without(document, ignore), order="deterministic")


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
    return min(near, key=lambda shape: len(differences(shape.body, sent.body, ignore)))


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
    if before is None or after is None:
        return [] if recorded == sent else [f"recorded body {_show(recorded)}, sent {_show(sent)}"]
    return list(_differences("$", without(before, ignore), without(after, ignore)))


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            if key not in after:
                yield f"{path}.{key} was recorded and is not sent"
            elif key not in before:
                yield f"{path}.{key} is sent and was not recorded"
            else:
                yield from _differences(f"{path}.{key}", before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        for index, (left, right) in enumerate(zip(before, after, strict=False)):
            yield from _differences(f"{path}[{index}]", left, right)
        if len(before) != len(after):
            yield f"{path} has {len(after)} items, {len(before)} were recorded"
    elif type(before) is not type(after) or before != after:
        yield f"{path}: recorded {_show_text(before, after)}, sent {_show_text(after, before)}"


def _show_text(value: Any, other: Any) -> str:
    """Show a value around the place where it departs from the other one."""
    if not (isinstance(value, str) and isinstance(other, str)):
        return _show(msgspec.json.encode(value))
    common = next(
        (i for i, (a, b) in enumerate(zip(value, other, strict=False)) if a != b),
        min(len(value), len(other)),
    )
    start = max(0, common - SHOWN_CHARS // 3)
    piece = value[start : start + SHOWN_CHARS]
    head = "…" if start else ""
    tail = "…" if start + SHOWN_CHARS < len(value) else ""
    return f'"{head}{piece}{tail}"'


def _show(body: bytes) -> str:
    return printable(shortened(body.decode("utf-8", "replace"), SHOWN_CHARS))
