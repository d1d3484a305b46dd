"""Foreign texts in Markdown: in code they are texts, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from report.made import ANY_TEXT

from glmbench.report.escaping import one_line, passage
from glmbench.report.gfm import FOLD_END, bullets, code, code_block, fold, join_blocks, table

MARKDOWN = MarkdownIt("commonmark").enable("table")


def spans(markdown):
    """Return the texts in code, and whether anything else but plain words is there."""
    tokens = [leaf for token in MARKDOWN.parse(markdown) for leaf in token.children or ()]
    other = {token.type for token in tokens} - {"code_inline", "text"}
    return [token.content for token in tokens if token.type == "code_inline"], other


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "`plain`"),
        ("", "-"),
        ("a`b", "``a`b``"),
        ("`a``", "``` `a`` ```"),
        (" a ", "`  a  `"),
        ("  ", "`  `"),
        ("a\nb", r"`a\nb`"),
    ],
)
def test_a_code_span_has_more_backticks_than_its_text(text, written):
    assert code(text) == written


@given(ANY_TEXT.filter(bool))
def test_any_text_in_a_code_span_is_read_back(text):
    assert spans(f"a {code(text)} b") == ([one_line(text)], set())


@given(ANY_TEXT.filter(bool), ANY_TEXT.filter(bool))
def test_any_texts_are_read_back_from_a_table(one, other):
    drawn = table(["first", "second"], [[code(one), "x"], ["y", code(other)]], "lr")
    assert spans(drawn) == ([one_line(one), one_line(other)], set())
    assert drawn.count("\n") == 3


@given(ANY_TEXT)
def test_any_text_in_a_code_block_is_read_back(text):
    before, block, after = MARKDOWN.parse(f"a\n\n{code_block(text)}\n\nb")[1::2]
    assert (before.content, block.content, after.content) == ("a", f"{passage(text)}\n", "b")


def test_numbers_are_aligned_to_the_right():
    assert table(["case", "n"], [["a", "1"]], "lr") == "| case | n |\n| --- | ---: |\n| a | 1 |"


def test_a_name_in_a_fold_is_no_html_and_ends_no_line():
    assert fold("failed", "</summary>\n\n# x") == (
        r"<details><summary>failed: <code>&lt;/summary&gt;\n\n# x</code></summary>"
    )


def test_blocks_are_parted_by_a_blank_line_and_lists_are_not():
    blocks = [fold("more"), bullets(["a", "b"]), FOLD_END]
    assert join_blocks(blocks) == ("<details><summary>more</summary>\n\n- a\n- b\n\n</details>\n")


def test_an_empty_list_is_nothing():
    assert bullets([]) == ""
