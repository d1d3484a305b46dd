"""What looks like a credential is found and never shown; ordinary text is left in peace."""

from __future__ import annotations

import base64
import hashlib
import random
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokens import ALNUM, HEX32, TOKENS, basic, chance, jwt

from glmbench.redaction.leaks import find_leaks, is_credential_name, looks_random, shown

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("kind", "token"), TOKENS)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("密钥", "。"), ('{"k": "', '"}'), ("see\\n", "\\n"), ("=%20", "&x=1"), ("(", ")")],
)
def test_a_token_is_found_from_its_first_to_its_last_character(kind, token, before, after):
    (found,) = find_leaks(before + token + after)
    assert (found.kind, found.start, found.end) == (kind, len(before), len(before) + len(token))


@pytest.mark.parametrize(("kind", "token"), TOKENS)
def test_a_suspicion_shows_four_characters_and_the_length_and_no_more(kind, token):
    (found,) = find_leaks(token)
    assert found.shown == f"{token[:4]}…, {len(token)} characters"
    assert token[:5] not in repr(found)


def test_of_a_short_credential_nothing_is_shown():
    assert shown("0123456789abcde") == "…, 15 characters"
    assert shown("0123456789abcdef") == "0123…, 16 characters"


@pytest.mark.parametrize(
    ("text", "kind", "credential"),
    [
        ("Bearer " + chance(40), "bearer token", chance(40)),
        ("authorization: bearer " + chance(24), "bearer token", chance(24)),
        ("Basic " + basic("me:word-of-mine"), "user and password", basic("me:word-of-mine")),
        ("https://me:w0rd-of-mine@h/p", "password in a URL", "me:w0rd-of-mine"),
        ("redis://:w0rd-of-mine@h and more", "password in a URL", ":w0rd-of-mine"),
        ("Bearer " + jwt({"alg": "none"}), "JSON Web Token", jwt({"alg": "none"})),
    ],
)
def test_a_credential_is_found_by_what_stands_before_it(text, kind, credential):
    found = [(one.kind, text[one.start : one.end]) for one in find_leaks(text)]
    assert found == [(kind, credential)]


def test_several_are_found_in_the_order_of_the_text():
    text = " ".join(token for _, token in TOKENS)
    assert [found.kind for found in find_leaks(text)] == [kind for kind, _ in TOKENS]


# --- what is none ---------------------------------------------------------------------------

ORDINARY = [
    "task-force-for-internationalization-2024 risk-free-2024-edition",
    "sk-fading-circle-with-twelve-dots and .sk-cube-grid-2024-01-01",
    "sk-" + "x" * 48,
    "sk-your-own-api-key-goes-here-1234",
    HEX32 + ".backgroundpicture",
    HEX32 + ".png " + "a" * 32 + "." + "b" * 16,
    "eyJhbGciOiJIUzI1NiJ9 alone, and eyJ.eyJ.eyJ",
    jwt({"typ": "no algorithm"}),
    "if line == '-----BEGIN PRIVATE KEY-----': # then come the lines of the key",
    "Bearer authentication is an internationalization-independent scheme",
    "Authorization: Bearer $OPENAI_API_KEY, Bearer <token>, Bearer YOUR_TOKEN_GOES_HERE_PLEASE",
    "Authorization: Bearer [redacted], Bearer [secret:OPENAI_API_KEY]",
    "Basic structure, Basic training, BASIC programming, Basic authentication",
    "postgres://user:password@localhost/db postgres://postgres:postgres@h http://u:$PASSWORD@h",
    "https://me:pw@h/p https://abc:123@h ws://u:****@h",
    "http://host:8080/@scope/package https://h/a:b@c ssh://git@host:22/x a://b:c",
    "data:image/png;base64," + base64.b64encode(random.Random(1).randbytes(60_000)).decode(),
    "hf_" + "internationalization" + "pipelineabcdef",
    "commit 3743f2d944e44a1dde9953aa1e67a4c4b4ad476a018bf8e3579a63d8325d0f5e",
    "uuid 123e4567-e89b-12d3-a456-426614174000, id chatcmpl-9vQm3ZcXJ0eVRwLkdYabcdefgh",
    "你好，世界。" * 50 + "**粗体** `代码` [链接](https://example.com/路径?参数=值#锚)",
    "```python\nasync def main(token: str, max_tokens=4096) -> None:\n    print(f'{token=}')\n```",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_in_peace(text):
    assert find_leaks(text) == []


@pytest.mark.parametrize("folder", ["cassettes", "prompts", "docs", "glmbench"])
def test_nothing_that_ships_looks_like_a_credential(folder):
    suffixes = {".yaml", ".md", ".py"}
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    assert files
    suspect = [path.name for path in files if find_leaks(path.read_text(encoding="utf-8"))]
    assert suspect == []


# --- random text under a telling name -------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "X-Auth-Token", "apiKey", "API-KEY", "OPENAI_API_KEY", "secret"),
        *("clientSecret", "password", "Cookie", "Set-Cookie", "session", "signature", "X-Sign"),
        *("auth", "Authorization", "credentials", "private_key"),
    ],
)
def test_these_names_may_hold_a_credential(name):
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("max_tokens", "prompt_tokens", "tokens", "token_type", "token_count", "next_page_token"),
        *("key", "keyboard", "monkey", "sort_key", "design", "assign", "author", "session_start"),
        *("secretary", "password_hint", "id", "request_id", "content", "eos_token", ""),
    ],
)
def test_these_names_hold_none(name):
    assert not is_credential_name(name)


