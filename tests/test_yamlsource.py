from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench import yamlsource
from glmbench.yamlsource import Position, YamlError, parse, read


def complaints(text):
    """The first line of every problem: `line:column: message`."""
    with pytest.raises(YamlError) as caught:
        parse(text, "s.yaml")
    return [str(problem).removeprefix("s.yaml:") for problem in caught.value.problems]


# --- values and places ----------------------------------------------------------------------


def test_a_document_is_plain_data_by_the_rules_of_yaml_1_2():
    text = "on: yes\nport: 010\nat: 1:30\nday: 2024-01-01\nnone:\nlist: [true, 1e3, .inf, '1']\n"
    assert parse(text, "s.yaml").value == {
        "on": "yes",
        "port": 10,
        "at": "1:30",
        "day": "2024-01-01",
        "none": None,
        "list": [True, 1000.0, math.inf, "1"],
    }


def test_an_empty_file_is_null_at_its_start():
    document = parse("", "s.yaml")
    assert (document.value, document.position(())) == (None, Position(1, 1))


def test_standard_tags_type_a_value_and_quotes_keep_it_text():
    text = "a: !!str 12\nb: !!int '12'\nc: !!float 3\nd: '12'\ne: ! 12\nf: !!seq [1]\ng: !!map {}\n"
    assert parse(text, "s").value == {
        "a": "12", "b": 12, "c": 3, "d": "12", "e": "12", "f": [1], "g": {},
    }  # fmt: skip


