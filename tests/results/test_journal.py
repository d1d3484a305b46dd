"""The lines of the journal: all comes back as it was, and what is no whole line does not count."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from results.support import make_trial, make_turn

from glmbench.errors import UsageError
from glmbench.results.journal import (
    Header,
    Outcome,
    decode_journal,
    encode_header,
    encode_outcome,
    find_differences,
)
from glmbench.results.model import TrialResult

HEADER = Header(environment={"python": "3"}, marks={"small: mode": "replay"})
FIRST = encode_header(HEADER)

# A result file could hold no others either: half characters are replaced before, and no figure is
# infinite.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def anything(hint) -> st.SearchStrategy:
    """Make values of a type, as far as rows have them."""
    plain = {str: TEXTS, float: FLOATS, int: st.integers(), bool: st.booleans(), None: st.none()}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in plain or hint is type(None):
        return plain.get(hint, st.none())
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*map(anything, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(anything, inner))
    assert dataclasses.is_dataclass(hint), hint
    hints = typing.get_type_hints(hint)
    return st.builds(
        hint, **{field.name: anything(hints[field.name]) for field in dataclasses.fields(hint)}
    )


# Of whole seconds: Python itself reads an offset of a microsecond, in a cassette too, as none.
OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
OUTCOMES = st.builds(
    Outcome,
    result=anything(TrialResult),
    detail=st.none() | TEXTS,
    recorded_at=st.none() | st.datetimes(timezones=OFFSETS | st.just(UTC)),
    offsets_s=st.lists(FLOATS).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(outcome=OUTCOMES)
def test_every_outcome_comes_back_as_it_was(outcome):
    content = FIRST + encode_outcome(outcome)
    assert content.count(b"\n") == 2
    decoded = decode_journal(content, "r.json.journal")
    assert decoded.outcomes == {outcome.result.full_id: outcome}
    # Equality does not tell 0.0 from -0.0.
    assert encode_outcome(decoded.outcomes[outcome.result.full_id]) == encode_outcome(outcome)
    assert (decoded.header, decoded.size) == (HEADER, len(content))


def test_the_offset_of_a_date_is_kept():
    at = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8, minutes=5, seconds=43)))
    line = encode_outcome(Outcome(result=make_trial(), recorded_at=at))
    (outcome,) = decode_journal(FIRST + line, "j").outcomes.values()
    assert outcome.recorded_at.isoformat() == "0001-01-01T00:00:00+08:05:43"


ONE = encode_outcome(Outcome(result=make_trial(), detail="a\u2028b\r\n"))
TWO = encode_outcome(Outcome(result=make_trial(case="二", text="\u2028\x1b", turns=(make_turn(),))))


def test_a_last_line_that_is_torn_anywhere_does_not_count():
    for length in range(len(TWO)):
        content = decode_journal(FIRST + ONE + TWO[:length], "j")
        assert list(content.outcomes) == ["small/one@glm-4@1"]
        assert content.size == len(FIRST + ONE)


@pytest.mark.parametrize("length", [0, 1, len(FIRST) - 1])
def test_without_a_whole_first_line_it_is_no_journal(length):
    with pytest.raises(UsageError, match="^j is no journal of glmbench: it has no whole line$"):
        decode_journal(FIRST[:length], "j")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]\n", "j is no journal of glmbench: Expected `object`, got `array`"),
        (b"\xff\n", "j is no journal of glmbench: JSON is malformed"),
        (b'{"marks": {}}\n', "j is no journal of glmbench: Object missing required field `schema`"),
        (
            b'{"schema": "glmbench.journal/2", "else": 1}\n',
            "j is a 'glmbench.journal/2', and this glmbench reads 'glmbench.journal/1'",
        ),
        (FIRST + ONE[:9] + b"\n" + TWO, "j is damaged in line 2: "),
        (FIRST + ONE + b"\n" + TWO, "j is damaged in line 3: "),
        (FIRST + ONE + b"\0" * 9 + b"\n", "j is damaged in line 3: "),
        (FIRST + ONE + b'{"trial": {}}\n', "j is damaged in line 3: Object missing required"),
        (FIRST + b"[" * 100_000 + b"\n", "j is damaged in line 2: "),
        (
            FIRST + ONE.replace(b'"detail"', b'"recorded_at":"soon","detail"'),
            "j is damaged in line 2: Invalid isoformat string: 'soon'",
        ),
        (FIRST + ONE + ONE, "j is damaged in line 3: small/one@glm-4@1 is in it twice"),
    ],
)
def test_what_cannot_be_trusted_is_said(content, message):
    with pytest.raises(UsageError) as raised:
        decode_journal(content, "j")
    assert str(raised.value).startswith(message)


def test_differences_are_told_in_words_and_digests_are_not_shown():
    before = Header(marks={"same": "1", "mode": "live", "one": "sha256:a", "old": "sha256:b"})
    now = Header(marks={"same": "1", "mode": "replay", "one": "sha256:c", "more": "2"})
    assert find_differences(before, now) == (
        "mode was live and is replay",
        "one has changed",
        "old is gone",
        "more is new",
    )
    assert find_differences(before, before) == ()


def test_the_environment_is_for_readers_only():
    assert find_differences(HEADER, Header(marks=HEADER.marks)) == ()
