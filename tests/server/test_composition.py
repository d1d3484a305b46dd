"""Answers to timed wire bytes; the bytes are typed by hand."""

from __future__ import annotations

import pytest

from glmbench.server.composition import compose
from glmbench.server.frames import Identity
from glmbench.server.script import Ending, ItemPart, Options, RawFrame, RawFrames, Speech, TextPart

HELLO = Identity(name="hello")

# From `printf hello/1/message | sha256sum`, and the same for conversation and part/0.
HEAD = (
    '{"id":"1e634cf643f6a6765bc694d5","conversation_id":"ddf84ebf6f721c167565bcd1",'
    '"assistant_id":"65940acff94777010aa6b796",'
)
PART = (
    '{"id":"1e634cf643f6a6765bc694d5","logic_id":"d123b5e9-3d05-366f-23c5-23e91c45bb39",'
    '"role":"assistant",'
)
SINCE = '"created_at":"2026-01-01 00:00:00",'
OPENING = (
    HEAD + '"parts":[],' + SINCE + '"status":"init","last_error":{},'
    '"meta_data":{"if_increase_push":false}}'
)


def text_frame(text, *, part_status, status="init", flag="false"):
    return (
        HEAD
        + '"parts":['
        + PART
        + '"content":[{"type":"text","text":"'
        + text
        + '","tool_calls":{}}],"model":"chatglm-all-tools","meta_data":{},"status":"'
        + part_status
        + '"}],'
        + SINCE
        + '"status":"'
        + status
        + '","last_error":{},"meta_data":{"if_increase_push":'
        + flag
        + "}}"
    )


def old_text_frame(text, *, part_status, status="init"):
    return (
        HEAD
        + '"parts":['
        + PART
        + '"content":[{"type":"text","text":"'
        + text
        + '"}],"model":"chatglm-all-tools","recipient":"all",'
        + SINCE
        + '"meta_data":{},"status":"'
        + part_status
        + '"}],'
        + SINCE
        + '"status":"'
        + status
        + '","last_error":{},"meta_data":{"if_increase_push":false}}'
    )


def written(reply, prompt="hi"):
    return [write.data.decode() for write in compose(reply, HELLO, prompt).writes]


def body(reply, prompt="hi"):
    return "".join(written(reply, prompt))


def nihao(**options):
    return Speech(parts=(TextPart(kind="text", text=("你", "好")),), options=Options(**options))


def test_a_snapshot_answer_of_2025_repeats_the_whole_text_in_each_frame():
    assert written(nihao(framing="2025")) == [
        f"data: {OPENING}\n\n",
        f"data: {text_frame('你', part_status='init')}\n\n",
        f"data: {text_frame('你好', part_status='init')}\n\n",
        f"data: {text_frame('你好', part_status='finish')}\n\n",
        f"data: {text_frame('你好', part_status='finish', status='finish')}\n\n",
    ]


def test_a_delta_answer_of_2026_sends_fragments_then_the_whole_text_with_the_flag_false():
    assert written(nihao(framing="2026", mode="delta")) == [
        f"data:  {OPENING}\n\n",
        f"data:  {text_frame('你', part_status='init', flag='true')}\n\n",
        f"data:  {text_frame('好', part_status='init', flag='true')}\n\n",
        f"data:  {text_frame('你好', part_status='finish')}\n\n",
        f"data:  {text_frame('你好', part_status='finish', status='finish')}\n\n",
    ]


def test_an_answer_of_2024_names_its_events_and_has_the_fields_of_its_time():
    assert written(nihao(framing="2024")) == [
        f"event:message\ndata: {OPENING}\n\n",
        f"event:message\ndata: {old_text_frame('你', part_status='init')}\n\n",
        f"event:message\ndata: {old_text_frame('你好', part_status='init')}\n\n",
        f"event:message\ndata: {old_text_frame('你好', part_status='finish')}\n\n",
        f"event:message\ndata: {old_text_frame('你好', part_status='finish', status='finish')}\n\n",
    ]


def test_a_byte_order_mark_and_a_comment_come_before_the_opening_frame_and_done_after_the_last():
    writes = written(nihao(bom=True, comment="keep-alive", done=True))
    assert writes[0] == f"\ufeff: keep-alive\n\ndata: {OPENING}\n\n"
    assert writes[-1] == "data: [DONE]\n\n"


def test_thinking_comes_in_a_part_of_its_own_with_its_own_key():
    reply = Speech(
        parts=(TextPart(kind="think", text=("嗯",)), TextPart(kind="text", text=("好",)))
    )
    writes = written(reply)
    assert '"content":[{"type":"think","think":"嗯","tool_calls":{}}]' in writes[1]
    assert '"logic_id":"d123b5e9-3d05-366f-23c5-23e91c45bb39"' in writes[1]
    # From `printf hello/1/part/1 | sha256sum`.
    assert '"logic_id":"d37a8536-0051-0cd6-07f2-866becc07781"' in writes[3]
    assert len(writes) == 6


@pytest.mark.parametrize(("brings", "parts"), [("none", 0), ("last", 1), ("all", 2)])
def test_the_finish_frame_brings_what_it_is_told_to(brings, parts):
    reply = Speech(
        parts=(TextPart(kind="think", text="嗯"), TextPart(kind="text", text="好")),
        options=Options(finish_brings=brings),
    )
    assert written(reply)[-1].count('"logic_id"') == parts


