"""A service that has changed its frames has drifted; one that says other words has not."""

from __future__ import annotations

import pytest
from emulation import emulated

from glmbench.errors import UsageError
from glmbench.inspection.drift import find_drift
from glmbench.report.drift import render_drift
from glmbench.results.judge import Exit
from glmbench.running.plan import load_plan
from glmbench.running.runner import run_suites
from glmbench.running.selection import Selection, select
from glmbench.running.stage import Settings

SCRIPT = """
version: 1
defaults: {framing: "2025", first_delay: 5ms, delay: 1ms, piece: 4}
answers:
  - name: one
    prompt: one
    text: A first answer.
  - name: two
    prompt: two
    text: A second answer.
"""

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: one, prompt: one, expect: {text: {contains: first}}}
  - {id: two, prompt: two}
"""


def plan(folder, cases=()):
    path = folder / "suite.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return select(load_plan([path]), Selection(cases=tuple(cases)))


@pytest.fixture
def recorded(tmp_path):
    with emulated(tmp_path, SCRIPT) as address:
        run_suites(plan(tmp_path).suites, Settings(mode="record", connect_to=address), {})
    return tmp_path


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "cassettes").rglob("*.yaml")}


def drift(folder, script, cases=()):
    before = files(folder)
    with emulated(folder, script) as address:
        report = find_drift(plan(folder, cases), connect_to=address)
    assert files(folder) == before
    return report


def test_an_unchanged_service_has_not_drifted(recorded):
    report = drift(recorded, SCRIPT)
    assert report.exit_code == Exit.OK
    assert [d.name for d in report.drifts] == ["small/one@glm-4@1", "small/two@glm-4@1"]
    assert "0 drifted" in render_drift(report)


def test_other_words_are_no_drift_even_where_the_case_fails(recorded):
    report = drift(recorded, SCRIPT.replace("A first answer.", "Something else."))
    assert report.exit_code == Exit.OK
    assert not report.drifts[0].comparison.drifted
    assert report.drifts[0].comparison.differences != ()


def test_another_end_is_drift(recorded):
    changed = SCRIPT.replace(
        "text: A second answer.", "text: A second answer.\n    ending: {kind: intervene}"
    )
    report = drift(recorded, changed)
    assert report.exit_code == Exit.GATE
    assert [d.comparison.drifted for d in report.drifts] == [False, True]
    assert "small/two@glm-4@1" in render_drift(report)


def test_only_the_chosen_cases_are_asked(recorded):
    assert [d.name for d in drift(recorded, SCRIPT, ["two"]).drifts] == ["small/two@glm-4@1"]


def test_what_was_never_recorded_cannot_drift(recorded):
    next((recorded / "cassettes").rglob("one@*")).unlink()
    report = drift(recorded, SCRIPT)
    assert report.exit_code == Exit.CASSETTE
    text = render_drift(report)
    assert "there is no cassettes/small/one@glm-4@1.yaml: record it first" in text
    assert "1 trial could not be compared" in text


def test_a_damaged_recording_is_named(recorded):
    path = next((recorded / "cassettes").rglob("one@*"))
    path.write_text(path.read_text(encoding="utf-8").replace("first", "worst"), encoding="utf-8")
    report = drift(recorded, SCRIPT)
    assert report.exit_code == Exit.CASSETTE
    assert "is damaged" in report.drifts[0].unrecorded


def test_a_recording_that_cannot_be_looked_at_is_named(recorded):
    path = recorded / "suite.yaml"
    path.write_text(f"{SUITE}cassettes: {{dir: {'x' * 300}}}\n", encoding="utf-8")
    with emulated(recorded, SCRIPT) as address:
        report = find_drift(
            select(load_plan([path]), Selection(cases=("one",))), connect_to=address
        )
    assert report.exit_code == Exit.CASSETTE
    assert report.drifts[0].unrecorded == (
        f"{'x' * 300}/one@glm-4@1.yaml cannot be read: File name too long: record it first"
    )


def test_a_service_that_cannot_be_reached_is_the_providers_trouble(recorded):
    with emulated(recorded, SCRIPT) as address:
        pass
    report = find_drift(plan(recorded), connect_to=address)
    assert report.exit_code == Exit.PROVIDER
    assert all(d.unanswered.startswith("ConnectFailedError: ") for d in report.drifts)


def test_a_suite_without_cassettes_has_nothing_to_compare(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE + "cassettes: none\n", encoding="utf-8")
    report = find_drift(load_plan([path]))
    assert (report.drifts, report.exit_code) == ((), Exit.UNMEASURED)
    assert "nothing to compare" in render_drift(report)


def test_an_unknown_case_is_a_usage_error(recorded):
    with pytest.raises(UsageError, match='^no case "onn"; did you mean "one"'):
        plan(recorded, ["onn"])
