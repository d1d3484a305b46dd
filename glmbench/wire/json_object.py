"""The data of one event as a JSON object, or the body byte where it is broken. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from glmbench.errors import ProtocolError
from glmbench.wire.utf8 import check_utf8

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_BYTE = re.compile(r" \(byte (\d+)\)$")


def parse_object(data: bytes, offset: int) -> dict[str, Any]:
    """Decode the data of an event that begins at body byte `offset`.

    Raises ProtocolError, with the body byte, for invalid UTF-8 before all else, for what is
    not JSON and for JSON that is no object.
    """
    try:
        value = msgspec.json.decode(data)
    except NOT_JSON as error:
        # msgspec counts from the start of the string it was in, and stops at a fault before it.
        check_utf8(data, offset, "a frame")
        raise _not_json(error, offset) from error
    if not isinstance(value, dict):
        raise _broken(f"a frame must be a JSON object, not {type(value).__name__}", offset)
    return value


def is_whole_object(data: bytes) -> bool:
    """Tell whether the data of an event that was not terminated is complete all the same."""
    try:
        return isinstance(msgspec.json.decode(data), dict)
    except NOT_JSON:
        return False


def _not_json(error: Exception, offset: int) -> ProtocolError:
    if isinstance(error, RecursionError):
        return _broken("a frame is nested too deeply", offset)
    found = _BYTE.search(str(error))
    at = offset + (int(found[1]) if found else 0)
    reason = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ")
    return _broken(f"a frame is not valid JSON: {reason}", at)


def _broken(message: str, at: int) -> ProtocolError:
    error = ProtocolError(f"{message} (body byte {at})")
    error.offset = at
    return error