@pytest.mark.parametrize(
    "value",
    [
        chance(16, "0123456789abcdef"),
        HEX32,
        hashlib.sha256(b"x").hexdigest(),
        chance(20),
        chance(43, ALNUM + "-_"),
        base64.b64encode(hashlib.sha256(b"y").digest()).decode(),
        chance(40, string.ascii_letters),
        "v1." + chance(24),
    ],
)
def test_random_values_are_told(value):
    assert looks_random(value)


@pytest.mark.parametrize(
    "value",
    [
        "undefined",
        "short1",
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567e89b-12d3-a456-426614174000",
        "2026-11-22T10:00:00.123456+08:00",
        "2026-11-22T10:00:00Z",
        "1732300000000000000",
        "user_12345678901234567",
        "[redacted]",
        "[secret:CHATGLM_REFRESH_TOKEN_2]",
        "Bearer [secret:CHATGLM_REFRESH_TOKEN_2]",
        "correcthorsebatterystaple",
        "your-api-key-goes-here-2024",
        "getElementByIdAndClassNameAndMore",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "https://example.com/oauth/a8Zk2Lq0Xw9Rt5Yb",
        "abab1212abab1212abab1212",
        "0000000000000000000000000000000a",
        "这是一个没有空格的很长的中文句子而且不是密钥",
        "${OPENAI_API_KEY}",
        "gpt-4o-mini-2024-07-18",
    ],
)
def test_words_ids_dates_and_placeholders_are_no_secrets(value):
    assert not looks_random(value)


@pytest.mark.parametrize(("size", "alphabet"), [(16, "0123456789abcdef"), (20, ALNUM), (32, ALNUM)])
def test_of_a_thousand_random_values_at_most_two_in_a_hundred_are_missed(size, alphabet):
    values = [chance(size, alphabet, seed=seed) for seed in range(1000)]
    assert sum(not looks_random(value) for value in values) <= 20


def test_random_text_counts_under_a_credentials_name_only():
    value = chance(32)
    assert find_leaks(value) == find_leaks(value, key="request_id") == []
    (found,) = find_leaks(value, key="X-Token")
    assert (found.kind, found.start, found.end) == ('random text under "X-Token"', 0, 32)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (f"theme=dark; sid={chance(32)}; lang=zh", 16),
        (f"sid={chance(32)}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT", 4),
        (f"Token {chance(32)}", 6),
    ],
)
def test_the_value_within_a_header_is_found(value, at):
    (found,) = find_leaks(value, key="Cookie")
    assert (found.start, found.end) == (at, at + 32)


def test_prose_under_a_credentials_name_is_none():
    assert find_leaks(f"The secret is {chance(32)}, he said", key="secret") == []


def test_a_known_shape_under_a_credentials_name_is_one_suspicion():
    assert [found.kind for found in find_leaks(TOKENS[0][1], key="token")] == ["OpenAI-style key"]


# --- what is allowed ------------------------------------------------------------------------


def test_an_allowed_text_and_what_lies_within_one_do_not_count():
    token = TOKENS[0][1]
    assert find_leaks(f"key {token}", allow=[token]) == []
    assert find_leaks(f"Bearer {token}", allow=[f"the example key {token}"]) == []
    assert [one.kind for one in find_leaks(token, allow=[token[:-1]])] == ["OpenAI-style key"]


@given(st.text() | st.from_regex(r"(sk-|eyJ|\.|://|:|@|Bearer |\\n|%20|[A-Za-z0-9]{1,40})*"))
def test_any_text_gives_ranges_in_order_that_do_not_overlap(text):
    edges = [edge for one in find_leaks(text, key="token") for edge in (one.start, one.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)
