"""What became of the cassettes: a line when all is well, else a table."""

from __future__ import annotations

from typing import get_args

from results.support import make_trial

from glmbench.cassettes.verdict import Verdict
from glmbench.report.style import Style
from glmbench.report.verdicts import render_verdicts, verdict_line

VERBOSE = Style(verbosity=1)


def test_nothing_but_hits_are_a_line():
    trials = [make_trial(), make_trial(case="two"), make_trial(case="off", cassette=None)]
    assert verdict_line(trials) == "Cassettes: 2 HIT"
    assert render_verdicts(trials) == ""


def test_a_live_run_has_nothing_to_say_of_cassettes():
    trials = [make_trial(verdict="LIVE")]
    assert (verdict_line(trials), render_verdicts(trials)) == ("", "")


def test_other_verdicts_are_counted_with_who_answered():
    trials = [
        make_trial(verdict="RECORDED"),
        make_trial(case="b"),
        make_trial(case="c", origin="emulator"),
        make_trial(case="d", origin="emulator"),
        make_trial(case="e", verdict="MISS", origin=None),
    ]
    assert verdict_line(trials) == ""
    assert render_verdicts(trials).splitlines() == [
        "Cassettes",
        "verdict   trials  answered by",
        "--------  ------  ------------  -------------------------",
        "HIT            2  the emulator  played as it was recorded",
        "HIT            1  a service     played as it was recorded",
        "MISS           1  -             there is no recording",
        "RECORDED       1  a service     recorded in this run",
    ]


def test_asked_for_more_the_table_is_drawn_in_any_case():
    assert render_verdicts([make_trial()], VERBOSE).splitlines()[3].split()[:2] == ["HIT", "1"]
    assert render_verdicts([make_trial(cassette=None)], VERBOSE) == ""


def test_every_verdict_has_its_meaning():
    for verdict in get_args(Verdict):
        drawn = render_verdicts([make_trial(verdict=verdict)], VERBOSE)
        assert drawn.splitlines()[3].startswith(verdict)
