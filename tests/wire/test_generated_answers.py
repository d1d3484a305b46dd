"""Answers made by Hypothesis: in either mode the pieces join to what the service said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wire.support_chatglm import cut, delta_frames, finish_frame, run, snapshot_frames, sse, text_of

from glmbench.parts import Conversation, FinishReason, Reasoning

TEXTS = st.text(
    st.sampled_from('哈[ \n\ta你😀"\\\u2028\r\x00é') | st.characters(exclude_categories=["Cs"]),
    min_size=1,
    max_size=6,
)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["text", "think", "text_thinking"]), st.lists(TEXTS, min_size=1, max_size=6)
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: [(f"p{-n}", kind, fragments) for n, (kind, fragments) in enumerate(parts)])
PLACES = st.lists(st.integers(0, 9999), max_size=9)


def check(answer, frames, places):
    parts, error = run(cut(sse(*frames), places))
    assert error is None
    assert parts[0] == Conversation("c1")
    assert parts[-1] == FinishReason("stop", "finish")
    said = {
        kind: "".join("".join(f) for _, k, f in answer if (k == "text") is kind)
        for kind in (True, False)
    }
    assert text_of(parts) == said[True]
    assert "".join(part.token for part in parts if isinstance(part, Reasoning)) == said[False]
    return parts


@given(ANSWERS, st.integers(0, 4), PLACES)
def test_snapshots_join_to_the_final_text(answer, repeated, places):
    check(answer, [*snapshot_frames(answer), finish_frame(answer, repeated)], places)


@given(ANSWERS, st.integers(0, 4), PLACES)
def test_fragments_join_to_the_final_text(answer, repeated, places):
    parts = check(answer, [*delta_frames(answer), finish_frame(answer, repeated)], places)
    delivered = [p.token if isinstance(p, Reasoning) else p for p in parts[1:-1]]
    assert delivered == [text for _, _, fragments in answer for text in fragments]


@given(ANSWERS, st.integers(0, 4), PLACES)
def test_snapshots_without_a_flag_join_to_the_final_text(answer, repeated, places):
    check(answer, [*snapshot_frames(answer, flag=None), finish_frame(answer, repeated)], places)


@given(ANSWERS, st.data())
def test_an_answer_cut_anywhere_is_never_a_stop(answer, data):
    body = sse(*delta_frames(answer), finish_frame(answer, 0))
    end = data.draw(st.integers(0, len(body) - 3))  # the last two bytes are the blank line
    parts, error = run([body[:end]])
    assert error is not None
    assert not any(isinstance(part, FinishReason) for part in parts)
    said = "".join(text for _, kind, fragments in answer for text in fragments if kind == "text")
    assert said.startswith(text_of(parts))
    assert getattr(error, "text", "") == text_of(parts)
