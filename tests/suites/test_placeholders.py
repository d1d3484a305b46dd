from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.suites.placeholders import fill_placeholders, find_placeholders
from glmbench.suites.sandbox import MAX_RENDERED
from glmbench.suites.templates import MAX_SOURCE, TemplateError, names_in, render

VALUES = {"a": "x{{ b }}", "b": 7, "c_1": "", "d": "\r\n}}"}


def rendered(source):
    try:
        return render(source, VALUES)
    except TemplateError:
        return None


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("", ()),
        ("no name { } }}", ()),
        ("{{ a }}", ("a",)),
        ("{{a}}, {{   b }}{{ a }}}", ("a", "b", "a")),
        ("{{ true }}", None),
        ("{{ not }}", None),
        ("{{ range }}", None),
        ("{{ a.b }}", None),
        ("{{ a|upper }}", None),
        ("{{- a }}", None),
        ("{{{ a }}", None),
        ("{{ a }}{% if b %}x{% endif %}", None),
        ("{{ a }}{# b #}", None),
        ("{{ a }", None),
        ("{", None),
    ],
)
def test_a_template_that_does_more_than_naming_values_has_no_placeholders(source, names):
    assert find_placeholders(source) == names


def test_texts_and_whole_numbers_are_put_in_their_places():
    assert fill_placeholders("{{ a }} and {{b}}", VALUES) == "x{{ b }} and 7"


@pytest.mark.parametrize("value", [None, True, 1.5, ["x"], {"x": 1}])
def test_any_other_value_is_left_to_jinja(value):
    assert fill_placeholders("{{ a }}", {"a": value}) is None


def test_what_the_limits_refuse_is_left_to_jinja():
    assert find_placeholders("{{ a }}" + "x" * MAX_SOURCE) is None
    assert fill_placeholders("{{ a }}{{ a }}", {"a": "x" * MAX_RENDERED}) is None


PIECES = ["{{ a }}", "{{b}}", "{{ c_1 }}", "{{ d}}", "{", "}", "{{", "}}", "{%", "%}", "#", "{#"]
PIECES += [
    "\r\n",
    "\n",
    "\u2028",
    " ",
    "x",
    "-",
    "a",
    "{{ e }}",
    "{{ none }}",
    "{{ in }}",
    "\\",
    "'",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_whatever_is_filled_in_is_what_jinja_makes(source):
    names = find_placeholders(source)
    filled = fill_placeholders(source, VALUES)
    if names is not None:
        assert set(names) == names_in(source)
    if filled is not None:
        assert filled == rendered(source)
