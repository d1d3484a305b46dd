"""Requests are the same by method, URL and canonical body, and a difference is named."""

from __future__ import annotations

import pytest

from glmbench.cassettes.matching import (
    RequestShape,
    departs_in_an_answer,
    describe_differences,
    differences,
    nearest_request,
)
from glmbench.jsonpath import parse_path


def shape(body=b"", *, method="POST", url="https://h/p", headers=()):
    return RequestShape(method=method, url=url, headers=headers, body=body)


FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def multipart(parameters):
    return (("Content-Type", f"multipart/form-data; {parameters}"),)


SAME = {
    "keys in another order": (shape(b'{"a":1,"b":[2]}'), shape(b'{ "b": [2], "a": 1 }')),
    "JSON escapes": (shape(b'{"a":"\\u4f60"}'), shape('{"a":"你"}'.encode())),
    "query in another order": (shape(url="https://h/p?x=1&y=2"), shape(url="https://h/p?y=2&x=1")),
    "method in other letters": (shape(method="post"), shape()),
    "other headers": (shape(b"x", headers=(("X-Device-Id", "1"),)), shape(b"x")),
    "a form in another order": (shape(b"a=1&b=2", headers=FORM), shape(b"b=2&a=1", headers=FORM)),
    "another multipart boundary": (
        shape(b"--b1\r\n\r\nx\r\n--b1--", headers=multipart("boundary=b1")),
        shape(b"--b2\r\n\r\nx\r\n--b2--", headers=multipart('boundary="b2"; charset=x')),
    ),
    "a content type in other letters": (
        shape(b"a=1&b=2", headers=(("content-type", "Application/X-WWW-Form-URLencoded"),)),
        shape(b"b=2&a=1", headers=FORM),
    ),
    "a fragment": (shape(url="https://h/p#top"), shape()),
}

