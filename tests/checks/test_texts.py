from __future__ import annotations

import pytest
from checks.turns import answer, turn, verdicts

from glmbench.parts import FinishReason, Reasoning
from glmbench.suites.expect import Expect, TextExpect


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TextExpect(contains=("ell",)), ("text.contains", "passed", '"ell"', '"Hello"')),
        (TextExpect(contains=("Hex",)), ("text.contains", "failed", '"Hex"', '"Hello"')),
        (TextExpect(equals="Hello"), ("text.equals", "passed", '"Hello"', '"Hello"')),
        (TextExpect(equals="Hello "), ("text.equals", "failed", '"Hello "', '"Hello"')),
        (TextExpect(matches="l+o$"), ("text.matches", "passed", "l+o$", '"Hello"')),
        (TextExpect(matches="^ello"), ("text.matches", "failed", "^ello", '"Hello"')),
        (TextExpect(not_matches="^l"), ("text.not_matches", "passed", "no ^l", '"Hello"')),
        (TextExpect(not_matches="l"), ("text.not_matches", "failed", "no l", '"Hello"')),
        (TextExpect(contains_all=("H",)), ("text.contains_all", "passed", '"H"', '"Hello"')),
        (
            TextExpect(contains_any=("x", "o")),
            ("text.contains_any", "passed", '"x" or "o"', '"Hello"'),
        ),
        (TextExpect(contains_any=("x",)), ("text.contains_any", "failed", '"x"', '"Hello"')),
        (TextExpect(not_contains=("x",)), ("text.not_contains", "passed", 'no "x"', '"Hello"')),
        (TextExpect(not_contains=("l",)), ("text.not_contains", "failed", 'no "l"', '"Hello"')),
        (TextExpect(starts_with="He"), ("text.starts_with", "passed", '"He"', '"Hello"')),
        (TextExpect(starts_with="he"), ("text.starts_with", "failed", '"he"', '"Hello"')),
        (TextExpect(ends_with="lo"), ("text.ends_with", "passed", '"lo"', '"Hello"')),
        (TextExpect(ends_with="lo!"), ("text.ends_with", "failed", '"lo!"', '"Hello"')),
        (
            TextExpect(min_length=5),
            ("text.min_length", "passed", ">= 5 characters", "5 characters"),
        ),
        (
            TextExpect(min_length=6),
            ("text.min_length", "failed", ">= 6 characters", "5 characters"),
        ),
        (
            TextExpect(max_length=5),
            ("text.max_length", "passed", "<= 5 characters", "5 characters"),
        ),
        (
            TextExpect(max_length=4),
            ("text.max_length", "failed", "<= 4 characters", "5 characters"),
        ),
    ],
)
def test_text_is_compared_as_it_is(text, verdict):
    assert verdicts(Expect(text=text), answer()) == [verdict]


def test_reasoning_is_not_text():
    observation = turn(Reasoning("secret"), "x", FinishReason("stop"))
    [(_, status, _, got)] = verdicts(Expect(text=TextExpect(contains=("secret",))), observation)
    assert (status, got) == ("failed", '"x"')


def test_each_of_several_words_has_its_own_verdict():
    expect = Expect(text=TextExpect(contains=("a", "z")))
    assert [status for _, status, _, _ in verdicts(expect, answer("abc"))] == ["passed", "failed"]


def test_a_long_answer_is_shown_where_it_differs():
    long = "a" * 300
    [(_, _, expected, got)] = verdicts(
        Expect(text=TextExpect(equals=long + "b" + long)), answer(long + "c" + long)
    )
    assert expected == '"…' + "a" * 40 + "b" + "a" * 39 + '…"'
    assert got == '"…' + "a" * 40 + "c" + "a" * 39 + '…"'


def test_a_long_answer_is_shown_where_the_word_nearly_stands():
    text = "x" * 300 + "Beijng" + "x" * 300
    [(_, status, _, got)] = verdicts(Expect(text=TextExpect(contains=("Beijing",))), answer(text))
    assert status == "failed"
    assert "Beijng" in got


def test_a_runaway_pattern_fails_and_says_so(monkeypatch):
    monkeypatch.setattr("glmbench.checks.texts.DEADLINE_S", 0.05)
    expect = Expect(text=TextExpect(matches="(?:a|aa)+$"))
    assert verdicts(expect, answer("a" * 60 + "b")) == [
        (
            "text.matches",
            "failed",
            "(?:a|aa)+$",
            "the pattern gave no answer within 0.05 s on 61 characters",
        )
    ]


def test_reasoning_is_judged_like_text():
    expect = Expect(reasoning=TextExpect(starts_with="a", max_length=1))
    assert verdicts(expect, turn(Reasoning("a"), Reasoning("b"), "x")) == [
        ("reasoning.starts_with", "passed", '"a"', '"ab"'),
        ("reasoning.max_length", "failed", "<= 1 characters", "2 characters"),
    ]


@pytest.mark.parametrize(
    ("text", "around"),
    [
        (TextExpect(ends_with="x" * 50 + "c" + "d" * 99), "Q"),
        (TextExpect(not_contains=("Q",)), "Q"),
        (TextExpect(not_matches="Q"), "Q"),
        (TextExpect(contains_any=("none", "Q")), "Q"),
    ],
)
def test_a_long_answer_is_shown_where_the_check_looked(text, around):
    [(_, _, _, got)] = verdicts(Expect(text=text), answer("x" * 300 + "Q" + "d" * 99))
    assert around in got
    assert len(got) == 84
