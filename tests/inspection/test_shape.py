from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspection.recordings import data

from glmbench.inspection.shape import VALUE_LENGTH, Shape, differences, shape_of


def stream(*frames) -> Shape:
    return shape_of(b"".join(map(data, frames)))


def test_a_stream_has_the_paths_and_types_of_all_its_frames_with_lists_collapsed():
    shape = stream({"parts": [{"n": 1}, {"n": 1.5}], "ok": True}, {"parts": [], "none": None})
    assert shape == Shape(
        kind="events",
        fields=frozenset({"data"}),
        events=frozenset({"message"}),
        paths=frozenset(
            {
                ("$", "object"),
                ("$.parts", "list"),
                ("$.parts[]", "object"),
                ("$.parts[].n", "integer"),
                ("$.parts[].n", "number"),
                ("$.ok", "boolean"),
                ("$.none", "null"),
            }
        ),
    )


def test_words_that_tell_kinds_of_frames_apart_are_kept_and_no_others():
    shape = stream({"status": "init", "text": "hello", "type": "x" * (VALUE_LENGTH + 1), "role": 1})
    assert shape.values == {("$.status", "init")}


def test_the_fields_of_the_stream_count_comments_too():
    shape = shape_of(b": alive\r\nevent: add\r\nid: 7\r\ndata: {}\r\n\r\n")
    assert shape.fields == {"comment", "event", "id", "data"}
    assert shape.events == {"add"}


def test_data_that_is_no_json_is_text_and_the_end_mark_is_itself():
    assert stream("[DONE]").paths == {("$", '"[DONE]"')}
    assert stream("good morning").paths == {("$", "text")}


def test_an_event_that_was_cut_off_has_no_shape():
    assert shape_of(data({"a": 1}) + b'data: {"b": 1}') == stream({"a": 1})


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b"", Shape(kind="empty")),
        (b" \n", Shape(kind="empty")),
        (b"<html></html>", Shape(kind="other")),
        (b"\xff\xfe", Shape(kind="other")),
        (b"data: {", Shape(kind="other")),
        (b'{"a": 1}', Shape(kind="json", paths=frozenset({("$", "object"), ("$.a", "integer")}))),
    ],
)
def test_a_body_that_is_no_stream_has_a_kind(body, shape):
    assert shape_of(body) == shape


def test_a_key_that_is_no_word_is_quoted_in_its_path():
    assert ('$["a.b"]', "integer") in stream({"a.b": 1}).paths
    assert ("$.中", "integer") in stream({"中": 1}).paths


@pytest.mark.parametrize(
    ("base", "head", "sentences"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"id": 1, "a": 1}, {"a": 1}, ["$.id is gone"]),
        ({}, {"usage": {"n": 1}}, ["$.usage is new (object)"]),
        ({"l": [{"a": {"b": 1}}]}, {"l": []}, ["$.l[] is gone"]),
        ({"a": 1, "ab": 1}, {"ab": 1}, ["$.a is gone"]),
        ({"created": 1}, {"created": "1"}, ["$.created was integer, is string"]),
        ({"a": None}, {"a": "x"}, ["$.a was null, is string"]),
        ({"a": {"b": 1}}, {"a": None}, ["$.a was object, is null", "$.a.b is gone"]),
        (
            {"status": "init"},
            {"status": "intervene"},
            [
                '$.status no longer takes "init"',
                '$.status takes "intervene", which it did not',
            ],
        ),
        ({"type": "x"}, {}, ["$.type is gone"]),
    ],
)
def test_what_changed_is_said_in_one_sentence_each(base, head, sentences):
    assert differences(stream(base), stream(head)) == sentences


def test_a_type_beside_another_is_named_with_it():
    head = stream({"a": "x"}, {"a": None})
    assert differences(stream({"a": "x"}), head) == ["$.a was string, is null or string"]


def test_another_kind_of_body_is_all_that_is_said():
    assert differences(stream({"a": 1}), shape_of(b'{"error": 1}')) == [
        "the body was an event stream, is JSON"
    ]


def test_fields_and_names_of_events_are_compared():
    base = shape_of(b"event: add\ndata: {}\n\n")
    assert differences(base, shape_of(b"id: 1\ndata: {}\n\n")) == [
        'the field "event" is gone',
        'the field "id" is new',
        'the event "add" is gone',
        'the event "message" is new',
    ]


def test_a_sentence_cannot_steer_the_terminal():
    head = stream({"\x1b[2J": 1})
    assert differences(stream({}), head) == ['$["\\u001b[2J"] is new (integer)']


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.lists(JSON_VALUES, min_size=1, max_size=4))
def test_a_shape_does_not_depend_on_the_order_or_the_number_of_frames(frames):
    shape = stream(*frames)
    assert differences(shape, stream(*reversed(frames), frames[0])) == []


@given(JSON_VALUES, JSON_VALUES)
def test_two_shapes_differ_exactly_when_there_is_a_sentence(left, right):
    base, head = shape_of(json.dumps(left).encode()), shape_of(json.dumps(right).encode())
    assert (differences(base, head) == []) is (base == head)
