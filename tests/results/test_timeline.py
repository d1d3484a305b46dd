"""A timeline is small, and nothing of what came when is lost in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.measure.observation import Observation, Read, StampedPart
from glmbench.parts import Conversation, FinishReason, Reasoning, ToolCalls, Usage
from glmbench.results.timeline import Timeline, TimelineRead, make_timeline, read_timeline


def read_back(observation):
    return read_timeline(make_timeline(observation), observation.text, observation.reasoning)


def observed(reads, *parts, source="live"):
    return Observation(
        source=source,
        reads=tuple(Read(at_us=at, size=size, events=events) for at, size, events in reads),
        parts=tuple(StampedPart(at_us=at, part=part) for at, part in parts),
    )


TURN = observed(
    [(101, 30, 1), (150, 7, 0), (400, 90, 3)],
    (101, Conversation("c")),
    (150, Reasoning("hm")),
    (400, "你"),
    (400, "好 "),
    (400, FinishReason("stop", "finish")),
)


def test_a_timeline_has_a_word_for_each_read():
    assert make_timeline(TURN) == Timeline(
        reads="101/30/1/0/0 49/7/0/0/2 250/90/3/3/0",
        others=((1, "conversation"), (3, "finish stop (finish)")),
    )


def test_unfolded_it_says_what_each_read_brought():
    assert read_back(TURN) == (
        TimelineRead(
            at_us=101,
            gap_us=101,
            size=30,
            events=1,
            text="",
            reasoning="",
            others=("conversation",),
        ),
        TimelineRead(at_us=150, gap_us=49, size=7, events=0, text="", reasoning="hm"),
        TimelineRead(
            at_us=400,
            gap_us=250,
            size=90,
            events=3,
            text="你好 ",
            reasoning="",
            others=("finish stop (finish)",),
        ),
    )


def test_a_provider_that_was_stamped_itself_has_instants_without_bytes():
    turn = observed([], (5, "a"), (5, "b"), (9, ToolCalls([{}])), source="consumer")
    assert make_timeline(turn) == Timeline(
        reads="5/0/0/2/0 4/0/0/0/0", others=((2, "1 tool call"),)
    )


def test_what_came_of_an_earlier_response_stands_at_its_own_instant():
    turn = observed([(90, 5, 1)], (40, Usage(output_tokens=2)), (90, "x"))
    assert make_timeline(turn).reads == "40/0/0/0/0 50/5/1/1/0"


def test_a_text_without_instants_is_at_no_read():
    turn = observed([(90, 5, 1)], (None, "[secret:TOKEN]"))
    assert [read.text for read in read_back(turn)] == [""]


def test_without_a_timing_there_is_no_timeline():
    assert make_timeline(observed([], (None, "x"), source="none")) == Timeline()
    assert read_timeline(Timeline(), "x", "") == ()


@pytest.mark.parametrize("reads", ["1/2/3", "1/2/3/4/5/6", "a/2/3/4/5", "1,2,3,4,5"])
def test_what_is_no_timeline_is_refused(reads):
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are int's and zip's own
        read_timeline(Timeline(reads=reads), "", "")


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**9),
            st.integers(1, 9999),
            st.integers(0, 9),
            st.lists(st.one_of(st.text(max_size=5), st.text(max_size=5).map(Reasoning))),
        ),
        max_size=20,
        unique_by=lambda read: read[0],
    )
)
def test_folding_and_unfolding_loses_nothing(came):
    came.sort(key=lambda read: read[0])
    parts = [(at, part) for at, _, _, said in came for part in said]
    back = read_back(observed([read[:3] for read in came], *parts))
    assert [(read.at_us, read.size, read.events) for read in back] == [read[:3] for read in came]
    for read, (_, _, _, said) in zip(back, came, strict=True):
        assert read.text == "".join(part for part in said if isinstance(part, str))
        assert read.reasoning == "".join(p.token for p in said if isinstance(p, Reasoning))
