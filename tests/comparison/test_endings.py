"""How trials ended and what they said, side by side."""

from __future__ import annotations

import pytest
from results.support import make_trial, make_turn

from glmbench.comparison.endings import compare_content, count_endings
from glmbench.results.model import ErrorOutcome


def said(*texts):
    return [make_trial(text=text, repeat=n) for n, text in enumerate(texts, start=1)]


def conversation(*texts):
    return [make_trial(text=texts[0], turns=tuple(make_turn(text=text) for text in texts))]


def failed(kind):
    return make_trial(finish_reason=None, error=ErrorOutcome(type=kind))


def test_endings_are_counted_the_most_frequent_first_and_then_by_name():
    trials = [
        make_trial(finish_reason="length"),
        failed("RateLimitedError"),
        make_trial(),
        make_trial(),
        make_trial(finish_reason=None),
        failed("ForeignError"),
    ]
    assert count_endings(trials) == (
        ("stop", 2),
        ("ForeignError", 1),
        ("RateLimited", 1),
        ("length", 1),
        ("no finish", 1),
    )


def test_a_conversation_ends_as_its_turns_did():
    turns = (make_turn(), make_turn(finish_reason="length"))
    assert count_endings([make_trial(turns=turns)]) == (("stop, length", 1),)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (said("a"), said("a")),
        (said("a"), said("a", "a", "a")),
        (said("a", "b"), said("b", "a")),
        (conversation("a", "b"), conversation("a", "b")),
    ],
)
def test_the_same_texts_are_the_same_in_any_order_and_number(base, head):
    assert compare_content(base, head) == ("same", "")


def test_a_changed_text_is_shown_where_it_parts():
    assert compare_content(said("One, two"), said("One, three", "One, three")) == (
        "changed",
        'from character 7: "One, two", now "One, three"',
    )


def test_a_changed_conversation_says_in_which_turn():
    assert compare_content(conversation("a", "b"), conversation("a", "c")) == (
        "changed",
        'turn 2, from character 1: "b", now "c"',
    )


def test_a_turn_that_is_missing_is_an_empty_text():
    assert compare_content(conversation("a", "b"), conversation("a")) == (
        "changed",
        'turn 2, from character 1: "b", now ""',
    )


def test_what_is_shown_of_long_texts_is_bounded():
    _, note = compare_content(said("x" * 5000 + "a"), said("x" * 5000 + "b"))
    assert note == f'from character 5001: "…{"x" * 79}a", now "…{"x" * 79}b"'


def test_texts_that_differ_from_repeat_to_repeat_are_not_compared():
    assert compare_content(said("a", "a"), said("a", "b", "c")) == (
        "varies",
        "1 different in 2 of base, 3 in 3 of head",
    )
