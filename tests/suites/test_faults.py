"""A fault is written in one way, read strictly, and its text reads back as it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.errors import UsageError
from glmbench.suites.faults import (
    CUT_KINDS,
    Corrupt,
    CutAfter,
    DelayFirst,
    Refuse,
    Status,
    parse_fault,
    read_fault,
)
from glmbench.suites.nodes import Node
from glmbench.yamlsource import parse

EXAMPLES = (
    "{cut_after: 3, kind: reset}, {refuse: true}, {status: 429, retry_after: 2s}, "
    "{delay_first: 10s} or {corrupt: {chunk: 5}}"
)


def reading(text):
    """Read `fault: <text>` as a suite would; return the fault and the problems as a list."""
    document = parse(f"fault: {text}", "s")
    problems = []
    fault = read_fault(Node(document, ("fault",), document.value["fault"], problems))
    return fault, [(p.column, p.message, p.hint) for p in sorted(problems)]


@pytest.mark.parametrize(
    ("text", "fault", "canonical"),
    [
        ("{cut_after: 3}", CutAfter(chunks=3), "{cut_after: 3, kind: reset}"),
        ("{kind: eof, cut_after: 0}", CutAfter(chunks=0, kind="eof"), "{cut_after: 0, kind: eof}"),
        ("{cut_after: 3, kind: stall}", CutAfter(chunks=3, kind="stall"), None),
        ("{refuse: true}", Refuse(), None),
        ("{status: 503}", Status(code=503), None),
        ("{status: 429, retry_after: 2s}", Status(code=429, retry_after=2.0), None),
        (
            "{status: 429, retry_after: 1min}",
            Status(code=429, retry_after=60.0),
            "{status: 429, retry_after: 60s}",
        ),
        ("{status: 429, retry_after: 0s}", Status(code=429, retry_after=0.0), None),
        ("{delay_first: 10s}", DelayFirst(seconds=10.0), None),
        ("{delay_first: 10}", DelayFirst(seconds=10.0), "{delay_first: 10s}"),
        ("{delay_first: 1500ms}", DelayFirst(seconds=1.5), "{delay_first: 1.5s}"),
        ("{delay_first: 0.001ms}", DelayFirst(seconds=0.000001), "{delay_first: 0.000001s}"),
        ("{corrupt: {chunk: 5}}", Corrupt(chunk=5), None),
    ],
)
def test_a_fault_is_read_as_it_is_written_and_has_one_spelling(text, fault, canonical):
    assert reading(text) == (fault, [])
    assert parse_fault(text) == fault
    assert str(fault) == (canonical or text)


def seconds(least):
    return st.integers(min_value=least, max_value=24 * 3600 * 10**6).map(lambda us: us / 10**6)


FAULTS = st.one_of(
    st.builds(CutAfter, chunks=st.integers(min_value=0), kind=st.sampled_from(CUT_KINDS)),
    st.just(Refuse()),
    st.builds(Status, code=st.integers(400, 599), retry_after=st.none() | seconds(0)),
    st.builds(DelayFirst, seconds=seconds(1)),
    st.builds(Corrupt, chunk=st.integers(min_value=1)),
)


@given(FAULTS)
def test_the_text_of_a_fault_reads_back_as_it(fault):
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("refuse", 8, '"fault" must be a mapping, found "refuse"', None),
        ("", 7, '"fault" must be a mapping, found nothing', None),
        (
            "{}",
            8,
            "a fault needs one of: cut_after, refuse, status, delay_first, corrupt",
            None,
        ),
        (
            "{kind: eof}",
            8,
            "a fault needs one of: cut_after, refuse, status, delay_first, corrupt",
            None,
        ),
        ("{cut_aftr: 3}", 9, 'unknown key "cut_aftr" in a fault', 'did you mean "cut_after"?'),
        (
            "{cut_after: 3, seed: 1}",
            23,
            'unknown key "seed" in a fault',
            "known here: cut_after, kind, refuse, status, retry_after, delay_first, corrupt",
        ),
        (
            "{cut_after: 3, status: 429}",
            23,
            'a fault has both "cut_after" and "status"',
            "keep one",
        ),
        ("{status: 429, kind: eof}", 22, '"kind" goes with "cut_after" only', None),
        ("{refuse: true, retry_after: 2s}", 23, '"retry_after" goes with "status" only', None),
        (
            "{cut_after: -1}",
            20,
            '"cut_after" must be a whole number of at least 0, found the number -1',
            None,
        ),
        (
            "{cut_after: true}",
            20,
            '"cut_after" must be a whole number of at least 0, found true',
            None,
        ),
        (
            "{cut_after: 3s}",
            20,
            '"cut_after" must be a whole number of at least 0, found "3s"',
            None,
        ),
        (
            "{cut_after: 3, kind: rest}",
            29,
            '"rest" is no kind of cut',
            'did you mean "reset"?',
        ),
        ("{refuse: false}", 17, '"refuse" must be true, found false', None),
        (
            "{status: 200}",
            17,
            '"status" must be a whole number from 400 to 599, found the number 200',
            None,
        ),
        (
            "{status: 600}",
            17,
            '"status" must be a whole number from 400 to 599, found the number 600',
            None,
        ),
        (
            "{status: 429, retry_after: soon}",
            35,
            '"soon" is no duration',
            'write "500ms", "3s" or "2min"',
        ),
        (
            "{status: 429, retry_after: -1}",
            35,
            '"retry_after" must be at least 0 and at most a day',
            None,
        ),
        (
            "{delay_first: 0s}",
            22,
            '"delay_first" must be longer than nothing and at most a day',
            None,
        ),
        (
            "{delay_first: 1441min}",
            22,
            '"delay_first" must be longer than nothing and at most a day',
            None,
        ),
        (
            "{delay_first: .nan}",
            22,
            '"delay_first" must be longer than nothing and at most a day',
            None,
        ),
        (
            f"{{delay_first: {'9' * 400}}}",
            22,
            '"delay_first" must be longer than nothing and at most a day',
            None,
        ),
        (
            f"{{status: 429, retry_after: -{'9' * 400}}}",
            35,
            '"retry_after" must be at least 0 and at most a day',
            None,
        ),
        (
            "{delay_first: true}",
            22,
            '"delay_first" must be a duration, found true',
            'write "30s" or a number of seconds',
        ),
        ("{corrupt: 5}", 18, '"corrupt" must be a mapping, found the number 5', None),
        ("{corrupt: {}}", 18, 'corrupt needs "chunk"', None),
        (
            "{corrupt: {chunk: 0}}",
            26,
            '"chunk" must be a whole number of at least 1, found the number 0',
            None,
        ),
        (
            "{corrupt: {chunk: 1, chonk: 2}}",
            29,
            'unknown key "chonk" in corrupt',
            'did you mean "chunk"?',
        ),
    ],
)
def test_what_is_no_fault_is_reported_once_and_at_its_place(text, column, message, hint):
    assert reading(text) == (None, [(column, message, hint)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f'"" is no fault: write {EXAMPLES}'),
        ("refuse", f'"refuse" is no fault: write {EXAMPLES}'),
        ("[refuse]", f'"[refuse]" is no fault: write {EXAMPLES}'),
        (
            "{refuse: no}",
            '"{refuse: no}" is no fault: "refuse" must be true, found "no"',
        ),
        (
            "{cut_after: -1, cut_aftr: 2, kind: eof}",
            (
                '"{cut_after: -1, cut_aftr: 2, kind: eof}" is no fault: '
                '"cut_after" must be a whole number of at least 0, found the number -1'
            ),
        ),
        (
            "{cut_aftr: 2, cut_after: -1}",
            (
                '"{cut_aftr: 2, cut_after: -1}" is no fault: '
                'unknown key "cut_aftr" in a fault (did you mean "cut_after"?)'
            ),
        ),
        (
            "{cut_after: 3, kind: rest}",
            (
                '"{cut_after: 3, kind: rest}" is no fault: "rest" is no kind of cut '
                '(did you mean "reset"?)'
            ),
        ),
        (
            "{cut_after: 1, cut_after: 2}",
            (
                '"{cut_after: 1, cut_after: 2}" is no fault: '
                'duplicate key "cut_after", first given on line 1'
            ),
        ),
    ],
)
def test_a_wrong_fault_on_the_command_line_is_one_short_sentence(text, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        parse_fault(text)


def test_broken_yaml_on_the_command_line_says_where_it_breaks():
    message = '"," or "}" is missing before this (the bracket was opened on line 1)'
    with pytest.raises(UsageError, match=re.escape(f'"{{cut_after: 3" is no fault: {message}')):
        parse_fault("{cut_after: 3")
