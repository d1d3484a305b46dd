"""What only the plan knows to be wrong: thresholds without a sample, variables that are unset."""

from __future__ import annotations

import pytest
from running.runs import plans

from glmbench.errors import SuiteError, UsageError
from glmbench.running.stage import make_redactor
from glmbench.suites.expand import Choices

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {{id: one, prompt: hi, tags: [short]}}
  - {{id: two, prompt: hi, repeat: 9}}
  - {{id: skipped, prompt: hi, skip: not now, repeat: 9}}
  - {{id: faulty, prompt: hi, fault: {{refuse: true}}, repeat: 9}}
thresholds:
  - {threshold}
"""


def problem_of(folder, threshold, **request):
    """Return the problem that loading ends with, without its source line; None without one."""
    try:
        plans(folder, SUITE.format(threshold=threshold), **request)
    except SuiteError as error:
        return str(error).splitlines()[0].split("suite.yaml:")[1]
    return None


@pytest.mark.parametrize(
    ("threshold", "request_", "problem"),
    [
        pytest.param("p90(ttft) < 2s", {"mode": "live"}, None, id="just enough"),
        pytest.param(
            "p95(ttft) < 2s",
            {"mode": "live"},
            "11:5: p95 needs a sample of at least 20, and the selection has 10",
            id="too few",
        ),
        pytest.param(
            "p95(ttft) < 2s",
            {"mode": "live", "choices": Choices(repeat=10)},
            None,
            id="repeats of the command line count",
        ),
        pytest.param(
            "{check: p90(ttft) < 2s, where: {tag: short}}",
            {"mode": "live"},
            "11:5: p90 needs a sample of at least 10, and the selection has 1",
            id="only those with the tag count",
        ),
        pytest.param("p99(ttft) < 2s", {"mode": "replay"}, None, id="ignored in replay"),
        pytest.param("p99(ttft) < 2s", {}, None, id="replay is the default"),
        pytest.param(
            "{check: p99(ttft) < 2s, when: replay}",
            {"mode": "replay"},
            "11:5: p99 needs a sample of at least 100, and the selection has 10",
            id="judged in replay",
        ),
        pytest.param(
            "{check: p99(ttft) < 2s, when: replay}", {"mode": "live"}, None, id="ignored live"
        ),
        pytest.param(
            "{check: p99(ttft) < 2s, when: replay}",
            {"mode": "record"},
            "11:5: p99 needs a sample of at least 100, and the selection has 10",
            id="some may be replayed while recording",
        ),
        pytest.param(
            "p99(ttft) < 2s",
            {"mode": "refresh"},
            "11:5: p99 needs a sample of at least 100, and the selection has 10",
            id="all are live in a refresh",
        ),
        pytest.param("max(ttft) < 2s", {"mode": "live"}, None, id="no percentile"),
    ],
)
def test_a_percentile_that_this_run_can_never_support_is_refused(
    tmp_path, threshold, request_, problem
):
    assert problem_of(tmp_path, threshold, **request_) == problem


WITH_VARIABLES = """
version: 1
name: small
provider: {name: chatglm, kwargs: {assistant_id: "{{ env.ASSISTANT }}"}}
secrets: {env: [SMALL_KEY]}
env: [CITY, ASSISTANT]
cases:
  - {id: one, prompt: "{{ env.CITY }}, {{ env.SMALL_KEY }}"}
"""


def test_variables_are_filled_in_where_a_run_asks_for_real(tmp_path):
    environ = {"CITY": "Suzhou", "ASSISTANT": "a1", "SMALL_KEY": "0123456789"}
    (suite,) = plans(tmp_path, WITH_VARIABLES, environ=environ, mode="live")
    assert suite.trials[0].prompt == "Suzhou, 0123456789"
    assert suite.kwargs == {"assistant_id": "a1"}
    assert make_redactor(suite, environ).text("0123456789") == "[secret:SMALL_KEY]"


@pytest.mark.parametrize("more", [{}, {"SMALL_KEY": "0123456789"}], ids=["unset", "set"])
def test_a_secret_is_its_placeholder_in_replay_set_or_not(tmp_path, more):
    environ = {"CITY": "Suzhou", "ASSISTANT": "a1", **more}
    (suite,) = plans(tmp_path, WITH_VARIABLES, environ=environ)
    assert suite.trials[0].prompt == "Suzhou, [secret:SMALL_KEY]"


@pytest.mark.parametrize(
    ("mode", "places"),
    [
        ("replay", ["4:50: ASSISTANT", "8:23: CITY"]),
        # The first that is missing in a text is named.
        ("live", ["4:50: ASSISTANT", "8:23: CITY"]),
    ],
)
def test_a_variable_that_is_not_set_is_said_with_its_place(tmp_path, mode, places):
    with pytest.raises(SuiteError) as caught:
        plans(tmp_path, WITH_VARIABLES, mode=mode)
    said = [line for line in str(caught.value).splitlines() if "is not set" in line]
    assert [
        line.split("suite.yaml:")[1].replace("the environment variable ", "").split(" is not")[0]
        for line in said
    ] == places


def test_a_secret_that_is_not_set_is_said_with_its_place_where_a_run_asks_for_real(tmp_path):
    environ = {"CITY": "Suzhou", "ASSISTANT": "a1"}
    with pytest.raises(SuiteError, match="8:23: the environment variable SMALL_KEY is not set"):
        plans(tmp_path, WITH_VARIABLES, environ=environ, mode="live")


WITH_VALUES = """
version: 1
name: small
provider: chatglm
matrix: {lang: [zh]}
cases: [{id: one, prompt: "{{ city }} {{ lang }}", vars: {city: Suzhou}}]
"""


def test_a_value_of_the_command_line_must_be_one_that_a_suite_has(tmp_path):
    for known in ("city", "lang"):
        plans(tmp_path, WITH_VALUES, choices=Choices(vars={known: "x"}))
    with pytest.raises(UsageError, match='^no case has the value "citty"; did you mean "city"?'):
        plans(tmp_path, WITH_VALUES, choices=Choices(vars={"citty": "x"}))


def test_repeats_of_the_command_line_are_counted_before_they_are_made(tmp_path):
    with pytest.raises(SuiteError, match="repeated so often it has 100,000,000 trials"):
        plans(tmp_path, WITH_VALUES, choices=Choices(repeat=100_000_000))


def test_one_fault_of_a_template_is_told_once(tmp_path):
    suite = WITH_VALUES.replace("lang: [zh]", "lang: [zh, en, fr]").replace(
        "{{ city }}", "{{ 1 / 0 }}"
    )
    with pytest.raises(SuiteError) as caught:
        plans(tmp_path, suite)
    assert str(caught.value).count("suite.yaml:") == 1
