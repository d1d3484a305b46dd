"""No line of a report is an order to the build server that reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.report.harmless import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("  got\n\t ::stop-commands::x", "  got\n\t \\x3a:stop-commands::x"),
        ("a\n\u3000::add-mask::x\n", "a\n\u3000\\x3a:add-mask::x\n"),
        ("a\r::debug::x", "a\r\\x3a:debug::x"),
        ("done ##[error]x", "done \\x23#[error]x"),
        ("a\n\n::x", "a\n\n\\x3a:x"),
    ],
)
def test_what_github_would_obey_is_escaped(text, shown):
    assert harmless(text) == shown


@pytest.mark.parametrize("text", ["", "a ::error::x", ": :x", "at suite.yaml:5", "# [x]"])
def test_everything_else_stays_as_it_is(text):
    assert harmless(text) == text


@given(st.text(alphabet=" \t\n\r\u3000:#[a", max_size=20))
def test_no_text_gives_an_order(text):
    for line in harmless(text).replace("\r", "\n").split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
