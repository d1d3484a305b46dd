from __future__ import annotations

import pytest
from checks.turns import turn, verdicts

from glmbench.parts import ToolCalls
from glmbench.suites.expect import Expect, ToolCallExpect

FIND = {"id": "call_1", "function": {"name": "find", "arguments": '{"city": "Bern", "n": 1}'}}
BARE = {"name": "look", "arguments": {"n": 1}}
OWN = {"type": "browser", "input": "search"}
FOUND = 'find({"city": "Bern", "n": 1})'


def call(name, **arguments):
    return ToolCallExpect(name=name, arguments=arguments or None)


@pytest.mark.parametrize(
    ("expected", "calls", "verdict"),
    [
        ((call("find"),), [FIND], ("passed", "find", FOUND)),
        (
            (call("find", n=1, city="Bern"),),
            [FIND],
            ("passed", 'find({"n": 1, "city": "Bern"})', FOUND),
        ),
        ((call("find", city="Bern"),), [FIND], ("failed", 'find({"city": "Bern"})', FOUND)),
        (
            (call("find", n=True, city="Bern"),),
            [FIND],
            ("failed", 'find({"n": true, "city": "Bern"})', FOUND),
        ),
        ((call("look", n=1.0),), [BARE], ("passed", 'look({"n": 1.0})', 'look({"n": 1})')),
        ((call("browser"),), [OWN], ("passed", "browser", "browser")),
        (
            (call("find"), call("look")),
            [FIND, BARE],
            ("passed", "find, look", FOUND + ', look({"n": 1})'),
        ),
        (
            (call("look"), call("find")),
            [FIND, BARE],
            ("failed", "look, find", FOUND + ', look({"n": 1})'),
        ),
        ((call("find"),), [FIND, OWN], ("failed", "find", FOUND + ", browser")),
        ((call("find"), call("look")), [FIND], ("failed", "find, look", FOUND)),
        ((), [], ("passed", "no tool call", "no tool call")),
        ((), [FIND], ("failed", "no tool call", FOUND)),
        ((call("find"),), [], ("failed", "find", "no tool call")),
        (
            (call("find", n=1),),
            [{"function": {"name": "find", "arguments": '{"n": 1'}}],
            ("failed", 'find({"n": 1})', 'find("{\\"n\\": 1")'),
        ),
        ((call("a"),), [{"function": None}], ("failed", "a", "?")),
    ],
)
def test_the_calls_are_the_expected_ones_in_their_order(expected, calls, verdict):
    observation = turn("x", ToolCalls(calls)) if calls else turn("x")
    assert verdicts(Expect(tool_calls=expected), observation) == [("tool_calls", *verdict)]


def test_calls_of_several_parts_are_one_list_and_those_the_service_ran_count():
    observation = turn(ToolCalls([OWN], executed=True), "x", ToolCalls([BARE]))
    [(_, status, _, _)] = verdicts(Expect(tool_calls=(call("browser"), call("look"))), observation)
    assert status == "passed"
