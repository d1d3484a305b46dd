from __future__ import annotations

import pytest

from glmbench.checks.result import CheckResult, counted, judged, on_one_line, unmeasured


def test_a_check_that_could_be_judged_passed_or_failed():
    for passed, status in ((True, "passed"), (False, "failed")):
        assert judged("a", passed=passed, expected="x", got="y") == CheckResult(
            name="a", status=status, expected="x", got="y"
        )


def test_a_check_without_a_figure_is_unmeasured():
    assert unmeasured("a", expected="x", got="y").status == "unmeasured"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\nb", "a\\nb"), ("\x1b[2J", "\\x1b[2J"), ("x" * 81, "x" * 79 + "…"), ("你好", "你好")],
)
def test_a_text_is_shown_on_one_short_line(text, line):
    assert on_one_line(text) == line


def test_one_thing_is_singular():
    assert [counted(number, "character") for number in (0, 1, 2)] == [
        "0 characters",
        "1 character",
        "2 characters",
    ]
