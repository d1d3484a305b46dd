# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.wire.growing_text import UNDECIDED_CHARS, GrowingText

# By name: calls of (method, text), what each hands out, and (sent, rewritten) at the end.
CALLS = {
    "whole texts": ([("whole", "a"), ("whole", "ab"), ("whole", "ab")], ["a", "b", ""], ("ab", None)),
    "a shorter whole": ([("whole", "abc"), ("whole", "ab")], ["abc", ""], ("abc", None)),
    "another whole": ([("whole", "ab"), ("whole", "X")], ["ab", ""], ("ab", "X")),
    "another whole, taken back": ([("whole", "ab"), ("whole", "X"), ("whole", "a")], ["ab", "", ""], ("ab", None)),
    "fragments": ([("fragment", "a"), ("fragment", "a")], ["a", "a"], ("aa", None)),
    "fragments behind a rewrite": ([("whole", "ab"), ("whole", "X"), ("fragment", "c")], ["ab", "", "c"], ("abc", "Xc")),
    "a completing whole": ([("fragment", "a"), ("completing", "ab")], ["a", "b"], ("ab", None)),
    "a completing whole of nothing new": ([("fragment", "a"), ("completing", "a")], ["a", ""], ("a", None)),
    "a completing fragment, twice": ([("fragment", "a"), ("completing", "b"), ("completing", "b")], ["a", "b", ""], ("ab", None)),
    "undecided wholes": ([("undecided", "a"), ("undecided", "ab"), ("undecided", "ab")], ["a", "b", ""], ("ab", None)),
    "undecided fragments": ([("undecided", "a"), ("undecided", "a"), ("undecided", "b"), ("reveal", "b")], ["a", "", None, "ab"], ("aab", None)),
    "undecided, for ever": ([("undecided", "a"), ("undecided", "ab"), ("undecided", "c"), ("reveal", "c"), ("fragment", "d")], ["a", "b", None, "c", "d"], ("abcd", "aabcd")),
    "undecided behind a whole": ([("whole", "ab"), ("undecided", "ab"), ("undecided", "c"), ("reveal", "c")], ["ab", "", None, "abc"], ("ababc", None)),
    "another text was revealed": ([("undecided", "a"), ("undecided", "a"), ("reveal", None)], ["a", "", "a"], ("aa", None)),
    "another text was revealed, this one grows": ([("undecided", "a"), ("undecided", "ab"), ("reveal", None)], ["a", "b", ""], ("ab", None)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_what_is_new_is_handed_out(name):
    calls, handed_out, end = CALLS[name]
    text = GrowingText()
    assert [getattr(text, method)(argument) for method, argument in calls] == handed_out
    assert (text.sent, text.rewritten) == end


@given(
    st.lists(
        st.tuples(st.sampled_from(["whole", "fragment", "completing"]), st.text("ab", max_size=4))
    )
)
def test_what_was_handed_out_is_what_was_sent(calls):
    text = GrowingText()
    assert "".join(getattr(text, method)(argument) for method, argument in calls) == text.sent


def test_long_texts_are_not_kept_to_be_revealed():
    text = GrowingText()
    long = "x" * UNDECIDED_CHARS
    assert text.undecided(long) == long
    assert text.undecided(long + "y") == "y"
    assert text.undecided("z") is None
    assert text.reveal("z") == "z"
    assert (text.sent, text.rewritten) == (long + "yz", "z")
