"""Every text that a cassette keeps is shown decoded, with its place and its name."""

from __future__ import annotations

import pytest

from glmbench.inspection.passages import Joined, of_body, of_json, shown_path

SSE = "text/event-stream"


def shown(body: bytes, content_type: str = ""):
    return [
        (one.where, one.key, one.text)
        for one in of_body("body", body, content_type)
        if not isinstance(one, Joined) and not one.whole
    ]


def joined(*contents: str):
    body = b"".join(b'data: {"c": "%s"}\n\n' % content.encode() for content in contents)
    return [one for one in of_body("body", body, SSE) if isinstance(one, Joined)]


def test_the_texts_of_a_json_body_come_with_path_and_key():
    body = b'{"a": {"token": "\\u4f60"}, "odd.key": ["x", {"n": 1}, "y"]}'
    assert sorted(shown(body)) == [
        ("body $.a.token", "token", "你"),
        ('body $["odd.key"][0]', "odd.key", "x"),
        ('body $["odd.key"][2]', "odd.key", "y"),
    ]


def test_the_fields_of_a_form_are_decoded():
    form = b"token=a%20b&x=%E4%BD%A0"
    assert shown(form, "application/x-www-form-urlencoded; charset=utf-8") == [
        ("body field token", "token", "a b"),
        ("body field x", "x", "你"),
    ]


@pytest.mark.parametrize("body", [b"plain words", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_one_whole_text(body):
    (passage,) = of_body("body", body, "application/json")
    assert (passage.where, passage.whole) == ("body", True)
    assert passage.text == body.decode("utf-8", "replace")


def test_an_empty_body_has_no_text():
    assert list(of_body("body", b"", SSE)) == []


def test_the_events_of_a_stream_are_numbered_and_a_repeated_text_comes_once():
    body = b'data: {"id": "x", "c": "a"}\n\n: hm\n\ndata: {"id": "x", "c": "b"}\n\ndata: [DONE]\n\n'
    assert sorted(shown(body, SSE)) == [
        ("body, event 1, $.c", "c", "a"),
        ("body, event 1, $.id", "id", "x"),
        ("body, event 2, $.c", "c", "b"),
        ("body, event 3", None, "[DONE]"),
    ]


def test_a_stream_is_told_by_its_lines_where_its_type_is_missing():
    assert shown(b'event: m\ndata: {"c": "a"}\n\n') == [("body, event 1, $.c", "c", "a")]


def test_the_last_event_counts_though_the_stream_was_cut_behind_it():
    assert shown(b'data: {"c": "a"}', SSE) == [("body, event 1, $.c", "c", "a")]


def test_of_an_answer_that_grows_only_the_longest_texts_come():
    snapshots = b"".join(b'data: {"c": "%s"}\n\n' % c for c in (b"a", b"ab", b"abc", b"x", b"xy"))
    assert shown(snapshots, SSE) == [
        ("body, event 3, $.c", "c", "abc"),
        ("body, event 5, $.c", "c", "xy"),
    ]
    assert joined("a", "ab", "abc") == []


def test_pieces_are_joined_and_know_their_events():
    (one,) = joined("sk", "-12", "", "3")
    assert (one.text, one.path) == ("sk-123", "$.c")
    assert one.where(0, 6) == "body, events 1 to 4, $.c"
    assert [one.is_split(*where) for where in ((0, 2), (2, 5), (1, 3), (5, 6))] == [
        *(False, False, True, False)
    ]
    assert list(one.pieces(1, 3)) == ["sk", "-12"]
    assert list(one.pieces(3, 6)) == ["-12", "", "3"]


def test_a_field_that_always_says_the_same_is_not_joined():
    assert joined("same", "same", "same") == []


def test_nesting_has_no_limit_of_its_own():
    depth = 400
    (one,) = of_json("body", b'{"a":' * depth + b'"x"' + b"}" * depth)
    assert one.where == "body " + shown_path(("a",) * depth)
