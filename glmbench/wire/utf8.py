"""Bytes that have to be UTF-8, or the body byte where they are not. Pure: decodes nothing else."""

from __future__ import annotations

import codecs

from glmbench.errors import ProtocolError


def check_utf8(data: bytes, at: int, what: str, *, cut: bool = False) -> None:
    """Raise ProtocolError unless the bytes, which begin at body byte `at`, are UTF-8.

    With `cut` the last character may lack its end, as at the end of a body that broke off.
    """
    if data.isascii():
        return
    try:
        codecs.utf_8_decode(data, "strict", not cut)
    except UnicodeDecodeError as bad:
        error = ProtocolError(f"{what} is not valid UTF-8 (body byte {at + bad.start})")
        error.offset = at + bad.start
        raise error from bad
