"""The command line goes before the profile, the profile before the suite, the suite before all."""

from __future__ import annotations

from dataclasses import fields

import pytest
from running.runs import plans

from glmbench.errors import SuiteError, UsageError
from glmbench.running.asked import Asked, settle
from glmbench.running.plan import load_plan
from glmbench.running.stage import Settings
from glmbench.suites.expand import Choices
from glmbench.suites.faults import parse_fault
from glmbench.suites.profiles import Profile
from glmbench.suites.rates import Rate

SUITE = """
version: 1
name: small
provider: chatglm
{more}
cases:
  - {{id: one, prompt: hi, tags: [short], repeat: 2, timeout: 20}}
  - {{id: two, prompt: hi, tags: [long]}}
"""

# option: (its default, what the profile says, how it reads, what the command line says)
OPTIONS = {
    "timing": ("recorded", "2x", "2x", "4x"),
    "concurrency": (1, "8", 8, 4),
    "rate": (None, "10/m", Rate(count=10, per_s=60), Rate(count=1, per_s=1)),
    "max_requests": (None, "20", 20, 5),
    "max_time_s": (None, "10min", 600.0, 60.0),
    "retries": (0, "2", 2, 1),
    "warmup": (0, "3", 3, 1),
    "fail_fast": (False, "true", True, False),
    "strict": (False, "true", True, False),
}


def profile(option, said):
    return f"profiles: {{own: {{mode: live, {option.removesuffix('_s')}: {said}}}}}"


def test_the_table_has_every_setting_that_a_profile_may_have():
    common = {field.name for field in fields(Settings)} & {field.name for field in fields(Profile)}
    assert common == {*OPTIONS, "mode"}


@pytest.mark.parametrize(("option", "row"), OPTIONS.items())
def test_the_command_line_goes_before_the_profile_and_the_profile_before_the_default(
    tmp_path, option, row
):
    default, said, from_profile, from_command_line = row
    (suite,) = plans(tmp_path, SUITE.format(more=profile(option, said)), profile="own")
    (plain,) = plans(tmp_path, SUITE.format(more=""), mode="live")
    asked = Asked(mode="live", **{option: from_command_line})
    assert getattr(settle(Asked(mode="live"), plain), option) == default
    assert getattr(settle(Asked(), suite), option) == from_profile
    assert getattr(settle(asked, suite), option) == from_command_line


@pytest.mark.parametrize(
    ("profile", "asked", "timing"), [(None, None, "2x"), ("own", None, "3x"), ("own", "4x", "4x")]
)
def test_the_suites_own_pace_goes_before_the_default(tmp_path, profile, asked, timing):
    more = "cassettes: {dir: c, timing: 2x}\nprofiles: {own: {timing: 3x}}"
    (suite,) = plans(tmp_path, SUITE.format(more=more), profile=profile)
    assert settle(Asked(timing=asked), suite).timing == timing


@pytest.mark.parametrize(
    ("profile", "mode", "chosen"),
    [
        (None, None, "replay"),
        ("own", None, "live"),
        ("own", "record", "record"),
        ("own", "replay", "replay"),
        (None, "refresh", "refresh"),
    ],
)
def test_the_mode_of_the_command_line_goes_before_that_of_the_profile(
    tmp_path, profile, mode, chosen
):
    more = "profiles: {own: {mode: live}}"
    (suite,) = plans(tmp_path, SUITE.format(more=more), profile=profile, mode=mode)
    assert settle(Asked(mode=mode), suite).mode == chosen


@pytest.mark.parametrize(
    ("profile", "choices", "repeats", "timeouts"),
    [
        (None, Choices(), (2, 1), (20.0, None)),
        ("own", Choices(), (3, 3), (90.0, 90.0)),
        ("own", Choices(repeat=4, timeout=5.0), (4, 4), (5.0, 5.0)),
        (None, Choices(repeat=1), (1, 1), (20.0, None)),
    ],
)
def test_repeats_and_deadlines_go_by_the_same_order(tmp_path, profile, choices, repeats, timeouts):
    more = "profiles: {own: {repeat: 3, timeout: 90s}}"
    (suite,) = plans(tmp_path, SUITE.format(more=more), profile=profile, choices=choices)
    cases = {name: [t for t in suite.trials if t.name == name] for name in ("one", "two")}
    assert tuple(len(trials) for trials in cases.values()) == repeats
    assert tuple(trials[0].timeout for trials in cases.values()) == timeouts


@pytest.mark.parametrize(
    ("mode", "asked", "message"),
    [
        ("replay", {"connect_to": ("h", 1)}, "--connect-to needs --mode record, refresh or live"),
        ("replay", {"force": True}, "--force needs --mode record or refresh"),
        ("live", {"force": True}, "--force needs --mode record or refresh"),
        ("replay", {"warmup": 1}, "--warmup needs --mode record, refresh or live"),
        (
            "live",
            {"fault": parse_fault("{refuse: true}")},
            "--fault and --reframe need recordings: leave --mode away",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, mode, asked, message):
    (suite,) = plans(tmp_path, SUITE.format(more=""), mode=mode)
    with pytest.raises(UsageError, match=f"^{message}$"):
        settle(Asked(mode=mode, **asked), suite)


def test_a_limit_of_the_command_line_is_one_of_the_whole_run(tmp_path):
    more = "profiles: {own: {mode: live, max_requests: 3, max_time: 60s}}"
    (suite,) = plans(tmp_path, SUITE.format(more=more), profile="own")
    assert settle(Asked(), suite).of_run == frozenset()
    assert settle(Asked(max_requests=5), suite).of_run == {"max_requests"}
    assert settle(Asked(max_time_s=5.0), suite).of_run == {"max_time_s"}


def test_a_profile_for_live_runs_may_be_replayed(tmp_path):
    (suite,) = plans(
        tmp_path, SUITE.format(more=profile("warmup", "2")), profile="own", mode="replay"
    )
    assert settle(Asked(mode="replay"), suite).mode == "replay"


def test_a_suite_without_the_profile_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(SuiteError, match='the suite has no profile "onw"'):
        plans(tmp_path, SUITE.format(more="profiles: {own: {}}"), profile="onw")
    assert load_plan([tmp_path / "suite.yaml"]).problems == ()
