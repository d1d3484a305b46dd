from __future__ import annotations

import pytest
from checks.turns import answer, verdicts

from glmbench.suites.expect import Expect

CONTRACT = "return a bool, a score from 0 to 1, or (verdict, reason)"


def judged(function):
    expect = Expect(python=("my.checks:good",))
    return verdicts(expect, answer(), functions={"my.checks:good": function})


@pytest.mark.parametrize(
    ("returned", "status", "got"),
    [
        (True, "passed", "true"),
        (False, "failed", "false"),
        (1, "passed", "1"),
        (0, "failed", "0"),
        (0.5, "passed", "0.5"),
        (0.49, "failed", "0.49"),
        (1.5, "failed", f"1.5, which is no score: {CONTRACT}"),
        (-1, "failed", f"-1, which is no score: {CONTRACT}"),
        (float("nan"), "failed", f"nan, which is no score: {CONTRACT}"),
        ((True, "as it should be"), "passed", "true: as it should be"),
        ((False, "two\nlines"), "failed", "false: two\\nlines"),
        ((0.75, "near"), "passed", "0.75: near"),
        ((True, ""), "passed", "true"),
        ((True, None), "failed", f"tuple: {CONTRACT}"),
        (("yes", "a"), "failed", f"str: {CONTRACT}: a"),
        (None, "failed", f"NoneType: {CONTRACT}"),
        ("good", "failed", f"str: {CONTRACT}"),
    ],
)
def test_what_a_function_returns_is_judged(returned, status, got):
    assert judged(lambda _: returned) == [("python", status, "my.checks:good", got)]


def test_a_function_gets_the_observation_of_the_turn():
    assert judged(lambda turn: turn.text == "Hello" and turn.finish.reason == "stop") == [
        ("python", "passed", "my.checks:good", "true")
    ]


def test_an_exception_in_a_function_is_a_failed_check_that_shows_it():
    def broken(_):
        raise KeyError("city")

    def silent(_):
        raise LookupError

    assert judged(broken) == [("python", "failed", "my.checks:good", "KeyError: 'city'")]
    assert judged(silent) == [("python", "failed", "my.checks:good", "LookupError")]


def test_a_coroutine_is_refused_and_leaves_no_warning():
    async def later(_):
        return True

    got = f"a coroutine, and nobody awaits it: {CONTRACT}"
    assert judged(later) == [("python", "failed", "my.checks:good", got)]


def test_a_function_that_was_not_imported_fails():
    expect = Expect(python=("a:b", "a:c"))
    found = verdicts(expect, answer(), functions={"a:b": lambda _: True})
    assert found == [
        ("python", "passed", "a:b", "true"),
        ("python", "failed", "a:c", "this function was not imported"),
    ]
