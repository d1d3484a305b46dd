from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glmbench.suites.templates import (
    MAX_SOURCE,
    TemplateError,
    attributes_of,
    is_template,
    names_in,
    render,
)


def complaint(source, **values):
    """What is wrong with a template, as `line: message`."""
    with pytest.raises(TemplateError) as caught:
        render(source, values)
    return f"{caught.value.line}: {caught.value}"


# --- texts ----------------------------------------------------------------------------------


@given(text=st.text())
def test_a_text_without_markers_renders_to_itself(text):
    assume(not is_template(text))
    assert render(text, {}) == text
    assert names_in(text) == frozenset()
    assert attributes_of(text, "env") == frozenset()


def test_a_text_without_markers_has_no_greatest_length():
    text = "}} %} #} { % \r\n" * 100_000
    assert render(text, {}) == text


LINES = st.text(st.sampled_from("a \t\r\n\x0b\x0c\x1c\x1d\x85\u2028\u2029"), max_size=20)


@given(before=LINES, value=LINES, after=LINES)
def test_line_ends_stay_as_they_are_around_and_within_a_value(before, value, after):
    source = f"{before}{{{{ x }}}}{after}"
    assert render(source, {"x": value}) == before + value + after


@given(text=LINES)
def test_line_ends_stay_as_they_are_in_a_raw_block_and_in_a_string(text):
    assert render(f"{{% raw %}}{text}{{% endraw %}}{{{{ '{text}' }}}}", {}) == text + text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ word }} {{ env.HOME }} {{ env['HOME'] }}", "你好 /me /me"),
        ("{% for x in xs %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "1b,2a"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}{# no #}\n", "012\n"),
        ("{{ xs|sort|join(', ') }} {{ xs|length }} {{ xs|map('upper') }}", "a, b 2 ['B', 'A']"),
        ("{{ '%.2f'|format(1.5) }} {{ '%s!' % word }} {{ 2 ** 3 * 'x' }}", "1.50 你好! xxxxxxxx"),
        ("{{ row|tojson }} {{ row.items }}", '{"items": "<你>"} <你>'),
        ("{{ env.items() }} {{ word ~ 1 ~ none }}", "[('HOME', '/me')] 你好1None"),
        ("{{ nothing|default('x') }} {{ nothing is defined }}", "x False"),
        ("{{ word[1:] }} {{ '好' in word }} {{ word == '你' }}", "好 True False"),
        (
            "{% macro m(x) %}<{{ x }}{{ caller() }}>{% endmacro %}{% call m(1) %}c{% endcall %}",
            "<1c>",
        ),
        ("{% for x in tree recursive %}{{ x.n }}{{ loop(x.c) }}{% endfor %}", "12"),
        ("{% set x %}a{{ word }}{% endset %}{% filter upper %}{{ x }}{% endfilter %}", "A你好"),
        ("{{ word.upper().split() }} {{ 'a b'.title() }} {{ '<&>' }}", "['你好'] A B <&>"),
        ("{{ 'a\nb'|indent(2) }} {{ 'aab'|replace('a', 'c') }} {{ [1, 2]|sum }}", "a\n  b ccb 3"),
    ],
)
def test_a_template_renders(source, text):
    values = {
        "word": "你好",
        "env": {"HOME": "/me"},
        "xs": ["b", "a"],
        "row": {"items": "<你>"},
        "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}],
    }
    assert render(source, values) == text


def test_text_from_values_is_no_template():
    assert render("{{ x }}", {"x": "{{ y }}{% if"}) == "{{ y }}{% if"


# --- what is needed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ a }}{{ b.c }}{{ d[e] }}", "a b d e"),
        ("{% for x in xs if x > n %}{{ x }}{{ loop.index }}{% endfor %}", "xs n"),
        ("{% set a = b %}{{ a }}{% macro m(p) %}{{ p }}{{ q }}{% endmacro %}{{ m(r) }}", "b q r"),
        ("{% if a %}{{ b }}{% endif %}{# {{ c }} #}{{ range(2)|list }}", "a b"),
        ("{{ a|default(b) }}{{ c|d }}{{ e is defined }}{{ f }}", "b f"),
    ],
)
def test_the_names_that_a_template_needs(source, names):
    assert names_in(source) == frozenset(names.split())


