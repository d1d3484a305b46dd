"""A comparison as text: what it says, in which order, and within 80 columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wcwidth import wcswidth

from glmbench.comparison.model import Change, Comparison, Pair
from glmbench.report.comparison import render_comparison
from glmbench.report.style import Style

VERBOSE, QUIET = Style(verbosity=1), Style(verbosity=-1)
SLOWER = Change(
    metric="ttft",
    title="first token (ttft)",
    unit="s",
    n_base=10,
    n_head=10,
    base=0.412,
    head=0.64,
    shift=0.228,
    low=0.181,
    high=0.26,
    relative=0.228 / 0.412,
    p=0.0016,
    verdict="regressed",
)
STEADY = replace(
    SLOWER,
    head=0.413,
    shift=0.001,
    low=-0.004,
    high=0.006,
    relative=0.002,
    p=1.0,
    verdict="no change",
)
NOISY = replace(STEADY, low=-0.08, high=0.11, p=0.4713, verdict="within noise")
UNKNOWN = replace(
    STEADY, n_base=2, n_head=1, low=None, high=None, p=None, verdict="cannot tell", note="too few"
)
RATE = replace(
    SLOWER,
    metric="decode_tps",
    title="tokens/s while decoding",
    unit="per_s",
    base=32.0,
    head=40.0,
    shift=8.0,
    low=7.0,
    high=9.0,
    relative=0.25,
    p=0.00018,
    verdict="improved",
)


def pair(*changes, case="one", **own):
    usual = {
        "suite": "small",
        "case": case,
        "model": "glm-4",
        "changes": changes,
        "base_passed": 10,
        "base_trials": 10,
        "head_passed": 10,
        "head_trials": 10,
        "base_status": "passed",
        "head_status": "passed",
        "base_finish": (("stop", 10),),
        "head_finish": (("stop", 10),),
        "content": "same",
        "content_note": "",
        "verdict": "no change",
    }
    return Pair(**{**usual, **own})


def drawn(*pairs, style=VERBOSE, **changes):
    return render_comparison(Comparison(pairs=pairs, **changes), style).splitlines()


def starting(lines, word):
    """Return the sentences that begin so, each with its further lines."""
    joined = "\n".join(lines).replace("\n  ", " ").splitlines()
    return [line for line in joined if line.startswith(word)]


def test_a_whole_comparison_reads_from_what_counts_to_what_is_known():
    failing = pair(
        STEADY,
        case="two",
        head_passed=7,
        head_status="failed",
        head_finish=(("stop", 7), ("length", 3)),
        content="varies",
    )
    comparison = Comparison(
        pairs=(pair(SLOWER, RATE), failing),
        only_base=("small/three@glm-4",),
        notes=("head was interrupted, and what it had not run yet is not compared",),
        regressions=(
            "small/one@glm-4: first token (ttft) 412 ms, now 640 ms (+55%)",
            "small/two@glm-4: passed 10 of 10, now 7 of 10",
        ),
        improvements=("small/one@glm-4: tokens/s while decoding 32.0, now 40.0 (+25%)",),
        tested=3,
    )
    assert render_comparison(comparison).splitlines() == [
        "First token (ttft)",
        "case   n    base    head  delta     interval      p  verdict",
        "----  --  ------  ------  -----  -----------  -----  ---------",
        "one   10  412 ms  640 ms   +55%  +44 to +63%  0.002  regressed",
        "1 more without a change that counts",
        "",
        "Tokens/s while decoding",
        "case   n  base  head  delta     interval       p  verdict",
        "----  --  ----  ----  -----  -----------  ------  --------",
        "one   10  32.0  40.0   +25%  +22 to +28%  <0.001  improved",
        "",
        "base and head are medians; delta and its 95% interval are the shift between the",
        "  two (Hodges-Lehmann) in percent of the base; p is that of Mann and Whitney,",
        "  corrected for 3 comparisons (Holm).",
        "",
        "Regressed: small/one@glm-4: first token (ttft) 412 ms, now 640 ms (+55%)",
        "Regressed: small/two@glm-4: passed 10 of 10, now 7 of 10",
        "",
        "Improved: small/one@glm-4: tokens/s while decoding 32.0, now 40.0 (+25%)",
        "",
        "Finish: small/two@glm-4: stop, now 7 x stop and 3 x length.",
        "Text: differs between repeats and is not compared: small/two@glm-4.",
        "",
        "Only in base: small/three@glm-4.",
        "Note: head was interrupted, and what it had not run yet is not compared.",
        "",
        "2 cases compared, 3 figures: 1 regressed, 1 improved, 1 no change. 1 case no",
        "  longer passed.",
    ]


@pytest.mark.parametrize(
    ("change", "row"),
    [
        (STEADY, "one   10  412 ms  413 ms      0%  -1 to +1%  1.000  no change"),
        (NOISY, "one   10  412 ms  413 ms      0%  -19 to +27%  0.471  within noise"),
        (UNKNOWN, "one   2/1  412 ms  413 ms      0%         -  -  cannot tell"),
        (replace(UNKNOWN, base=None, relative=None), "one 2/1 - 413 ms - - - cannot tell"),
        (
            replace(SLOWER, base=0.0, relative=None),
            "one 10 0.00 ms 640 ms - - 0.002 regressed",
        ),
    ],
)
def test_each_verdict_has_its_row(change, row):
    assert drawn(pair(change))[3].split() == row.split()


def test_what_did_not_change_is_counted_and_drawn_only_when_asked_for():
    pairs = [pair(SLOWER), *(pair(STEADY, case=f"case-{n}") for n in range(30))]
    assert drawn(*pairs, style=Style())[3:5] == [
        "one   10  412 ms  640 ms   +55%  +44 to +63%  0.002  regressed",
        "30 more without a change that counts",
    ]
    assert sum("no change" in line for line in drawn(*pairs)) == 30 + 1


def test_a_metric_without_a_change_has_no_table():
    assert drawn(pair(STEADY), style=Style()) == ["1 case compared, 1 figure: 1 no change."]


def test_open_verdicts_are_drawn_while_they_are_few():
    few = [pair(NOISY, case=f"case-{n}") for n in range(10)]
    many = [*few, pair(NOISY, case="another")]
    assert sum("within noise" in line for line in drawn(*few, style=Style())) == 10 + 1
    assert drawn(*many, style=Style()) == ["11 cases compared, 11 figures: 11 within noise."]


def test_figures_that_cannot_be_told_are_said_once_for_each_reason():
    lines = drawn(
        pair(UNKNOWN, case="one"),
        pair(UNKNOWN, RATE, case="two"),
        pair(replace(UNKNOWN, note="nothing was measured in head"), case="three"),
    )
    assert starting(lines, "Cannot tell") == [
        "Cannot tell: small/one@glm-4, small/two@glm-4 (ttft): too few.",
        "Cannot tell: small/three@glm-4: nothing was measured in head.",
    ]


def test_long_lists_are_cut_unless_everything_is_asked_for():
    names = tuple(f"c{n}" for n in range(6))
    assert starting(drawn(only_head=names, style=Style()), "Only") == [
        "Only in head: c0, c1, c2, and 3 more."
    ]
    assert starting(drawn(only_head=names), "Only") == ["Only in head: c0, c1, c2, c3, c4, c5."]


def test_many_changed_texts_are_cut_too():
    pairs = [pair(case=f"c{n}", content="changed", content_note="here") for n in range(14)]
    told = starting(drawn(*pairs, style=Style()), "Text")
    assert told[9:] == ["Text: small/c9@glm-4: here.", "Text: 4 more are different."]
    assert len(starting(drawn(*pairs), "Text")) == 14


def test_a_case_that_passes_less_often_without_failing_is_told():
    flaky = pair(head_passed=9, head_status="flaky")
    assert starting(drawn(flaky), "Passed") == [
        "Passed: small/one@glm-4: 10 of 10, now 9 of 10 (flaky)."
    ]
    assert starting(drawn(pair(head_passed=5, head_trials=5)), "Passed") == []


def test_names_have_what_tells_them_apart():
    lines = drawn(pair(SLOWER), pair(SLOWER, suite="other", model="glm-4.5"))
    assert [line.split()[0] for line in lines[3:5]] == ["small/one@glm-4", "other/one@glm-4.5"]


def test_nothing_in_common_says_so():
    assert drawn() == ["Nothing to compare: no case was run in both results."]


def test_quietly_there_are_regressions_and_a_count():
    lines = drawn(pair(SLOWER), style=QUIET, regressions=("it is slow",), notes=("a note",))
    assert lines == [
        "Regressed: it is slow",
        "",
        "1 case compared, 1 figure: 1 regressed.",
    ]


def test_long_and_wide_names_keep_their_end_and_the_table_80_columns():
    worst = replace(
        NOISY, n_base=100, n_head=100, base=125.0, head=126.0, low=-120.0, high=150.0, p=0.0001
    )
    lines = drawn(pair(worst, case="长" * 40 + ".12"), pair(worst, case="a" * 90 + ".13"))
    assert max(map(wcswidth, lines)) <= 80
    assert [line.split()[0][-4:] for line in lines[3:5]] == ["长.12", "a.13"]


def test_nothing_of_a_service_steers_the_terminal_or_a_build_server():
    hostile = pair(
        SLOWER, case="::error::\x1b[31m", content="changed", content_note="::error::\x1b]0;x"
    )
    text = "\n".join(drawn(hostile, notes=("\x1b[2J",)))
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_another_format_of_tables_goes_through():
    lines = drawn(pair(SLOWER), style=Style(table_format="github"))
    assert lines[2].replace(" ", "") == "|case|n|base|head|delta|interval|p|verdict|"
