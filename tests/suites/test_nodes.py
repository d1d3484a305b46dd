from __future__ import annotations

import pytest

from glmbench.suites.nodes import Keys, Node, flag, found, integer, list_of, one_or_list, text
from glmbench.yamlsource import parse


def node(source):
    document = parse(source, "s")
    return Node(document, (), document.value, [])


def test_a_table_of_readers_is_a_block_that_asks_for_keys():
    root = node("a: x\nb: 3\n")
    with Keys(root, "a thing") as keys:
        read = (keys.require("a", text, ""), keys.read("b", integer, 1), keys.read("c", integer, 7))
        assert "a" in keys
    assert (read, root.problems) == (("x", 3, 7), [])


def test_a_key_that_nobody_asked_for_is_reported_when_the_block_ends():
    root = node("a: x\nbb: 3\n")
    with Keys(root, "a thing") as keys:
        keys.find("a", text)
        assert root.problems == []
    assert [str(problem) for problem in root.problems] == ['s:2:1: unknown key "bb" in a thing']


def test_an_exception_inside_the_block_is_not_drowned_by_unknown_keys():
    root = node("a: x\n")
    with pytest.raises(ZeroDivisionError), Keys(root, "a thing"):
        _ = 1 // 0
    assert root.problems == []


def test_a_wrong_value_has_a_stand_in_of_the_right_type_so_that_reading_goes_on():
    root = node("[1, x, [], y]")
    assert list_of(text)(root) == ("", "x", "", "y")
    assert len(root.problems) == 2


def test_one_item_stands_for_a_list_of_one():
    assert one_or_list(text)(node("x")) == one_or_list(text)(node("[x]")) == ("x",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (3, "the number 3"),
        (1.5, "the number 1.5"),
        ("x", '"x"'),
        ("x" * 40, '"' + "x" * 29 + '…"'),
        ([], "a list"),
        ({}, "a mapping"),
    ],
)
def test_what_was_found_is_said_in_words(value, words):
    assert found(value) == words


@pytest.mark.parametrize(
    ("written", "hint"),
    [("yes", "write true"), ("ON", "write true"), ("no", "write false"), ("Off", "write false")],
)
def test_a_word_of_older_yaml_is_no_flag_but_gets_the_word_to_write(written, hint):
    root = node(written)
    assert flag(root) is False
    assert [problem.hint for problem in root.problems] == [hint]