def test_the_attributes_that_a_template_uses():
    source = "{{ env.A }}{% if env['B'] %}{{ env.C.D|upper }}{% endif %}{{ x.E }}{{ env[y] }}"
    assert attributes_of(source, "env") == frozenset("ABC")
    assert attributes_of(source, "x") == frozenset("E")


# --- what is wrong --------------------------------------------------------------------------

ALONE = "is not available in a template"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{{ x", "2: unexpected end of template, expected 'end of print statement'."),
        ("{{ x }", "1: unexpected '}'"),
        ("\n{# x", "2: Missing end of comment tag"),
        ("{% foo %}", "1: Encountered unknown tag 'foo'."),
        ("a\r\nb\r\n{{ x|uper }}", '3: there is no filter "uper"; did you mean "upper"?'),
        ("{% if 0 %}{{ x|nope }}{% endif %}", '1: there is no filter "nope"'),
        ("{{ x|random }}", '1: there is no filter "random"'),
        ("{{ x is defned }}", '1: there is no test "defned"; did you mean "defined"?'),
        ("\n{% include 'x' %}", f'2: "include" {ALONE}'),
        ("{% import 'x' as y %}", f'1: "import" {ALONE}'),
        ("{% from 'x' import y %}", f'1: "import" {ALONE}'),
        ("{% extends 'x' %}", f'1: "extends" {ALONE}'),
        ("{% block x %}{% endblock %}", f'1: "block" {ALONE}'),
        ("{% autoescape true %}{% endautoescape %}", f'1: "autoescape" {ALONE}'),
        ("{{ " + "(" * 2000 + " }}", "1: the template is nested too deeply"),
        ("{{ x" + ".a" * 20_000 + " }}", "1: the template is nested too deeply"),
        ("{% if x %}" * 150 + "{% endif %}" * 150, "1: too many levels of indentation"),
        ("{{ x }}" + "x" * MAX_SOURCE, "1: a template has at most 65,536 characters"),
    ],
)
def test_a_template_that_can_never_render_is_known_without_values(source, message):
    assert complaint(source) == message
    with pytest.raises(TemplateError) as caught:
        names_in(source)
    assert f"{caught.value.line}: {caught.value}" == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("\n\n{{ wrod }}", '3: "wrod" is not defined; did you mean "word"?'),
        ("{{ nothing }}", '1: "nothing" is not defined'),
        ("{% if nothing %}{% endif %}", '1: "nothing" is not defined'),
        ("{{ [nothing] }}", '1: "nothing" is not defined'),
        ("{{ [nothing]|tojson }}", '1: "nothing" is not defined'),
        ("{{ nothing|upper }}", '1: "nothing" is not defined'),
        ("{{ env.HOEM }}", '1: a mapping has no "HOEM"; did you mean "HOME"?'),
        ("{{ env['HOEM'] }}", '1: a mapping has no "HOEM"; did you mean "HOME"?'),
        ("{{ env.X.Y }}", '1: a mapping has no "X"'),
        ("{{ [1][3] }}", '1: a list has no "3"'),
        ("{{ word.uper() }}", '1: a text has no "uper"'),
        ("{{ word.upper }}", "1: a function cannot be written as text"),
        ("{{ range(3) }}", "1: a value of type range cannot be written as text"),
        ("{{ word + 1 }}", '1: can only concatenate str (not "int") to str'),
        ("{{ 1 }}\n{{ 1 / 0 }}", "2: division by zero"),
        ("{{ none.x }}", '1: none has no "x"'),
        ("{{ range|tojson }}", "1: a function has no form in JSON"),
    ],
)
def test_a_template_that_does_not_fit_its_values_names_what_does_not(source, message):
    assert complaint(source, word="x", env={"HOME": "/me"}) == message


@given(source=st.text(st.sampled_from("{}%#-|.()[]'x1 \r\n~*+"), max_size=30))
def test_no_template_raises_anything_but_a_template_error(source):
    try:
        render(source, {"x": "x"})
    except TemplateError as error:
        line = error.line
    else:
        line = 1
    assert 1 <= line <= 1 + len(source)
