from __future__ import annotations

import re

import aiohttp
import pytest
from aiohttp import RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from glmbench.errors import AuthError, IncompleteStreamError, UsageError
from glmbench.providers.credentials import (
    find_api_key,
    has_credentials,
    remove_secrets,
    secrets_of,
    without_secrets,
)

VARIABLES = ("GLMBENCH_TEST_KEY", "GLMBENCH_TEST_OTHER_KEY")


@pytest.mark.parametrize(
    ("argument", "environment", "key"),
    [
        (None, (None, None), None),
        (None, ("one", "two"), "one"),
        (None, (None, "two"), "two"),
        (None, (" ", " two\n"), "two"),
        ("mine", ("one", "two"), "mine"),
        (" mine\n", (None, None), "mine"),
        ("", ("one", "two"), None),
        ("id.secret", (None, None), "id.secret"),
        ("[secret:ZAI_API_KEY]", (None, None), "[secret:ZAI_API_KEY]"),
    ],
)
def test_a_key_is_the_argument_or_the_first_variable_that_is_set(
    monkeypatch, argument, environment, key
):
    for name, value in zip(VARIABLES, environment, strict=True):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert find_api_key(argument, VARIABLES) == key


@pytest.mark.parametrize("key", ["a b", "a\u00e9", "a\nb", "a\tb"])
def test_a_key_that_cannot_be_sent_is_refused_by_where_it_came_from(monkeypatch, key):
    sentence = "{} holds a character that no API key has, a blank perhaps"
    with pytest.raises(UsageError, match=f"^{re.escape(sentence.format('api_key'))}$"):
        find_api_key(key, VARIABLES)
    monkeypatch.setenv(VARIABLES[0], key)
    with pytest.raises(UsageError, match=f"^{re.escape(sentence.format(VARIABLES[0]))}$"):
        find_api_key(None, VARIABLES)


def test_a_key_that_is_no_string_is_refused():
    with pytest.raises(UsageError, match="^api_key must be a string, not bytes$"):
        find_api_key(b"key", VARIABLES)


@pytest.mark.parametrize(
    ("headers", "given", "secrets"),
    [
        ({}, False, ()),
        ({"Accept": "text/event-stream"}, False, ()),
        ({"Authorization": ""}, False, ()),
        ({"authorization": "Bearer abcdef"}, True, ("Bearer abcdef", "abcdef")),
        ({"X-Api-Key": "abcdef", "Accept": "x"}, True, ("abcdef",)),
        ({"Authorization": "Bearer abc"}, True, ("Bearer abc",)),
    ],
)
def test_secrets_are_the_values_of_headers_that_carry_credentials(headers, given, secrets):
    assert has_credentials(headers) is given
    assert secrets_of(headers) == secrets


def test_a_text_is_freed_of_every_secret():
    text = b"Bearer abcdef and abcdef"
    assert without_secrets(text, ("Bearer abcdef", "abcdef")) == b"[redacted] and [redacted]"


def test_an_exception_and_those_behind_it_are_freed_of_secrets():
    url = URL("http://h/")
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer abcdef", "Accept": "x"}))
    cause = aiohttp.ClientResponseError(
        RequestInfo(url, "POST", headers, url), (), message="abcdef"
    )
    context = ValueError("abcdef", b"abcdef", 7)
    error = AuthError("wrong key abcdef", code="abcdef", request_id="r-abcdef")
    error.__cause__, cause.__context__ = cause, context
    context.__context__ = error  # a circle ends
    remove_secrets(error, ("Bearer abcdef", "abcdef"))
    assert str(error) == "wrong key [redacted] (code [redacted], request r-[redacted])"
    assert error.args == ("wrong key [redacted]",)
    assert cause.message == "[redacted]"
    assert dict(cause.request_info.headers) == {"Authorization": "[redacted]", "Accept": "x"}
    assert cause.args[0] == cause.request_info
    assert context.args == ("[redacted]", b"[redacted]", 7)


def test_the_text_of_an_answer_stays_as_it_came():
    error = IncompleteStreamError("the key ollama")
    error.text = "I run on ollama."
    remove_secrets(error, ("ollama",))
    assert (error.message, error.text) == ("the key [redacted]", "I run on ollama.")
