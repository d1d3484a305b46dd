"""The spelling of single frames, typed by hand."""

from __future__ import annotations

import pytest

from glmbench.server.frames import (
    AnswerFrames,
    Identity,
    WireStyle,
    failure,
    image_item,
    json_text,
    moderation,
    search_pages,
    tool_call_item,
)

HELLO = Identity(name="hello")


@pytest.mark.parametrize(("line_end", "end"), [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")])
@pytest.mark.parametrize(
    ("framing", "lines"),
    [
        ("2024", ["event:message", 'data: {"a":1}', ""]),
        ("2025", ['data: {"a":1}', ""]),
        ("2026", ['data:  {"a":1}', ""]),
    ],
)
def test_each_framing_is_spelled_with_each_line_end(framing, lines, line_end, end):
    style = WireStyle(framing=framing, line_end=line_end)
    assert style.frame({"a": 1}) == "".join(line + end for line in lines).encode()


def test_a_frame_is_utf_8_without_escapes():
    assert WireStyle().frame({"t": "春\u2028é"}) == 'data: {"t":"春\u2028é"}\n\n'.encode()


def test_the_push_flag_can_be_left_out():
    frames = AnswerFrames(identity=HELLO, flagged=False)
    assert frames.opening()["meta_data"] == {}


def test_ids_depend_on_the_name_and_the_serial_number_and_on_nothing_else():
    again = Identity(name="hello")
    second = Identity(name="hello", serial=2)
    assert (again.message_id, again.conversation_id) == (HELLO.message_id, HELLO.conversation_id)
    assert second.message_id != HELLO.message_id
    assert second.conversation_id != HELLO.conversation_id
    assert Identity(name="hello", serial=2, continues="c" * 24).conversation_id == "c" * 24


def test_the_opening_frame_has_no_parts_and_the_real_conversation_id():
    assert json_text(AnswerFrames(identity=HELLO).opening()) == (
        '{"id":"1e634cf643f6a6765bc694d5","conversation_id":"ddf84ebf6f721c167565bcd1",'
        '"assistant_id":"65940acff94777010aa6b796","parts":[],'
        '"created_at":"2026-01-01 00:00:00","status":"init","last_error":{},'
        '"meta_data":{"if_increase_push":false}}'
    )


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("text", '{"type":"text","text":"x"}'),
        ("think", '{"type":"think","think":"x"}'),
        ("text_thinking", '{"type":"text_thinking","text":"x"}'),
        ("code", '{"type":"code","code":"x"}'),
        ("execution_output", '{"type":"execution_output","content":"x"}'),
    ],
)
def test_each_kind_of_text_stands_under_its_own_key(kind, item):
    part = AnswerFrames(identity=HELLO, framing="2024").text_part(0, kind, "x", status="init")
    assert json_text(part["content"]) == f"[{item}]"


def test_the_items_and_errors_are_spelled_as_the_service_does():
    assert image_item(["u1", "u2"]) == {
        "type": "image",
        "image": [{"image_url": "u1"}, {"image_url": "u2"}],
    }
    assert tool_call_item({"name": "n"}) == {"type": "tool_calls", "tool_calls": {"name": "n"}}
    assert search_pages([{"url": "u"}]) == {"metadata_list": [{"url": "u"}]}
    assert failure("1301", "busy") == {"error_code": "1301", "err_msg": "busy"}
    assert moderation("no") == {
        "intervene_type": "answer",
        "intervene_text": "no",
        "risk_level": "high",
    }


def test_the_assistant_that_was_asked_is_the_one_that_answers():
    frame = AnswerFrames(identity=Identity(name="hello", assistant_id="a" * 24)).opening()
    assert frame["assistant_id"] == "a" * 24