PLACES = """\
cases:
  - id: 你好
    expect: {finish_reason: stop}
  - id: b
    tags:
      - x
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("cases",), (2, 3), (1, 1)),
        (("cases", 0), (2, 5), (2, 5)),
        (("cases", 0, "id"), (2, 9), (2, 5)),
        (("cases", 0, "expect", "finish_reason"), (3, 29), (3, 14)),
        (("cases", 1, "tags", 0), (6, 9), (6, 9)),
    ],
)
def test_every_value_and_key_knows_its_place(path, value, key):
    document = parse(PLACES, "s.yaml")
    assert document.position(path) == Position(*value)
    assert document.key_position(path) == Position(*key)


@pytest.mark.parametrize(
    "path", [("cases", 0, "nope"), ("cases", 0, "nope", 3, "x"), ("cases", 0, 7)]
)
def test_a_missing_value_has_the_place_of_its_nearest_ancestor(path):
    document = parse(PLACES, "s.yaml")
    assert document.position(path) == document.key_position(path) == Position(2, 5)


def test_a_negative_index_reaches_nothing():
    assert parse(PLACES, "s").position(("cases", -1)) == Position(2, 3)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_for_every_kind_of_line_end(newline):
    document = parse(newline.join(["a: 1", "", "b: 2"]), "s")
    assert document.position(("b",)) == Position(3, 4)


def test_a_byte_order_mark_is_no_column():
    assert parse("\ufeffa: 1", "s").key_position(("a",)) == Position(1, 1)


def test_a_problem_carries_the_line_it_is_about():
    problem = parse(PLACES, "s.yaml").problem(("cases", 0, "id"), "bad", "better", key=True)
    assert (problem.line, problem.column, problem.source_line) == (2, 5, "  - id: 你好")
    assert (problem.file, problem.message, problem.hint) == ("s.yaml", "bad", "better")


# --- anchors and merge keys -----------------------------------------------------------------


MERGE = """\
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, a: 9}
both: {<<: [*base, *more]}
twice: *base
"""


def test_a_merge_key_yields_to_own_keys_and_to_earlier_sources():
    value = parse(MERGE, "s").value
    assert value["one"] == {"a": 9, "b": 2}
    assert value["both"] == {"a": 1, "b": 2, "c": 4}
    assert value["twice"] == {"a": 1, "b": 2}


def test_what_came_through_an_anchor_has_the_place_where_it_is_written():
    document = parse(MERGE, "s")
    assert document.position(("one", "b")) == Position(1, 23)
    assert document.position(("one", "a")) == Position(3, 21)
    assert document.key_position(("both", "c")) == Position(2, 20)
    assert document.position(("twice",)) == Position(1, 7)


def test_a_quoted_merge_key_is_an_ordinary_key():
    assert parse("'<<': 1", "s").value == {"<<": 1}


def test_an_aliased_scalar_may_be_a_key():
    assert parse("a: &k name\n*k : 1\n", "s").value == {"a": "name", "name": 1}


# --- refusals, each with its place ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ['2:1: duplicate key "a", first given on line 1']),
        ("1: x\n", ["1:1: a key must be text, this is a number"]),
        ("true: x\n", ["1:1: a key must be text, this is the word true"]),
        ("? [a]\n: x\n", ["1:3: a key must be text, this is a list"]),
        ("? {a: 1}\n: x\n", ["1:3: a key must be text, this is a mapping"]),
        ("~: x\n", ["1:1: a key must be text, this is empty"]),
        ("prompt: {{ x }}\n", ["1:9: this is read as a mapping, not as text"]),
        ("prompt: {{ x }} and more\nb: 1\n", ["1:9: this is read as a mapping, not as text"]),
        ("a: *b\n", ['1:4: no anchor "&b" stands before this alias']),
        ("a: &a [*a]\n", ['1:8: the anchor "&a" contains itself']),
        ("a: {<<: *b}\n", ['1:9: no anchor "&b" stands before this alias']),
        ("a: {<<: 3}\n", ["1:5: a merge key takes a mapping or a list of mappings"]),
        ("a: &a {}\nb: {<<: *a, <<: *a}\n", ["2:13: a second merge key in the same mapping"]),
        ("a: !x 1\n", ['1:4: the tag "!x" is not known']),
        ("a: !!python/name:os.system\n", ['1:4: the tag "!!python/name:os.system" is not known']),
        ("a: !!set {b}\n", ['1:4: the tag "!!set" is not known']),
        ("a: !!int x\n", ["1:4: the value does not fit its tag !!int"]),
        ("a: 1\n---\nb: 2\n", ["2:1: a second document starts here; a file holds one"]),
        ("a: " + "9" * 5000, ["1:4: the number has too many digits"]),
        ("a: \x07\n", ["1:4: the character U+0007 is not allowed"]),
        ("a: \ud800\n", ["1:4: the character U+D800 is not allowed"]),
        ("a:\n\tb: 1\n", ["2:1: a tab where blanks are expected"]),
        ("a: b: c\n", ['1:5: a ":" where no key can stand']),
        ("a: 1\nb\nc: 2\n", ['2:1: a key without ":"']),
        ("a: 'x\nb: c\n", ["1:4: the quoted text that starts here never ends"]),
        ("a: [1, 2\nb: c\n", ['2:2: "," or "]" is missing before this']),
        ("a: {b: 1\nc: [}\n", ['2:2: "," or "}" is missing before this']),
        ("- a\nb: c\n", ['2:1: an item ("- ") is expected here']),
        ("a: |\n  x\n y\n", ["3:2: a key is expected here"]),
        ('a: "\\q"\n', ["1:5: this escape is not known"]),
        ("a: **bold**\n", ["1:4: an alias (*) needs a name"]),
        ("a: & b\n", ["1:4: an anchor (&) needs a name"]),
        ("a: @b\n", ["1:4: no text can start with this character"]),
    ],
)
def test_a_bad_file_is_refused_with_the_place_and_the_reason(text, expected):
    assert complaints(text) == expected


def test_all_duplicates_and_a_later_syntax_error_are_told_at_once():
    text = "a: 1\na: 2\nb: {c: 1, c: 2}\n7: x\nd: [\n"
    assert complaints(text) == [
        '2:1: duplicate key "a", first given on line 1',
        '3:11: duplicate key "c", first given on line 3',
        "4:1: a key must be text, this is a number",
        "6:1: not valid YAML: did not find expected node content (while parsing a flow node)",
    ]


def test_the_error_shows_every_problem_with_its_line_and_hint():
    with pytest.raises(YamlError) as caught:
        parse("prompt: {{ question }}\nn: 1\n1: x\n", "suites/s.yaml")
    assert str(caught.value) == (
        "suites/s.yaml:1:9: this is read as a mapping, not as text\n"
        " 1 | prompt: {{ question }}\n"
        "   |         ^\n"
        "   = hint: quote it: '{{ question }}'\n"
        "suites/s.yaml:3:1: a key must be text, this is a number\n"
        " 3 | 1: x\n"
        "   | ^\n"
        '   = hint: quote it: "1"'
    )


# --- hostile files --------------------------------------------------------------------------


def bomb(levels, width):
    lines = ["a0: &a0 [x]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines)


def test_an_alias_bomb_is_refused_where_it_goes_off():
    # Lists of 2, 21, 211, 2,111, 21,111 and 211,111 values in six lines, 234,568 with the root:
    # the fourth alias of line 7 is the one that passes a million.
    assert complaints(bomb(30, 10)) == [
        "7:25: more than 1,000,000 values, with every alias written out"
    ]


def test_a_chain_of_aliases_counts_as_nesting():
    assert complaints(bomb(200, 1)) == ["100:12: nested more than 100 levels deep"]


def test_brackets_by_the_hundred_thousand_do_not_overflow_a_stack():
    assert complaints("[" * 100_000) == ["1:101: nested more than 100 levels deep"]


def test_a_hundred_levels_are_allowed():
    assert parse("[" * 99 + "[x]" + "]" * 99, "s").name == "s"
    assert complaints("[" * 100 + "[]" + "]" * 100) == ["1:101: nested more than 100 levels deep"]


def test_merged_keys_count_like_written_ones(monkeypatch):
    monkeypatch.setattr(yamlsource, "MAX_NODES", 100)
    keys = ", ".join(f"k{number}: 1" for number in range(40))
    text = f"a: &a {{{keys}}}\nb: {{<<: *a}}\nc: {{<<: *a}}\n"
    assert [line.partition(": ")[2] for line in complaints(text)] == [
        "more than 100 values, with every alias written out"
    ]


def test_problems_without_end_are_cut_off():
    found = complaints("{" + "a: 1, " * 5000 + "}")
    assert len(found) == yamlsource.MAX_PROBLEMS + 1
    assert found[-1].endswith("more problems follow")


# --- files ----------------------------------------------------------------------------------


def test_a_file_is_named_as_it_was_given_or_as_asked(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("a: 你好\n", encoding="utf-8")
    assert (read(file).name, read(file, name="s").name) == (str(file), "s")
    assert read(file).value == {"a": "你好"}


def test_a_missing_file_and_a_folder_are_problems_without_a_place(tmp_path):
    with pytest.raises(YamlError, match=rf"^{re.escape(str(tmp_path))}/no: there is no such file$"):
        read(tmp_path / "no")
    with pytest.raises(YamlError, match=r"^x: this is a folder, not a file$"):
        read(tmp_path, name="x")


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(
        YamlError, match=r"^s: the file cannot be read: Too many levels of symbolic links$"
    ):
        read(loop, name="s")


def test_bytes_that_are_not_utf_8_are_told_by_place_and_offset(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_bytes("a: 你\nb: ".encode() + "é".encode("latin-1") + b"\n")
    with pytest.raises(
        YamlError, match=r"^s:2:4: the file is not UTF-8: byte 0xe9 at offset 10\n"
    ) as e:
        read(file, name="s")
    assert e.value.problems[0].hint == "save it as UTF-8"


def test_a_file_over_the_limit_is_not_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(yamlsource, "MAX_BYTES", 2 << 20)
    file = tmp_path / "s.yaml"
    file.write_bytes(b"#" * ((2 << 20) + 1))
    with pytest.raises(YamlError, match=r"^s: the file is larger than 2 MiB$"):
        read(file, name="s")


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_list_of_problems_with_places_inside_it(text):
    lines = len(re.findall(r"\r\n?|\n", text)) + 1
    try:
        parse(text, "s")
        found = []
    except YamlError as error:
        found = error.problems
    assert all(1 <= problem.line <= lines for problem in found)
    assert all(problem.render().startswith(f"s:{problem.line}:") for problem in found)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(codec="ascii", categories=["L", "N"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
        max_leaves=12,
    )
)
def test_json_is_yaml(value):
    assert parse(json.dumps(value), "s").value == value
