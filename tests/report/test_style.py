"""Colours are put on words that have one, and only where they are wanted."""

from __future__ import annotations

import tabulate

from glmbench.report.style import (
    PLAIN,
    TABLE_FORMATS,
    Style,
    paint,
    paint_first_word,
    some_of,
)

COLOUR = Style(colour=True)


def test_every_format_that_tabulate_knows_can_be_named():
    assert set(tabulate.tabulate_formats) <= set(TABLE_FORMATS)


def test_a_status_has_its_colour_and_what_stands_behind_it_has_none():
    assert paint_first_word("failed (warning)", COLOUR) == "\x1b[31mfailed\x1b[0m (warning)"
    assert paint_first_word("FAILED one@glm-4@1", COLOUR) == "\x1b[31mFAILED\x1b[0m one@glm-4@1"


def test_a_word_without_a_colour_stays_as_it_is():
    assert paint_first_word("stop passed", COLOUR) == "stop passed"
    assert paint_first_word("", COLOUR) == ""


def test_without_colour_nothing_is_painted():
    assert paint_first_word("failed", PLAIN) == "failed"
    assert paint("Cases", "1", PLAIN) == "Cases"


def test_quiet_and_verbose_are_the_two_sides_of_zero():
    assert [(Style(verbosity=v).quiet, Style(verbosity=v).verbose) for v in (-1, 0, 1, 2)] == [
        (True, False),
        (False, False),
        (False, True),
        (False, True),
    ]


def test_of_many_names_the_first_are_told_unless_more_is_asked_for():
    assert some_of(["a", "b", "c"], PLAIN) == "a, b, c"
    assert some_of(["a", "b", "c", "d", "e"], PLAIN) == "a, b, c, and 2 more"
    assert some_of(["a", "b", "c", "d"], Style(verbosity=1)) == "a, b, c, d"
