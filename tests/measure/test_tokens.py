from __future__ import annotations

import pytest

from glmbench.measure.observation import Observation, StampedPart
from glmbench.measure.tokens import count_output_tokens, estimate_tokens, find_usage, is_fake
from glmbench.parts import Reasoning, Usage


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("你", 1),
        ("你好世界吗", 3),
        ("你好，世界！", 4),  # 6 x 0.6 = 3.6: the punctuation is full-width
        ("カタ한글", 3),  # 4 x 0.6 = 2.4
        ("你好 abcd", 3),  # 2 x 0.6 + 5 x 0.25 = 2.45
        ("😀😀😀😀", 1),
        ("𠀀", 1),
    ],
)
def test_the_estimate_follows_its_declared_rule(text, tokens):
    assert estimate_tokens(text) == tokens


def observation(*parts):
    return Observation(
        source="recorded", parts=tuple(StampedPart(at_us=1, part=part) for part in parts)
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("abcd", Usage(output_tokens=7)), (7, "usage")),
        ((Usage(output_tokens=1), "abcd", Usage(output_tokens=9)), (9, "usage")),
        ((Usage(output_tokens=5), Usage(input_tokens=3)), (5, "usage")),
        (("abcd", Usage(input_tokens=3)), (1, "estimate")),
        ((Reasoning("abcd"), "ab"), (2, "estimate")),
        ((Usage(output_tokens=0),), (0, "usage")),
        (("",), (None, "none")),
        ((), (None, "none")),
    ],
)
def test_the_services_count_goes_before_the_estimate(parts, expected):
    assert count_output_tokens(observation(*parts)) == expected


@pytest.mark.parametrize(
    ("said", "output", "fake"),
    [
        (1, "x" * 76, False),  # 19 tokens by the rule: of so few the rule itself may be wrong
        (1, "x" * 77, True),
        (2, "x" * 80, False),  # a tenth
        (0, "x" * 400, True),
        (9, "x" * 400, True),
        (10, "x" * 400, False),
        (1, "好" * 40, True),
        (None, "x" * 400, False),
        (0, "", False),
    ],
)
def test_less_than_a_tenth_of_the_estimate_is_no_count(said, output, fake):
    assert is_fake(Usage(output_tokens=said), output) is fake


def test_a_fake_count_gives_way_to_the_estimate():
    turn = observation("x" * 400, Usage(input_tokens=1, output_tokens=1))
    assert count_output_tokens(turn) == (100, "estimate")


def test_the_usage_is_the_last_one_that_counts_the_output():
    counted = Usage(output_tokens=5)
    assert find_usage(observation(Usage(output_tokens=1), counted, Usage())) is counted
    only = Usage(input_tokens=3)
    assert find_usage(observation(Usage(), only)) is only
    assert find_usage(observation("x")) is None
