from __future__ import annotations

from dataclasses import replace

import pytest
from inspection.recordings import EVENT_STREAM, HELLO, JSON, data, delta, recorded
from inspection.recordings import without_track as bare

from glmbench.cassettes.matching import RequestShape
from glmbench.inspection.compare import Difference, Exchange, Measures, compare

STOP = delta(finish="stop")


def found(base, head):
    return [(d.aspect, d.sentence) for d in compare([base], [head]).differences]


def test_a_recording_does_not_differ_from_itself():
    comparison = compare([recorded(*HELLO)], [recorded(*HELLO)])
    assert comparison.differences == ()
    assert comparison.same_timing
    assert not comparison.drifted


def test_other_words_and_other_times_are_no_drift():
    base, head = recorded(delta("one"), STOP), recorded(delta("two"), delta("!"), STOP)
    comparison = compare([base], [head])
    difference = Difference(
        aspect="content",
        sentence="the text differs from character 1 on",
        base="one",
        head="two!",
    )
    assert comparison.exchanges == (
        Exchange(
            number=1,
            request="POST https://api.example.com/v1/chat/completions",
            differences=(difference,),
            base=Measures(ttft_s=0.1, total_s=0.2005, chunks=2, size=len(base.body)),
            head=Measures(ttft_s=0.1, total_s=0.3005, chunks=3, size=len(head.body)),
        ),
    )
    assert not comparison.drifted
    assert not comparison.same_timing


DRIFTS = {
    "a frame's key": (
        recorded(delta("x"), STOP),
        recorded(delta("x", logprobs=None), STOP),
        [("frames", "$.choices[].delta.logprobs is new (null)")],
    ),
    "the finish reason": (
        recorded(delta("x"), STOP),
        recorded(delta("x"), delta(finish="length")),
        [
            ("frames", '$.choices[].finish_reason no longer takes "stop"'),
            ("frames", '$.choices[].finish_reason takes "length", which it did not'),
            ("finish", "was stop, is length"),
        ],
    ),
    "the native word of the same finish reason": (
        recorded(delta("x"), delta(finish="content_filter")),
        recorded(delta("x"), delta(finish="sensitive")),
        [
            ("frames", '$.choices[].finish_reason no longer takes "content_filter"'),
            ("frames", '$.choices[].finish_reason takes "sensitive", which it did not'),
            ("finish", "was content_filter, is content_filter (sensitive)"),
        ],
    ),
    "the status": (
        recorded(b"{}", status=500, headers=[JSON]),
        recorded(b"{}", status=503, headers=[JSON]),
        [("status", "was 500, is 503"), ("content", "the error's message differs")],
    ),
    "a header": (
        recorded(*HELLO, headers=[EVENT_STREAM, ("Date", "today")]),
        recorded(*HELLO, headers=[EVENT_STREAM, ("X-Request-Id", "7")]),
        [("headers", "date is gone"), ("headers", "x-request-id is new")],
    ),
    "the framing": (
        recorded(*HELLO),
        recorded(*HELLO, dropped=()),
        [("headers", "transfer-encoding is gone")],
    ),
    "the media type": (
        recorded(b"{}", url="https://example.com/", headers=[JSON]),
        recorded(b"{}", url="https://example.com/", headers=[("content-type", "text/json")]),
        [("headers", "content-type was application/json, is text/json")],
    ),
}


@pytest.mark.parametrize(("base", "head", "expected"), DRIFTS.values(), ids=DRIFTS)
def test_drift_is(base, head, expected):
    differences = compare([base], [head]).differences
    drifts = [(d.aspect, d.sentence) for d in differences if d.drifts]
    assert drifts == [pair for pair in expected if pair[0] != "content"]
    assert compare([base], [head]).drifted


def test_the_values_of_headers_are_no_difference():
    base = recorded(*HELLO, headers=[EVENT_STREAM, ("Date", "today")])
    head = recorded(*HELLO, headers=[("content-type", "text/event-stream"), ("date", "tomorrow")])
    assert found(base, head) == []


def test_how_the_body_ended_is_told_and_is_no_drift_behind_the_finish():
    assert found(recorded(*HELLO), recorded(*HELLO, end="reset")) == [("end", "was eof, is reset")]
    assert found(recorded(*HELLO), bare(recorded(*HELLO)))[-1] == ("end", "was eof, is unknown")
    assert not compare([recorded(*HELLO)], [recorded(*HELLO, end="reset")]).drifted


def test_another_request_is_told():
    base = recorded(*HELLO)
    other = replace(base, request=replace(base.request, body=b'{"model": "n"}'))
    assert found(base, other) == [("request", '$.model: recorded "m", sent "n"')]
    elsewhere = replace(base, request=RequestShape(method="GET", url="https://example.com/"))
    assert found(base, elsewhere)[0] == (
        "request",
        "was POST https://api.example.com/v1/chat/completions, is GET https://example.com/",
    )


def test_an_excerpt_shows_both_texts_around_where_they_part():
    same = "0123456789" * 10
    base, head = recorded(delta(f"{same}left"), STOP), recorded(delta(f"{same}right"), STOP)
    (difference,) = compare([base], [head]).differences
    assert difference.sentence == "the text differs from character 101 on"
    assert (difference.base, difference.head) == (
        "…567890123456789left",
        "…567890123456789right",
    )


def test_text_and_reasoning_that_come_or_go_are_counted():
    base = recorded(delta("four"), STOP)
    head = recorded(delta(content="", reasoning_content="hm"), STOP)
    sentences = [sentence for aspect, sentence in found(base, head) if aspect == "content"]
    assert sentences == ["the text is gone (4 characters)", "the reasoning is new (2 characters)"]


def test_parts_of_another_kind_are_content():
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    head = recorded(delta("x", tool_calls=[call]), STOP)
    found_in_content = [
        sentence
        for aspect, sentence in found(recorded(delta("x"), STOP), head)
        if aspect == "content"
    ]
    assert found_in_content == ["parts of kind ToolCalls: were 0, are 1"]


def test_ids_and_counts_of_tokens_are_no_content():
    first = data({"choices": [], "usage": {"completion_tokens": 1}})
    second = data({"choices": [], "usage": {"completion_tokens": 2}})
    assert found(recorded(*HELLO, first), recorded(*HELLO, second)) == []


def test_of_an_unknown_service_the_bodies_are_compared():
    url = "https://example.com/"
    base, head = recorded(data("one"), url=url), recorded(data("two"), url=url)
    assert found(base, head) == [("content", "the body differs from character 7 on")]


def test_another_field_of_a_form_is_told_by_its_name():
    kind = (("Content-Type", "application/x-www-form-urlencoded"),)
    bodies = (b"a=1&b=2", b"b=3&a=1")
    requests = [RequestShape(method="POST", url="https://h/", headers=kind, body=b) for b in bodies]
    base, head = (replace(recorded(data({})), request=request) for request in requests)
    [difference] = compare([base], [head]).differences
    assert difference.aspect == "request"
    assert difference.sentence.startswith("$.b")


def test_requests_that_only_one_side_has_are_drift():
    one, two = recorded(*HELLO), recorded(*HELLO, seq=2)
    fewer, more = compare([one, two], [one]), compare([one], [one, two])
    place = "POST https://api.example.com/v1/chat/completions"
    assert [d.sentence for d in fewer.differences] == [f"request 2 is gone: {place}"]
    assert [d.sentence for d in more.differences] == [f"request 2 is new: {place}"]
    assert fewer.drifted
    assert more.drifted
    assert len(fewer.exchanges) == len(more.exchanges) == 1
