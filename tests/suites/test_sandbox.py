"""What a hostile template tries. Every one ends soon, in an error of ours."""

from __future__ import annotations

import pytest

from glmbench.suites.sandbox import MAX_RENDERED
from glmbench.suites.templates import TemplateError, render

CLOSED = "is not available in a template"
TOO_LONG = "the text grows longer than 1,048,576 characters"
TOO_MUCH = "the template takes more than 250,000 steps"
TWICE = "{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
TOO_BIG = "a number grows too long"


def complaint(source, **values):
    with pytest.raises(TemplateError) as caught:
        render(source, values)
    return str(caught.value)


class Trap:
    """Fails the test when a template gets anything out of it."""

    def __getattr__(self, name):
        raise AssertionError(name)

    def __call__(self):
        raise AssertionError


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ ''.__class__ }}", f'"__class__" of a text {CLOSED}'),
        ("{{ ''['__class__'] }}", f'"__class__" of a text {CLOSED}'),
        ("{{ x.__init__ }}", f'"__init__" of a mapping {CLOSED}'),
        ("{{ x.y._z }}", 'a mapping has no "_z"'),
        ("{{ x.update({'a': 1}) }}", f'"update" of a mapping {CLOSED}'),
        ("{{ [].append(1) }}", f'"append" of a list {CLOSED}'),
        ("{{ range.__globals__ }}", f'"__globals__" of a function {CLOSED}'),
        ("{{ x.get.__self__ }}", f'"__self__" of a function {CLOSED}'),
        ("{{ (1).to_bytes(99999999) }}", f'"to_bytes" of a number {CLOSED}'),
        ("{{ x|attr('__class__') }}", 'there is no filter "attr"'),
        ("{{ [x]|map('attr', '__class__') }}", "No filter named 'attr'."),
        ("{{ [x]|map(attribute='__class__') }}", f'"__class__" of a mapping {CLOSED}'),
        ("{{ ['']|map(attribute='format') }}", f'"format" of a text {CLOSED}'),
        ("{{ '{0.__class__}'.format(x) }}", f'"format" of a text {CLOSED}'),
        ("{{ '{a.__class__}'.format_map(x) }}", f'"format_map" of a text {CLOSED}'),
        ("{{ self }}", "a value of type TemplateReference cannot be written as text"),
        ("{{ self._TemplateReference__context }}", f"{CLOSED}"),
        ("{% macro m() %}{% endmacro %}{{ m._func }}", f'"_func" of a function {CLOSED}'),
        ("{% for i in [1] %}{{ loop._iterator }}{% endfor %}", f"{CLOSED}"),
    ]
    + [
        (f"{{{{ {name} }}}}", f'"{name}" is not defined')
        for name in ("cycler", "dict", "joiner", "lipsum", "namespace", "config", "open")
    ],
)
def test_a_template_reaches_no_python(source, message):
    assert complaint(source, x={"y": {}}).endswith(message)


def test_an_object_of_python_gives_nothing_away():
    assert complaint("{{ x }}", x=Trap()) == "a function cannot be written as text"


def test_a_format_only_formats():
    assert render("{{ '%s %5d'|format('{0.__class__}', 3) }}", {}) == "{0.__class__}     3"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ 'x' * 10 ** 9 }}", TOO_LONG),
        ("{{ 10 ** 9 * [1] }}", TOO_LONG),
        ("{{ 9 ** (9 ** 9) }}", TOO_BIG),
        ("{% set a = 9 ** 4000 %}{{ a * a * a }}", TOO_BIG),
        ("{{ '%9999999d' % 1 }}", "a format may not hold a number over 9,999 or a * for a width"),
        ("{{ '%*d' % (9999, 1) }}", "a format may not hold a number over 9,999 or a * for a width"),
        (
            "{{ '%99999d'|format(1) }}",
            "a format may not hold a number over 9,999 or a * for a width",
        ),
        ("{{ 'x\n'|indent(101) }}", "indent takes at most 100"),
        ("{{ 'x\n'|indent(width='x' * 101) }}", "indent takes at most 100"),
        ("{{ 1.5|round(10 ** 9, 'ceil') }}", "round takes at most 100"),
        ("{{ [[1], [2]]|sum(start=[]) }}", "sum adds numbers"),
        ("{{ ('x' * 2000)|replace('x', 'y' * 2000) }}", TOO_LONG),
        ("{{ range(2000)|join('x' * 2000) }}", TOO_LONG),
        ("{% for i in range(90000) %}{{ i }}" + "y" * 99 + "{% endfor %}", TOO_LONG),
        (
            "{% set a %}{% for i in range(90000) %}" + "x" * 20 + "{% endfor %}{% endset %}",
            TOO_LONG,
        ),
        ("{% set a = 'x' * 99 %}" + "{% set a = a ~ a %}" * 40, TOO_MUCH),
        ("{% set a = 'x' * 99 %}" + "{% set a = a + a %}" * 40, TOO_MUCH),
        ("{% set a = 'x' * 1000000 %}{{ [" + "a[1:]," * 9000 + "]|length }}", TOO_MUCH),
        ("{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}", TOO_MUCH),
        ("{% set a = [1] %}" + "{% set a = {1: a, 2: a} %}" * 60 + "{{ a|tojson }}", TOO_MUCH),
        ("{% set a = 'x' * 1000000 %}{{ [" + "{a: 1}," * 9000 + "]|string }}", TOO_MUCH),
        (
            "{% set a = [1] %}{% set b = [1] %}"
            + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
            + "{{ a == b }}",
            TOO_MUCH,
        ),
        (
            "{% for i in x %}{% for j in x %}{% for k in x %}{% endfor %}" + "{% endfor %}" * 2,
            TOO_MUCH,
        ),
        ("{% for i in range(9999) %}{{ i in x }}{% endfor %}", TOO_MUCH),
        ("{{ range(99999)|map('string')|map('upper')|map('lower') }}", TOO_MUCH),
        (
            "{{ range(10 ** 9) }}",
            "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "the template is nested too deeply"),
        (f"{{% macro m(n) %}}{TWICE}{{% endmacro %}}{{{{ m(60) }}}}", TOO_MUCH),
        (
            "{% for i in y recursive %}{{ loop(y) }}{{ loop(y) }}{% endfor %}",
            "the template is nested too deeply",
        ),
    ],
)
def test_every_template_ends(source, message):
    assert complaint(source, x=list(range(1000)), y=[1]) == message


def test_what_a_default_replaces_costs_no_search_for_near_names():
    source = "{% for i in range(40000) %}{{ many.none|d('') }}{% endfor %}"
    assert render(source, {"many": {f"name{n}": n for n in range(10_000)}}) == ""


def test_the_longest_text_is_written_whole():
    text = "x" * (MAX_RENDERED - 1)
    assert render("{{ x }}.", {"x": text}) == text + "."
    assert complaint("{{ x }}..", x=text) == TOO_LONG


def test_one_rendering_spends_nothing_of_the_next():
    source = "{% for i in range(50000) %}{% endfor %}"
    assert [render(source, {}) for _ in range(5)] == [""] * 5


def test_values_are_the_same_after_a_rendering():
    values = {"xs": [2, 1], "m": {"a": [1]}}
    render("{{ xs|sort }}{{ xs|reverse }}{% set m = 1 %}{% set xs = [] %}{{ m }}", values)
    assert values == {"xs": [2, 1], "m": {"a": [1]}}
