"""One trial of a result, drawn like a cassette."""

from __future__ import annotations

from results.support import make_result, make_trial, make_turn
from wcwidth import wcswidth

from glmbench.checks.evaluate import CheckResult
from glmbench.measure.timing import Throughput, Timing
from glmbench.report.trial import find_trials, render_trial
from glmbench.results.model import ErrorOutcome
from glmbench.results.timeline import Timeline

TURN = make_turn(
    text="你好 world",
    reasoning="hm",
    timing=Timing(source="recorded", ttft_s=0.15, total_s=0.5, reads=3, events=4),
    throughput=Throughput(token_source="usage", output_tokens=9, decode_tps=12.5),
    timeline=Timeline(
        reads="100000/30/1/0/0 50000/7/1/3/2 350000/90/2/5/0",
        others=((1, "conversation"), (3, "finish stop (finish)")),
    ),
)


def drawn(trial, **changes):
    return render_trial(make_result([trial], **changes), trial)


def test_a_trial_is_drawn_read_by_read():
    assert drawn(make_trial(turns=(TURN,), line=12)) == (
        "trial small/one@glm-4@1: passed\n"
        "at small.yaml:12\n"
        "figures recorded, not measured, from the live service\n"
        "cassette c/one@glm-4@1.yaml: HIT\n"
        "\n"
        "#    time     gap  bytes            what came of it\n"
        "1  100 ms  100 ms     30  ██        conversation\n"
        '2  150 ms   50 ms      7  █         reasoning "hm", "你好 "\n'
        '3  500 ms  350 ms     90  ████████  "world", finish stop (finish) (2 events)\n'
        "\n"
        "ttft 150 ms, total 500 ms, 3 reads, 4 events, 9 tokens, 12.5 tok/s, finish stop\n"
        "  (finish)\n"
    )


def test_each_turn_is_drawn_by_itself():
    text = drawn(make_trial(turns=(TURN, TURN)))
    assert text.count("what came of it") == 2
    assert text.index("\n\nturn 1\n\n") < text.index("\n\nturn 2\n\n")


def test_what_went_wrong_stands_below_the_reads():
    turn = make_turn(
        finish_reason=None,
        native_finish_reason=None,
        timing=Timing(source="live"),
        throughput=Throughput(),
        error=ErrorOutcome(type="IncompleteStreamError", message="the stream ended"),
        checks=(CheckResult(name="error", status="failed", expected="none", got="one"),),
    )
    assert drawn(make_trial(turns=(turn,), status="error")).endswith(
        "no read with an instant\n\n"
        "ttft -, total -, 0 reads, 0 events, finish none\n"
        "IncompleteStreamError: the stream ended\n"
        "error failed: expected none, got one\n"
    )


def test_the_text_of_a_foreign_exception_comes_from_the_details():
    turn = make_turn(error=ErrorOutcome(type="ValueError"))
    text = drawn(make_trial(turns=(turn,)), details={"small/one@glm-4@1": "bad value"})
    assert "\nValueError: bad value\n" in text


def test_a_trial_that_was_not_run_says_why():
    trial = make_trial(status="skipped", skipped="too slow", cassette=None, turns=())
    assert drawn(trial) == "trial small/one@glm-4@1: skipped\nat small.yaml:5\nnot run: too slow\n"


def test_hostile_texts_stay_on_their_lines_and_within_the_width():
    text = "\x1b[2J\n\u202e" + "漢" * 200
    turn = make_turn(text=text, timeline=Timeline(reads=f"5/9/1/{len(text)}/0"))
    shown = drawn(make_trial(turns=(turn,), case="a\x1b[31m"))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert max(map(wcswidth, shown.splitlines())) <= 80


def test_a_trial_is_found_by_its_full_id_its_id_or_its_case():
    one, two = make_trial(), make_trial(repeat=2)
    other = make_trial(suite="other")
    result = make_result([one, two, other])
    assert find_trials(result, "other/one@glm-4@1") == [other]
    assert find_trials(result, "one@glm-4@2") == [two]
    assert find_trials(result, "one@glm-4@1") == [one, other]
    assert find_trials(result, "one") == [one, two, other]
    assert find_trials(result, "on") == []
