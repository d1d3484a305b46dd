"""Decoders that are wrong in the ways most clients are, and a check that tells each apart.

A check that passes on a mutant checks nothing.
"""

from __future__ import annotations

import pytest
from wire.support_chatglm import delta_frames, finish_frame, frame, run, sse, text_of

from glmbench.errors import IncompleteStreamError
from glmbench.parts import FinishReason
from glmbench.wire.chatglm import ChatGlmDecoder

TWO_PARTS = [
    frame([("a", "text", "One. ", "finish"), ("b", "text", "Two.", "finish")], flag=False),
    frame([], status="finish"),
]
WITH_BLANKS = [("a", "text", ["def f():", "\n", "    ", "return 1"])]


class OnlyTheFirstPart(ChatGlmDecoder):
    def _changed_parts(self, frame):
        return list(enumerate(frame.parts))[:1]


class EofIsStop(ChatGlmDecoder):
    def finish(self):
        self._terminate("finish")
        return super().finish()


class BlanksAreDropped(ChatGlmDecoder):
    def _deliver(self, key, new, parts):
        if new.strip():
            super()._deliver(key, new, parts)


class EqualFragmentsAreDropped(ChatGlmDecoder):
    def _deliver(self, key, new, parts):
        if [new] != self._delivered[-1:]:
            super()._deliver(key, new, parts)


def every_part_is_read(decoder):
    parts, error = run([sse(*TWO_PARTS)], decoder)
    return error is None and text_of(parts) == "One. Two."


def an_end_without_finish_is_no_stop(decoder):
    parts, error = run([sse(*TWO_PARTS[:1])], decoder)
    return type(error) is IncompleteStreamError and not any(
        isinstance(part, FinishReason) for part in parts
    )


def blanks_are_text(decoder):
    body = sse(*delta_frames(WITH_BLANKS), finish_frame(WITH_BLANKS, 1))
    parts, error = run([body], decoder)
    return error is None and text_of(parts) == "def f():\n    return 1"


def repeated_fragments_are_text(decoder):
    answer = [("a", "text", ["哈", "哈", "！"])]
    parts, error = run([sse(*delta_frames(answer), finish_frame(answer, 1))], decoder)
    return error is None and text_of(parts) == "哈哈！"


MUTANTS = [
    (OnlyTheFirstPart, every_part_is_read),
    (EofIsStop, an_end_without_finish_is_no_stop),
    (BlanksAreDropped, blanks_are_text),
    (EqualFragmentsAreDropped, repeated_fragments_are_text),
]


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_the_check_fails_on_the_mutant(mutant, check):
    assert not check(mutant())


@pytest.mark.parametrize("check", [check for _, check in MUTANTS])
def test_the_check_passes_on_the_decoder(check):
    assert check(ChatGlmDecoder())


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_the_mutant_is_wrong_in_its_one_way_only(mutant, check):
    others = {other for _, other in MUTANTS} - {check}
    assert [other.__name__ for other in others if not other(mutant())] == []
