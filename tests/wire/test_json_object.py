from __future__ import annotations

import re

import pytest

from glmbench.errors import ProtocolError
from glmbench.wire.json_object import is_whole_object, parse_object


def test_an_object_is_returned():
    assert parse_object(b' {"a": [1]}', 0) == {"a": [1]}


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"{oops}", "a frame is not valid JSON: object keys must be strings (body byte 101)", 101),
        (b"", "a frame is not valid JSON: Input data was truncated (body byte 100)", 100),
        (b"[1]", "a frame must be a JSON object, not list (body byte 100)", 100),
        (b'{"a":"\xff"}', "a frame is not valid UTF-8 (body byte 106)", 106),
        (b'{"a":{"\xff":1}}', "a frame is not valid UTF-8 (body byte 107)", 107),
        (b'{oops:"\xff"}', "a frame is not valid UTF-8 (body byte 107)", 107),
        (b"[" * 100_000 + b"\xff", "a frame is not valid UTF-8 (body byte 100100)", 100_100),
        (b"[" * 100_000, "a frame is nested too deeply (body byte 100)", 100),
    ],
)
def test_what_is_broken_is_said_with_its_byte(data, message, offset):
    with pytest.raises(ProtocolError, match=f"^{re.escape(message)}$") as caught:
        parse_object(data, 100)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("data", "whole"),
    [(b"{}", True), (b'{"a":', False), (b"[]", False), (b'{"\xff"}', False), (b"{" * 9, False)],
)
def test_data_is_whole_or_not(data, whole):
    assert is_whole_object(data) is whole
