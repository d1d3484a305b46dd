"""Nothing of a foreign text is markup, and nothing of it is invisible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from report.hostile import HOSTILE

from glmbench.problems import printable
from glmbench.report.page.markup import finalize, isolated, passage


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<script>", "<bdi>&lt;script&gt;</bdi>"),
        ("\"'", "<bdi>&#34;&#39;</bdi>"),
        ("a\u202eb", r"<bdi>a<i class=esc>\u202e</i>b</bdi>"),
        ("a\nb", r"<bdi>a<i class=esc>\n</i>b</bdi>"),
        ("a\udc80", r"<bdi>a<i class=esc>\udc80</i></bdi>"),
        ("你好 עברית", "<bdi>你好 עברית</bdi>"),
        ("", "<bdi></bdi>"),
    ],
)
def test_a_value_stands_on_one_line_in_a_direction_of_its_own(text, markup):
    assert isolated(text) == markup


def test_a_passage_keeps_its_lines_and_tabs():
    assert passage("a\n\tb\r\n<") == "a\n\tb<i class=esc>\\r</i>\n&lt;"


@given(st.text(st.characters(exclude_categories=())) | st.sampled_from(sorted(HOSTILE.values())))
def test_no_mark_of_ours_hides_or_changes_what_the_text_says(text):
    without_marks = str(isolated(text)).replace("<i class=esc>", "").replace("</i>", "")
    inner = without_marks.removeprefix("<bdi>").removesuffix("</bdi>")
    assert "<" not in inner
    tabs_shown = text.replace("\t", " ")
    assert Markup(inner).unescape() == printable(tabs_shown)
    inner.encode("utf-8")


def test_what_a_template_prints_by_itself_is_on_one_line_without_controls():
    assert finalize("a\x1bb") == r"a\x1bb"
    assert finalize(Markup("<b>")) == "<b>"
    assert finalize(None) == ""
    assert finalize(7) == 7
