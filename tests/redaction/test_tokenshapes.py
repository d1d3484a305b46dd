"""The table of shapes: what is special comes first, and no text makes the search slow.

That each kind of token is found, and ordinary text is not, is in `test_leaks`.
"""

from __future__ import annotations

import time

import pytest

from glmbench.redaction.tokenshapes import entropy, find_tokens

RANDOM = "f3Kq9ZpL2mXw8RtY6vBn4HsJ1dGc7TaQ"


@pytest.mark.parametrize(
    ("text", "bits"), [("a", 0.0), ("abab", 1.0), ("0123456789abcdef", 4.0), ("aaab", 0.811)]
)
def test_entropy_is_in_bits_per_character(text, bits):
    assert entropy(text) == pytest.approx(bits, abs=0.001)


def test_where_two_shapes_match_the_special_one_comes_first():
    text = f"Bearer sk-{RANDOM}"
    assert list(find_tokens(text)) == [
        (7, 42, "OpenAI-style key"),
        (7, 42, "bearer token"),
    ]


@pytest.mark.parametrize("before", ["x", "9", "_", "-"])
def test_a_token_does_not_begin_within_a_word(before):
    assert list(find_tokens(f"{before}sk-{RANDOM}")) == []


@pytest.mark.parametrize("length", [19, 20])
def test_a_token_has_a_least_length(length):
    assert len(list(find_tokens(f"sk-{RANDOM[:length]}"))) == (length == 20)


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "sk-",
        "a.",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "0123456789abcdef",
        "a=",
        ";",
        " ",
    ],
)
def test_no_repetition_makes_the_search_quadratic(piece):
    text = piece * (2_000_000 // len(piece))
    began = time.process_time()
    assert list(find_tokens(text))[1:] == []
    # It takes a third of a second; a quadratic search would take an hour.
    assert time.process_time() - began < 20
