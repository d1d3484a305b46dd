from __future__ import annotations

import pytest

from glmbench.problems import Position, Problem, did_you_mean, printable, shortened


def problem(**changes):
    fields = {"file": "s.yaml", "line": 4, "column": 5, "message": "wrong"}
    return Problem(**{**fields, **changes})


def test_a_problem_renders_place_line_caret_and_hint():
    shown = problem(source_line="    promt: hi", hint='did you mean "prompt"?').render()
    assert shown == (
        "s.yaml:4:5: wrong\n"  # the form that editors turn into links
        " 4 |     promt: hi\n"
        "   |     ^\n"
        '   = hint: did you mean "prompt"?'
    )


def test_the_gutter_grows_with_the_line_number():
    shown = problem(line=1200, column=1, source_line="x").render()
    assert shown == "s.yaml:1200:1: wrong\n 1200 | x\n      | ^"


def test_the_caret_stands_under_the_character_after_wide_ones():
    shown = problem(column=6, source_line="- 你好: x").render()
    assert shown.splitlines()[-1] == "   |        ^"


def test_combining_marks_take_no_cell():
    shown = problem(column=3, source_line="e\u0301x").render()
    assert shown.splitlines()[-1] == "   |  ^"


def test_a_long_line_is_cut_on_both_sides_and_the_caret_still_fits():
    shown = problem(column=501, source_line="a" * 500 + "X" + "b" * 500).render()
    line, caret = shown.splitlines()[1:]
    assert len(line) < 110
    assert line[caret.index("^")] == "X"
    assert line.count("…") == 2


def test_a_problem_of_the_whole_file_has_no_place():
    shown = problem(line=0, column=0, hint="look elsewhere").render()
    assert shown == "s.yaml: wrong\n   = hint: look elsewhere"


def test_nothing_from_a_file_steers_the_terminal():
    shown = problem(message="\x1b[31mred", source_line="\x1b[2J\tx", column=1).render()
    assert shown == "s.yaml:4:5: \\x1b[31mred".replace("4:5", "4:1") + "\n 4 | \\x1b[2J x\n   | ^"


def test_problems_sort_by_file_line_and_column_even_where_only_hints_differ():
    places = [("b", 1, 1), ("a", 2, 1), ("a", 1, 9), ("a", 1, 10)]
    problems = [problem(file=f, line=line, column=column) for f, line, column in places]
    ordered = [(p.file, p.line, p.column) for p in sorted(problems)]
    assert ordered == [("a", 1, 9), ("a", 1, 10), ("a", 2, 1), ("b", 1, 1)]
    assert [p.hint for p in sorted([problem(hint="x"), problem()])] == [None, "x"]


def test_positions_compare_by_line_then_column():
    assert Position(2, 1) > Position(1, 80)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("promt", 'did you mean "prompt"?'),
        ("PROMPT", 'did you mean "prompt"?'),
        ("zzz", None),
    ],
)
def test_a_near_word_is_suggested_and_a_far_one_is_not(word, hint):
    assert did_you_mean(word, ["messages", "prompt"]) == hint


def test_printable_keeps_wide_blanks_and_escapes_bidi_controls():
    assert printable("你\u3000好\u202e") == "你\u3000好\\u202e"


def test_a_shortened_text_has_exactly_the_length_asked_for():
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
