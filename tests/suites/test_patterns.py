from __future__ import annotations

import pytest

from glmbench.suites.patterns import (
    PatternError,
    PatternTimeoutError,
    compile_pattern,
    find_match,
)


def test_a_match_is_searched_anywhere_and_told_by_its_place():
    assert find_match(r"\d+", "abc 123", deadline_s=2) == (4, 7)
    assert find_match(r"^\d+", "abc 123", deadline_s=2) is None


def test_a_bad_pattern_says_what_and_where():
    with pytest.raises(PatternError, match=r"^missing \) at character 5$"):
        compile_pattern("(abc")


def test_a_doubtful_pattern_warns_nobody():
    assert find_match("[[a]b]", "x[b]", deadline_s=2) == (1, 4)


def test_a_runaway_pattern_is_stopped():
    with pytest.raises(PatternTimeoutError, match=r"^no answer within 0\.05 s$"):
        find_match(r"(?:a|aa)+$", "a" * 60 + "b", deadline_s=0.05)


@pytest.mark.parametrize("pattern", ["(?aL)a", "(" * 3000 + ")" * 3000])
def test_what_the_library_itself_chokes_on_is_no_pattern_either(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)
