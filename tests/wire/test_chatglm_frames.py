from __future__ import annotations

import pytest

from glmbench.errors import ProtocolError
from glmbench.wire import chatglm_frames
from glmbench.wire.chatglm_frames import (
    Envelope,
    Frame,
    FramePart,
    Item,
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
    for kind in (Item, FramePart, Frame):
        if isinstance(value, kind):
            return {name: described(getattr(value, name)) for name in kind.__struct_fields__}
    return [described(item) for item in value] if isinstance(value, list | tuple) else value


# Every field that the fastest path knows.
KNOWN = (
    '{"id":"i","conversation_id":"c","assistant_id":"x","parts":[{"id":"i","logic_id":"p",'
    '"role":"assistant","content":[{"type":"text","text":"你好","tool_calls":{}}],"model":"m",'
    '"recipient":"all","created_at":"2024","meta_data":{"k":"值"},"status":"init"}],'
    '"created_at":"2024","status":"init","last_error":{"键":[]},"error":null,'
    '"meta_data":{"if_increase_push":true,"如":[1]}}'
).encode()
UNKNOWN = KNOWN.replace(b'{"id"', '{"新":{"值":1e999},"id"'.encode(), 1)


def refuse(data):
    raise chatglm_frames.msgspec.DecodeError


@pytest.mark.parametrize("data", [PLAIN, KNOWN])
def test_the_fast_paths_and_the_salvage_agree(monkeypatch, data):
    fast = decode_frame(data, 0)
    monkeypatch.setattr(chatglm_frames, "_decode_known", refuse)
    middle = decode_frame(data, 0)
    monkeypatch.setattr(chatglm_frames, "_decode", refuse)
    slow = decode_frame(data, 0)
    assert type(slow) is Frame
    assert Frame not in {type(fast), type(middle)}
    assert described(fast) == described(middle) == described(slow)


def test_a_frame_of_known_fields_is_decoded_once(monkeypatch):
    monkeypatch.setattr(chatglm_frames, "_decode", refuse)
    assert type(decode_frame(KNOWN, 0)) is not Frame


@pytest.mark.parametrize(
    ("meta", "is_fragment"),
    [
        ('{"if_increase_push":true,"如":1}', True),
        ('{"if_increase_push":false}', False),
        ('{"if_increase_push":null}', None),
        ('{"if_increase_push":"yes"}', None),
        ("{}", None),
        ("null", None),
        ("[true]", None),
    ],
)
def test_a_frame_says_whether_it_is_a_fragment_or_does_not(meta, is_fragment):
    assert decode_frame(b'{"status":"init","meta_data":%b}' % meta.encode(), 0).is_fragment is (
        is_fragment
    )


def test_what_is_skipped_need_not_fit():
    # The number is out of range for whoever decodes it.
    assert described(decode_frame(UNKNOWN, 0)) == described(decode_frame(KNOWN, 0))


@pytest.mark.parametrize("frame", [PLAIN, KNOWN, UNKNOWN])
@pytest.mark.parametrize("bad", [b"\xff", b"\x80", b"\xe4\xbd"])
def test_a_byte_that_is_not_utf8_is_found_wherever_it_stands(frame, bad):
    for place in range(len(frame) + 1):
        data = frame[:place] + bad + frame[place:]
        with pytest.raises(UnicodeDecodeError) as expected:
            data.decode()
        with pytest.raises(ProtocolError) as caught:
            decode_frame(data, 100)
        assert caught.value.offset == 100 + expected.value.start


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
