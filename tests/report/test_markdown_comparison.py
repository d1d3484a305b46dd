"""A comparison in Markdown: what counts is seen at once, the rest is folded away."""

from __future__ import annotations

from glmbench.comparison.model import Change, Comparison, Pair
from glmbench.report.gfm import join_blocks
from glmbench.report.markdown_comparison import comparison_blocks


def change(verdict="no change", **changes):
    usual = {"metric": "ttft", "title": "ttft", "unit": "s", "n_base": 20, "n_head": 20}
    figures = {"base": 0.5, "head": 0.75, "shift": 0.25, "low": 0.2, "high": 0.3, "relative": 0.5}
    return Change(**{**usual, **figures, "verdict": verdict, "p": 0.0004, **changes})


def pair(case="one", changes=(), **others):
    usual = {
        "suite": "small",
        "case": case,
        "model": "glm-4",
        "changes": changes,
        "base_passed": 20,
        "base_trials": 20,
        "head_passed": 20,
        "head_trials": 20,
        "base_status": "passed",
        "head_status": "passed",
        "base_finish": (("stop", 20),),
        "head_finish": (("stop", 20),),
        "content": "same",
        "content_note": "",
        "verdict": "no change",
    }
    return Pair(**{**usual, **others})


def lines(*pairs, **changes):
    blocks = [block for block in comparison_blocks(Comparison(pairs=pairs, **changes)) if block]
    return [line for line in join_blocks(blocks).splitlines() if line]


def test_what_regressed_is_a_row_with_its_interval_and_p():
    words = "small/one@glm-4: ttft 0.500 s, now 0.750 s (+50 %)"
    assert lines(pair(changes=(change("regressed"),)), regressions=(words,)) == [
        "### Compared with the baseline",
        "1 case compared, 1 figure: 1 regressed.",
        f"- **Regressed:** `{words}`",
        "| case | figure | n | base | head | delta | 95 % interval | p | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        (
            "| `small/one@glm-4` | ttft | 20 | 500 ms | 750 ms | +50 % | +40 % to +60 % | <0.001 "
            "| regressed |"
        ),
    ]


def test_what_did_not_change_is_only_counted():
    assert lines(pair(changes=(change(), change(metric="total")))) == [
        "### Compared with the baseline",
        "1 case compared, 2 figures: 2 no change.",
    ]


def test_what_cannot_be_told_is_folded_away_with_the_reason():
    unsure = change(
        "cannot tell",
        n_head=5,
        p=None,
        low=None,
        high=None,
        shift=None,
        relative=None,
        note="recorded beside live",
    )
    assert lines(pair(changes=(unsure, change("within noise", p=0.4))))[2:] == [
        "<details><summary>2 figures of which it cannot be told, or within noise</summary>",
        "| case | figure | n | base | head | delta | 95 % interval | p | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        (
            "| `small/one@glm-4` | ttft | 20/5 | 500 ms | 750 ms | - | - | - "
            "| cannot tell: `recorded beside live` |"
        ),
        (
            "| `small/one@glm-4` | ttft | 20 | 500 ms | 750 ms | +50 % | +40 % to +60 % | 0.400 "
            "| within noise |"
        ),
        "</details>",
    ]


def test_what_else_is_different_is_said():
    other = pair(
        head_passed=18,
        head_finish=(("stop", 18), ("length", 2)),
        content="changed",
        content_note='"yes" became "no"',
    )
    assert lines(other)[2:] == [
        "- `small/one@glm-4` passed 20 of 20, now 18 of 20",
        "- `small/one@glm-4` ended in `stop`, now in 18 x `stop` and 2 x `length`",
        '- `small/one@glm-4` has another text: `"yes" became "no"`',
    ]


def test_what_no_longer_passes_is_said_once():
    broken = pair(head_passed=0, head_status="failed")
    words = "small/one@glm-4: passed 20 of 20, now 0 of 20"
    assert lines(broken, regressions=(words,))[2:] == [f"- **Regressed:** `{words}`"]


def test_of_many_differences_the_first_are_said_and_the_rest_counted():
    changed = [pair(str(n), content="changed", content_note="x") for n in range(25)]
    assert lines(*changed)[-2:] == [
        "- `small/19@glm-4` has another text: `x`",
        "- 5 more are different",
    ]


def test_what_is_on_one_side_only_and_what_to_know_comes_last():
    told = lines(pair(), only_base=("small/a@m",), only_head=("small/b@m",), notes=("x differs",))
    assert told[2:] == [
        "- only in base: `small/a@m`",
        "- only in head: `small/b@m`",
        "- `x differs`",
    ]


def test_nothing_in_common_is_said():
    assert lines() == [
        "### Compared with the baseline",
        "Nothing to compare: no case was run in both results.",
    ]
