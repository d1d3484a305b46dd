from __future__ import annotations

import re

import pytest

from glmbench.errors import UsageError
from glmbench.providers.completions_request import body, endpoint, history


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h/v1", "http://h/v1/chat/completions"),
        ("http://h/v1/", "http://h/v1/chat/completions"),
        ("https://h:8/", "https://h:8/chat/completions"),
        ("https://h/d?api-version=1", "https://h/d/chat/completions?api-version=1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
    ],
)
def test_the_endpoint_stands_behind_the_base_url(base_url, url):
    assert endpoint("Own", base_url) == url


@pytest.mark.parametrize(
    ("base_url", "sentence"),
    [
        ("", 'Own needs base_url=, such as "http://localhost:8000/v1"'),
        ("h/v1", 'base_url "h/v1" must look like "http://localhost:8000/v1"'),
        ("ftp://u:p@h", 'base_url "ftp://h" must look like "http://localhost:8000/v1"'),
        ("http://", 'base_url "http://" must look like "http://localhost:8000/v1"'),
        ("http://[::1", "base_url is not a URL"),
        ("http://u:p@h/v1", "base_url must not hold a login: pass api_key= or headers="),
    ],
)
def test_a_base_url_that_cannot_be_asked_is_refused(base_url, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        endpoint("Own", base_url)


IMAGE = {"type": "image_url", "image_url": {"url": "http://h/i.png"}}
TEXT = {"type": "text", "text": "a"}
CALLS = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ({"role": "user", "content": "a"}, None),
        ({"role": "system", "content": "a"}, None),
        ({"role": "user", "content": "a", "name": "n"}, None),
        ({"role": "tool", "content": "a", "tool_call_id": "c"}, None),
        ({"role": "user", "content": [TEXT, TEXT]}, {"role": "user", "content": "aa"}),
        ({"role": "user", "content": (TEXT,)}, {"role": "user", "content": "a"}),
        ({"role": "user", "content": []}, {"role": "user", "content": ""}),
        ({"role": "user", "content": None}, {"role": "user", "content": ""}),
        ({"role": "user", "content": [TEXT, IMAGE]}, None),
        ({"role": "assistant", "content": None, "tool_calls": CALLS}, None),
        ({"role": "assistant", "content": "a", "tool_calls": CALLS}, None),
        (
            {"role": "assistant", "tool_calls": CALLS},
            {"role": "assistant", "content": None, "tool_calls": CALLS},
        ),
    ],
)
def test_a_message_goes_out_with_all_its_keys(message, sent):
    before = repr(message)
    (out,) = history([message])
    assert out == (sent or message)
    assert repr(message) == before
    assert out is not message


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "messages is empty: there is nothing to send"),
        ("Hi", "messages must be a list of dicts, not str"),
        ({"role": "user"}, "messages must be a list of dicts, not dict"),
        (None, "messages must be a list of dicts, not NoneType"),
        (["Hi"], "messages[0] must be a dict, not str"),
        ([{"role": "user"}], 'messages[0] has no "content"'),
        ([{"content": "a"}], 'messages[0] needs a "role"'),
        ([{"content": [IMAGE]}], 'messages[0] needs a "role"'),
        ([{"role": "user", "content": 7}], "messages[0].content must be a string, a list of"),
        ([{"role": "user", "content": [TEXT, 7]}], "messages[0].content[1] must be"),
    ],
)
def test_messages_that_cannot_be_sent_are_named(messages, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}"):
        history(messages)


def test_what_is_not_set_is_not_sent_and_extra_comes_last():
    fields = {"model": "m", "stream": True, "seed": None, "top_p": 0.5}
    assert body(fields, None) == {"model": "m", "stream": True, "top_p": 0.5}
    extra = {"top_p": 1, "user": None, "n": 1}
    assert body(fields, extra) == {"model": "m", "stream": True, **extra}
    assert extra == {"top_p": 1, "user": None, "n": 1}


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"n": 2}, "n must be 1: only the first choice is read"),
        ({"n": [1]}, "n must be 1: only the first choice is read"),
        ({"stream": False}, "extra_body must not change stream: the answer is read as a stream"),
        ([1], "extra_body must be a mapping, not list"),
        ({"a": float("inf")}, "the request cannot be written as JSON: Out of range float"),
        ({"a": object()}, "the request cannot be written as JSON: Object of type object"),
    ],
)
def test_a_body_that_cannot_work_is_refused(extra, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}"):
        body({"stream": True}, extra)
