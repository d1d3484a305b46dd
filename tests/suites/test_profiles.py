from __future__ import annotations

import pytest

from glmbench.suites.nodes import Node
from glmbench.suites.profiles import Profile, positive, read_duration, read_profiles, read_timing
from glmbench.suites.rates import Rate
from glmbench.yamlsource import parse


def node(source):
    document = parse(source, "s")
    return Node(document, (), document.value, [])


def read(reader, source):
    """Read one value; what it is, or the messages why it is none."""
    root = node(f"{{x: {source}}}").child("x")
    value = reader(root)
    return [problem.message for problem in root.problems] or value


def test_a_profile_can_say_how_a_run_goes_in_every_way():
    root = node("""\
full:
  mode: live
  timing: 2x
  tags: [a, b]
  not_tags: c
  repeat: 3
  concurrency: 4
  rate: 2/s
  max_requests: 5
  max_time: 2min
  timeout: 30
  retries: 0
  warmup: 1
  fail_fast: true
  strict: false
""")
    assert read_profiles(root) == {
        "full": Profile(
            mode="live",
            timing="2x",
            tags=("a", "b"),
            not_tags=("c",),
            repeat=3,
            concurrency=4,
            rate=Rate(count=2, per_s=1),
            max_requests=5,
            max_time_s=120.0,
            timeout_s=30.0,
            retries=0,
            warmup=1,
            fail_fast=True,
            strict=False,
        )
    }
    assert root.problems == []


def test_what_a_profile_does_not_say_it_leaves_to_others():
    assert read_profiles(node("{ci: {}}")) == {"ci": Profile()}


@pytest.mark.parametrize("pace", ["recorded", "instant", "1x", "0.5x", "100x"])
def test_a_pace_is_a_word_or_a_speed(pace):
    assert read(read_timing, pace) == pace


@pytest.mark.parametrize("pace", ["0x", "0.0x", "x", "1", "-1x", "1e3x", "fast", "1234567x"])
def test_any_other_pace_is_refused(pace):
    assert read(read_timing, f"'{pace}'") == [f'"{pace}" is no pace of a replay']


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0.001", 0.001), ("86400", 86400.0), ("90s", 90.0), ("1440min", 86400.0)],
)
def test_a_duration_is_a_number_of_seconds_or_has_a_unit(written, seconds):
    assert read(read_duration, written) == seconds


@pytest.mark.parametrize("written", ["0", "-1", "86401", "1441min", ".inf", ".nan", "0s"])
def test_a_duration_is_longer_than_nothing_and_at_most_a_day(written):
    assert read(read_duration, written) == ['"x" must be longer than nothing and at most a day']


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("0", '"x" must be at least 1'),
        ("-3", '"x" must be at least 1'),
        ("1.0", '"x" must be a whole number, found the number 1.0'),
        ("false", '"x" must be a whole number, found false'),
    ],
)
def test_a_wrong_count_is_told_once(written, message):
    assert read(positive, written) == [message]