def test_a_tool_call_and_its_pages_come_whole():
    call = ItemPart(item={"type": "tool_calls", "tool_calls": {"name": "search"}})
    pages = ItemPart(item={"type": "quote_result"}, meta_data={"metadata_list": [{"url": "u"}]})
    writes = written(Speech(parts=(call, pages)))
    assert '"content":[{"type":"tool_calls","tool_calls":{"name":"search"}}]' in writes[1]
    assert '"content":[{"type":"quote_result"}]' in writes[2]
    assert '"meta_data":{"metadata_list":[{"url":"u"}]},"status":"finish"}]' in writes[2]


def test_moderation_ends_the_stream_with_its_notice_and_without_the_rest_of_the_text():
    reply = Speech(
        parts=(TextPart(kind="text", text="abcdef", piece=1),),
        ending=Ending(kind="intervene", after=3, message="不行"),
    )
    writes = written(reply)
    assert len(writes) == 4
    assert '"status":"intervene","last_error":' in writes[-1]
    assert '{"intervene_type":"answer","intervene_text":"不行","risk_level":"high"}' in writes[-1]
    assert '"text":"abc"' not in "".join(writes)


def test_moderation_can_stand_in_a_part_alone_and_the_stream_then_finishes():
    reply = Speech(
        parts=(TextPart(kind="text", text="a"),),
        ending=Ending(kind="intervene", message="不行", in_part=True),
    )
    *_, part, finish = written(reply)
    assert '"status":"intervene","error":{"intervene_text":"不行"}}]' in part
    assert '"parts":[],' in finish
    assert '"status":"finish"' in finish


def test_an_error_carries_its_code_and_message():
    reply = Speech(
        parts=(TextPart(kind="text", text="a"),),
        ending=Ending(kind="error", code=10024, message="aborted"),
    )
    assert (
        '"status":"error","last_error":{"error_code":10024,"err_msg":"aborted"}'
        in (written(reply)[-1])
    )


@pytest.mark.parametrize("kind", ["eof", "cut", "reset", "stall"])
def test_an_ending_that_says_nothing_writes_no_finish_frame(kind):
    reply = Speech(parts=(TextPart(kind="text", text="a"),), ending=Ending(kind=kind))
    performance = compose(reply, HELLO, "hi")
    assert performance.end == kind
    assert '"status":"finish","last_error"' not in body(reply)
    assert len(performance.writes) == 3


def test_a_break_inside_a_frame_leaves_its_first_bytes():
    whole = nihao()
    broken = Speech(parts=whole.parts, ending=Ending(kind="cut", after=2, partial=9))
    assert written(broken) == [*written(whole)[:2], written(whole)[2][:9]]


def test_a_break_after_all_frames_is_inside_the_finish_frame():
    broken = Speech(parts=nihao().parts, ending=Ending(kind="cut", partial=5))
    assert body(broken) == "".join(written(nihao())[:4]) + "data:"


def test_after_no_frames_nothing_is_written():
    silent = Speech(parts=nihao().parts, ending=Ending(kind="stall", after=0))
    assert compose(silent, HELLO, "hi").writes == ()


def test_each_write_is_due_at_the_sum_of_the_delays_before_it():
    options = {"head_delay_s": 1.0, "opening_delay_s": 2.0, "first_delay_s": 4.0, "delay_s": 8.0}
    performance = compose(nihao(**options), HELLO, "hi")
    assert performance.head_at_s == 1.0
    assert [write.at_s for write in performance.writes] == [3.0, 7.0, 15.0, 23.0, 31.0]
    assert performance.end_at_s == 31.0


def test_a_part_may_have_delays_of_its_own():
    parts = (
        TextPart(kind="think", text=("a", "b"), delay_s=1.0),
        TextPart(kind="text", text=("c", "d"), first_delay_s=100.0),
    )
    reply = Speech(parts=parts, options=Options(first_delay_s=10.0, delay_s=2.0))
    at = [write.at_s for write in compose(reply, HELLO, "hi").writes]
    # opening; a, b, the end of the thinking; c, d, the end of the text; finish
    assert at == [0.0, 10.0, 11.0, 12.0, 112.0, 114.0, 116.0, 118.0]


def test_listed_delays_are_those_of_the_fragments_and_leave_the_other_frames_alone():
    reply = Speech(parts=nihao().parts, options=Options(delay_s=1.0), delays_s=(5.0, 50.0))
    at = [write.at_s for write in compose(reply, HELLO, "hi").writes]
    assert at == [0.0, 5.0, 55.0, 56.0, 57.0]


def test_coalesced_frames_go_out_with_the_last_of_them_but_the_opening_one_alone():
    performance = compose(nihao(coalesce=3, delay_s=1.0), HELLO, "hi")
    assert [(write.at_s, write.frames) for write in performance.writes] == [
        (0.0, 1),
        (2.0, 3),
        (3.0, 1),
    ]
    assert b"".join(write.data for write in performance.writes) == body(nihao()).encode()


def test_raw_frames_are_framed_and_raw_bytes_are_left_as_they_are():
    frames = (
        RawFrame(content={"status": "init"}, delay_s=3.0),
        RawFrame(content=b"\xff\r", delay_s=None),
    )
    reply = RawFrames(frames=frames, options=Options(framing="2026", delay_s=1.0))
    performance = compose(reply, HELLO, "hi")
    assert [(write.at_s, write.data) for write in performance.writes] == [
        (3.0, b'data:  {"status":"init"}\n\n'),
        (4.0, b"\xff\r"),
    ]
    assert performance.end == "eof"


def test_an_echo_puts_the_prompt_into_the_text_before_it_is_cut():
    reply = Speech(
        parts=(TextPart(kind="text", text="<{prompt}>"),), options=Options(piece=3), echo=True
    )
    writes = written(reply, "abcd")
    assert '"text":"<ab"' in writes[1]
    assert '"text":"<abcd>"' in writes[2]
