"""Weak figures and old recordings are said in words."""

from __future__ import annotations

from results.support import make_trial

from glmbench.measure.timing import Timing
from glmbench.results.warnings import find_warnings


def found(trials, too_old_s=None):
    return [(w.trials, w.words.split(":")[0]) for w in find_warnings(trials, too_old_s or {})]


def test_each_weakness_names_its_trials():
    trials = [
        make_trial(case="a", timing=Timing(source="none")),
        make_trial(case="b", timing=Timing(source="live", paused=True)),
        make_trial(case="c", timing=Timing(source="live", events_per_read=1.6)),
        make_trial(case="d", rewritten="another text"),
    ]
    assert found(trials, {"small/e@glm-4@1": 100 * 86_400}) == [
        (("small/a@glm-4@1",), "no timing"),
        (
            ("small/b@glm-4@1",),
            "the reader was so slow that the transport was paused",
        ),
        (("small/c@glm-4@1",), "several events share a read"),
        (
            ("small/d@glm-4@1",),
            "the service rewrote its answer at the end; the text shown is what was streamed",
        ),
        (
            ("small/e@glm-4@1",),
            "recorded up to 100 days ago, which is older than the suite's max_age",
        ),
    ]


def test_what_was_asked_for_is_no_weakness():
    trials = [
        make_trial(timing=Timing(source="none"), fault="{refuse: true}"),
        make_trial(timing=Timing(source="edited", events_per_read=9.0), reframe="whole"),
        make_trial(timing=Timing(source="recorded", events_per_read=1.5)),
    ]
    assert found(trials) == []


def test_a_trial_that_gave_no_answer_is_not_called_weak():
    assert found([make_trial(status="error", timing=Timing(source="none"))]) == []
