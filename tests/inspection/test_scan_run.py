"""What a run wrote is searched: what it recorded, not what it played, and its own result."""

from __future__ import annotations

from dataclasses import replace

from inspection.leaking import KEY, events, make
from results.support import make_result, make_trial

from glmbench.cassettes.store import save
from glmbench.inspection.scan import scan_run
from glmbench.results.model import Leak
from glmbench.running.plan import Plan, SuitePlan
from glmbench.suites.load import load_suite
from glmbench.suites.profiles import Profile

SUITE = """\
version: 1
name: small
provider: chatglm
secrets: {allow: [%s]}
cases:
  - {id: one, prompt: hello}
"""
WORDS = "looks like an OpenAI-style key (sk-f…, 35 characters)"


def plan_in(folder, allow="nothing at all"):
    (folder / "small.yaml").write_text(SUITE % allow)
    suite = load_suite(folder / "small.yaml").suite
    one = SuitePlan(
        suite=suite,
        shown_path="small.yaml",
        provider=None,
        provider_name="chatglm",
        trials=(),
        lines={},
        kwargs={},
        functions={},
        profile=Profile(),
        mode="replay",
    )
    return Plan(suites=(one,), problems=())


def trial_in(folder, verdict):
    trial = make_trial(verdict=verdict)
    save(folder / trial.cassette.path, [make(events(KEY))])
    return trial


def test_a_recorded_cassette_is_searched(tmp_path):
    trial = trial_in(tmp_path, "RECORDED")
    place = f"{trial.cassette.path}: interaction 1, response body, event 1, $.delta.content"
    searched = scan_run(plan_in(tmp_path), make_result([trial]))
    assert searched.leaks == (Leak(place=place, words=WORDS),)
    assert replace(searched, leaks=()) == make_result([trial])


def test_a_played_cassette_is_not_searched_again(tmp_path):
    result = make_result([trial_in(tmp_path, "HIT")])
    assert scan_run(plan_in(tmp_path), result) == result


def test_the_result_and_its_details_are_searched(tmp_path):
    trial = make_trial(text=f"it is {KEY}")
    result = make_result([trial], details={trial.full_id: f"no {KEY}"})
    assert scan_run(plan_in(tmp_path), result).leaks == (
        Leak(place="the result of small/one@glm-4@1, $.text", words=WORDS),
        Leak(place="the details of small/one@glm-4@1", words=WORDS),
    )


def test_what_the_suite_allows_is_no_finding(tmp_path):
    result = make_result([replace(trial_in(tmp_path, "RECORDED"), text=KEY)])
    assert scan_run(plan_in(tmp_path, allow=KEY), result) == result
