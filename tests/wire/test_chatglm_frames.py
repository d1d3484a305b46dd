from __future__ import annotations

import pytest

from glmbench.errors import ProtocolError
from glmbench.wire import chatglm_frames
from glmbench.wire.chatglm_frames import (
    Envelope,
    Frame,
    FramePart,
    Item,
    Meta,
    OtherItem,
    decode_frame,
)

PLAIN = (
    b'{"conversation_id":"c","parts":[{"logic_id":"p","status":"init","content":'
    b'[{"type":"text","text":"a","tool_calls":{}}]}],"status":"init","last_error":{},'
    b'"meta_data":{"if_increase_push":true}}'
)


def described(value):
    """Fields by name, so that a frame of the fast path and one that was salvaged can be equal."""
    if isinstance(value, Item | FramePart | Frame | Meta):
        return {name: described(getattr(value, name)) for name in value.__struct_fields__}
    return [described(item) for item in value] if isinstance(value, list | tuple) else value


def test_the_fast_path_and_the_salvage_agree(monkeypatch):
    fast = decode_frame(PLAIN, 0)
    assert type(fast) is not Frame

    def refuse(data):
        raise chatglm_frames.msgspec.DecodeError

    monkeypatch.setattr(chatglm_frames, "_decode", refuse)
    slow = decode_frame(PLAIN, 0)
    assert type(slow) is Frame
    assert described(fast) == described(slow)


def test_an_item_of_another_type_keeps_its_fields_and_the_pages_of_its_part():
    frame = decode_frame(
        b'{"parts":[{"content":[{"type":"quote_result","x":1}],'
        b'"meta_data":{"metadata_list":[{"url":"u"},5]}}],"status":"init"}',
        0,
    )
    assert frame.parts[0].content == [
        OtherItem(
            type="quote_result", fields={"type": "quote_result", "x": 1}, pages=({"url": "u"},)
        )
    ]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"status":500,"message":"x"}', Envelope),
        (b'{"status":"-1","message":"x"}', Envelope),
        (b'{"validation_error":{}}', Envelope),
        (b'{"error":{"code":"1"}}', Envelope),
        (b'{"status":0,"message":"success"}', Frame),
        (b'{"status":"init","error":{"code":"1"}}', Frame),
        (b'{"status":true}', Frame),
        (b'{"error":{}}', Frame),
        (b"{}", Frame),
    ],
)
def test_an_envelope_is_told_by_its_numeric_status(data, kind):
    assert isinstance(decode_frame(data, 0), kind)


@pytest.mark.parametrize(
    ("data", "offset"),
    [(b'{"status":"\xff"}', 111), (b'{"status":oops}', 110), (b'"text"', 100), (b'{"a', 100)],
)
def test_what_is_no_frame_is_refused_with_its_place_in_the_body(data, offset):
    with pytest.raises(ProtocolError) as caught:
        decode_frame(data, 100)
    assert caught.value.offset == offset