OTHER = {
    "a form in another encoding": (
        shape(b"q=%C4%E3", headers=FORM),
        shape(b"q=%CE%D2", headers=FORM),
    ),
    "another method": (shape(method="PUT"), shape()),
    "another path": (shape(url="https://h/q"), shape()),
    "another query": (shape(url="https://h/p?x=1"), shape(url="https://h/p?x=2")),
    "items in another order": (shape(b"[1,2]"), shape(b"[2,1]")),
    "a number for a string": (shape(b'{"a":1}'), shape(b'{"a":"1"}')),
    "true for one": (shape(b'{"a":true}'), shape(b'{"a":1}')),
    "null for nothing": (shape(b'{"a":null}'), shape(b"{}")),
    "other bytes": (shape(b"\x00\x01"), shape(b"\x00\x02")),
    "broken JSON in other spacing": (shape(b'{"a":'), shape(b'{"a": ')),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_request_is_found_in_spite_of(name):
    left, right = SAME[name]
    assert left.fingerprint() == right.fingerprint()


@pytest.mark.parametrize("name", OTHER)
def test_another_request_is_told_by(name):
    left, right = OTHER[name]
    assert left.fingerprint() != right.fingerprint()


@pytest.mark.parametrize(
    ("recorded", "sent", "words"),
    [
        (b'{"a":{"b":[1,2]}}', b'{"a":{"b":[1,3]}}', "$.a.b[1]: recorded 2, sent 3"),
        (b'{"a":1}', b"{}", "$.a was recorded and is not sent"),
        (b"{}", b'{"a":1}', "$.a is sent and was not recorded"),
        (b"[1]", b"[1,2]", "$ has 2 items, 1 were recorded"),
        (b'{"a":1}', b'{"a":true}', "$.a: recorded 1, sent true"),
        (b"abc", b"abd", "recorded body abc, sent abd"),
        (b"", b"{}", "recorded body (empty), sent {}"),
        (
            b"x" * 90 + b"left",
            b"x" * 90 + b"right",
            "recorded body …xxxxxxxxxxxxxxxxxxxxleft, sent …xxxxxxxxxxxxxxxxxxxxright",
        ),
        (b'{"a":"1\\u001b[1m"}', b'{"a":"2"}', '$.a: recorded "1\\x1b[1m", sent "2"'),
        (b'{"%b":1}' % (b"k" * 999), b"{}", f"$.{'k' * 59}… was recorded and is not sent"),
        (
            b"[" * 99 + b"]" * 99,
            b"[" * 99 + b"1" + b"]" * 99,
            f"$…{'[0]' * 40} has 1 items, 0 were recorded",
        ),
        (b"a\nb", b"\x1b[1m", "recorded body a\\nb, sent \\x1b[1m"),
        (
            b'{"t":"' + b"x" * 90 + b'left"}',
            b'{"t":"' + b"x" * 90 + b'right"}',
            '$.t: recorded "…xxxxxxxxxxxxxxxxxxxxleft", sent "…xxxxxxxxxxxxxxxxxxxxright"',
        ),
    ],
)
def test_a_difference_is_said_in_one_line(recorded, sent, words):
    assert describe_differences(recorded, sent) == words


def test_more_than_three_differences_are_counted():
    words = describe_differences(b'{"a":1,"b":1,"c":1,"d":1,"e":1}', b"{}")
    assert words == (
        "$.a was recorded and is not sent; $.b was recorded and is not sent; "
        "$.c was recorded and is not sent; and 2 more"
    )


def test_equal_bodies_are_said_to_be_equal():
    assert describe_differences(b'{"a": 1}', b'{"a":1}') == "the bodies are equal"
    assert differences(b"abc", b"abc") == []


def test_what_is_ignored_neither_tells_requests_apart_nor_is_shown():
    ignore = (parse_path("$.request_id"), parse_path("$.messages[*].at"))
    left = shape(body=b'{"request_id":"a","messages":[{"at":1,"t":"x"}]}')
    right = shape(body=b'{"request_id":"b","messages":[{"at":2,"t":"x"}]}')
    assert left.fingerprint(ignore) == right.fingerprint(ignore)
    assert left.fingerprint() != right.fingerprint()
    assert differences(left.body, right.body, ignore) == []


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (
            shape(b"a=1&b=%0A", headers=FORM),
            shape(b"b=&a=1&c=2", headers=FORM),
            '$.b[0]: recorded "\\n", sent ""; $.c is sent and was not recorded',
        ),
        (
            shape(b"--b1\r\nx\r\n--b1--", headers=multipart("boundary=b1")),
            shape(b"--b2\r\ny\r\n--b2--", headers=multipart("boundary=b2")),
            r"recorded body --boundary\r\nx\r\n--boundary--, sent --boundary\r\ny\r\n--boundary--",
        ),
    ],
)
def test_what_never_counts_is_not_shown_as_a_difference(left, right, words):
    assert describe_differences(left.comparable, right.comparable) == words


def test_the_nearest_request_is_the_one_that_differs_in_the_fewest_places():
    recorded = [shape(body=b'{"a":1,"b":2}'), shape(body=b'{"a":1,"b":3}')]
    assert nearest_request(recorded, shape(body=b'{"a":9,"b":3}')) is recorded[1]


def test_credentials_in_the_url_do_not_count_and_are_not_kept():
    left = shape(url="https://me:pw@h/p?api_key=secret-1")
    right = shape(url="https://h/p?api_key=secret-2")
    assert left.fingerprint() == right.fingerprint()
    assert left.place == ("POST", "https://h/p?api_key=[redacted]")


@pytest.mark.parametrize(
    ("recorded", "sent", "expected"),
    [
        (b'[{"role":"assistant","content":"a"}]', b'[{"role":"assistant","content":"b"}]', True),
        (b'[{"role":"user","content":"a"}]', b'[{"role":"user","content":"b"}]', False),
        (b'[{"role":"assistant","content":"a"}]', b'[{"role":"user","content":"a"}]', False),
        (b'["a"]', b'["b"]', False),
        (b'[{"role":"assistant","content":"a"}]', b"[]", False),
        (b"{}", b"[]", False),
    ],
)
def test_a_difference_in_what_the_assistant_said_before_is_known_as_such(recorded, sent, expected):
    bodies = (b'{"messages":%b}' % recorded, b'{"messages":%b}' % sent)
    assert departs_in_an_answer(*bodies) is expected
    assert departs_in_an_answer(b"not JSON", bodies[1]) is False
    assert departs_in_an_answer(bodies[0], bodies[0]) is False
