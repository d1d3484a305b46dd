"""Who gets colours, and who a line that is drawn anew."""

from __future__ import annotations

import io

import pytest

from glmbench.cli.painting import decide_colour, in_ci, is_terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


XTERM = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("environ", "terminal", "plain", "colour"),
    [
        (XTERM, True, False, True),
        (XTERM, False, False, False),
        (XTERM, True, True, False),
        ({**XTERM, "NO_COLOR": "1"}, True, False, False),
        ({**XTERM, "NO_COLOR": "0"}, True, False, False),
        ({**XTERM, "NO_COLOR": ""}, True, False, True),
        ({**XTERM, "FORCE_COLOR": "1"}, False, False, True),
        ({**XTERM, "FORCE_COLOR": "0"}, False, False, False),
        ({**XTERM, "FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, False),
        ({**XTERM, "FORCE_COLOR": "1"}, True, True, False),
        ({"TERM": "dumb"}, True, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False, True),
        ({}, True, False, False),
    ],
)
def test_colour_is_decided_by_the_option_then_the_environment_then_the_stream(
    environ, terminal, plain, colour
):
    stream = Terminal() if terminal else io.StringIO()
    assert decide_colour(stream, environ, plain=plain) is colour


def test_a_closed_or_missing_stream_is_no_terminal():
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed, XTERM)
    assert not is_terminal(None, XTERM)


@pytest.mark.parametrize(
    ("value", "ci"), [("true", True), ("1", True), ("false", False), ("0", False), ("", False)]
)
def test_a_build_server_is_known_by_its_variable(value, ci):
    assert in_ci({"CI": value}) is ci


def test_without_the_variable_nobody_is_a_build_server():
    assert not in_ci({})
