"""What a pair says of itself."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from glmbench.comparison.model import Pair, correctness, share_of


def pair(base_finish, head_finish):
    return Pair(
        suite="small",
        case="one",
        model="glm-4",
        changes=(),
        base_passed=1,
        base_trials=1,
        head_passed=0,
        head_trials=1,
        base_status="passed",
        head_status="failed",
        base_finish=base_finish,
        head_finish=head_finish,
        content="same",
        content_note="",
        verdict="regressed",
    )


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        ("passed", "passed", "no change"),
        ("passed", "flaky", "no change"),
        ("passed", "failed", "regressed"),
        ("flaky", "failed", "regressed"),
        ("failed", "failed", "no change"),
        ("failed", "flaky", "improved"),
        ("failed", "passed", "improved"),
    ],
)
def test_correctness_is_what_fails(base, head, verdict):
    assert correctness(base, head) == verdict


def test_a_pair_has_the_name_of_its_trials_without_a_number():
    assert pair((), ()).name == "small/one@glm-4"
    assert pair((), ()).correctness == "regressed"


@pytest.mark.parametrize(
    ("base", "head", "changed"),
    [((2, 2), (5, 5), False), ((2, 4), (5, 10), False), ((2, 4), (4, 4), True)],
)
def test_the_share_that_passed_counts_and_not_the_number(base, head, changed):
    counted = dict(zip(("base_passed", "base_trials"), base, strict=True))
    counted |= dict(zip(("head_passed", "head_trials"), head, strict=True))
    assert replace(pair((), ()), **counted).share_changed is changed


def test_the_shares_of_endings_count_and_not_their_numbers():
    assert not pair((("stop", 10),), (("stop", 5),)).finish_changed
    assert not pair((("stop", 4), ("length", 2)), (("stop", 2), ("length", 1))).finish_changed
    assert pair((("stop", 4), ("length", 2)), (("stop", 4), ("length", 1))).finish_changed
    assert pair((("stop", 1),), (("length", 1),)).finish_changed


@pytest.mark.parametrize(
    ("shift", "base", "share"),
    [
        (0.1, 0.4, 0.25),
        (-0.2, 0.4, -0.5),
        (0.0, 0.4, 0.0),
        (None, 0.4, None),
        (0.1, None, None),
        (0.1, 0.0, None),
        (1.0, 1e-320, None),
        (-math.inf, 0.4, None),
    ],
)
def test_a_shift_is_a_share_of_its_base_where_there_is_one(shift, base, share):
    assert share_of(shift, base) == share
