"""Each fault at each chunk of shipped recordings: a typed error, the text so far, and never `stop`.

The recordings are answers of both dialects; the real providers read them in virtual time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from glmbench import FinishReason, Reasoning, errors, run_virtual
from glmbench.cassettes.context import activate
from glmbench.cassettes.faults import put_fault
from glmbench.cassettes.playing_tape import PlayingTape
from glmbench.cassettes.reframe import parse_reframe, reframe
from glmbench.cassettes.store import load
from glmbench.running.plan import load_plan
from glmbench.suites.faults import CUT_KINDS, Corrupt, CutAfter, DelayFirst, Status

PROMPTS = Path(__file__).parents[2] / "prompts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One shipped case, and what a provider is called with for it."""

    provider: Any
    model: str
    messages: list[Any]
    options: dict[str, Any]
    cassette: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The parts of an answer, each with how many chunks had come, and the error behind them."""

    stamped: tuple[tuple[int, Any], ...]
    error: Exception | None
    verdict: str

    @property
    def parts(self):
        return [part for _, part in self.stamped]

    @property
    def text(self):
        return self.text_after(float("inf"))

    @property
    def thought(self):
        return "".join(part.token for part in self.parts if isinstance(part, Reasoning))

    @property
    def finish_reasons(self):
        return [part for part in self.parts if isinstance(part, FinishReason)]

    def text_after(self, chunks):
        return "".join(p for came, p in self.stamped if isinstance(p, str) and came <= chunks)


def questions():
    """Return the cases of both dialects that get an answer, by name."""
    found = {}
    for name, key in (("quickstart", {}), ("completions", {"api_key": "[secret:KEY]"})):
        (plan,) = load_plan([PROMPTS / f"{name}.yaml"]).suites
        for trial in plan.trials:
            first, *others = trial.turns
            if first.expect.error is None and not others and trial.repeat == 1:
                found[f"{name}/{trial.name}"] = Question(
                    provider=plan.provider,
                    model=trial.model,
                    messages=list(first.messages),
                    options={**key, **plan.kwargs, **trial.case.options},
                    cassette=plan.cassette_path(trial),
                )
    return found


QUESTIONS = questions()


@cache
def recorded(name):
    """Return the one interaction of a case."""
    (interaction,) = load(QUESTIONS[name].cassette)
    return interaction


@cache
def unfaulted(name):
    return answer_to(name, recorded(name))


def answer_to(name, interaction):
    """Let the provider answer from an interaction."""
    return run_virtual(_answer(QUESTIONS[name], interaction))


async def _answer(question, interaction):
    tape = PlayingTape("faulted", (interaction,))
    stamped, error = [], None
    ask = question.provider.create_async_generator
    with activate(tape):
        try:
            async for part in ask(question.model, question.messages, **question.options):
                position = tape.position()
                stamped.append((position.chunk + 1, part))
        except errors.ProviderError as raised:
            error = raised
    return Answer(stamped=tuple(stamped), error=error, verdict=tape.finding().verdict)


@cache
def chunks_before_the_finish(name):
    """Return how many chunks can come without the finish frame being complete."""
    (reason,) = unfaulted(name).finish_reasons
    track = recorded(name).track
    return track.chunks.index(track.chunk_at(reason.body_offset))


# --- cut ------------------------------------------------------------------------------------


def error_of_cut(fault):
    if fault.kind == "stall":
        return errors.ProviderTimeoutError
    if fault.kind == "eof" and fault.chunks == 0:
        return errors.EmptyAnswerError
    return errors.IncompleteStreamError


@pytest.mark.parametrize("kind", CUT_KINDS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_cut_anywhere_before_the_finish_is_a_typed_error_behind_the_text_so_far(name, kind):
    for chunks in range(chunks_before_the_finish(name) + 1):
        fault = CutAfter(chunks=chunks, kind=kind)
        answer = answer_to(name, put_fault(recorded(name), fault))
        assert type(answer.error) is error_of_cut(fault), fault
        assert answer.text == unfaulted(name).text_after(chunks), fault
        assert (answer.finish_reasons, answer.verdict) == ([], "HIT"), fault


@pytest.mark.parametrize("kind", CUT_KINDS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_cut_behind_the_finish_frame_changes_nothing(name, kind):
    track = recorded(name).track
    for chunks in range(chunks_before_the_finish(name) + 1, len(track.chunks) + 1):
        answer = answer_to(name, put_fault(recorded(name), CutAfter(chunks=chunks, kind=kind)))
        assert answer.error is None
        assert answer.text == unfaulted(name).text
        assert answer.finish_reasons == unfaulted(name).finish_reasons


# --- corrupt --------------------------------------------------------------------------------


def test_a_corrupt_byte_is_a_typed_error_and_never_a_finish():
    for name in QUESTIONS:
        whole = unfaulted(name)
        for chunk in range(1, chunks_before_the_finish(name) + 1):
            fault = Corrupt(chunk=chunk)
            answer = answer_to(name, put_fault(recorded(name), fault))
            assert type(answer.error) is errors.ProtocolError, (name, fault)
            assert answer.finish_reasons == [], (name, fault)
            # Several events may come in a chunk: those before the corrupt one count.
            assert answer.text.startswith(whole.text_after(chunk - 1)), (name, fault)
            assert whole.text.startswith(answer.text), (name, fault)


# --- late, another status -------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_late_first_chunk_changes_nothing_but_the_time(name):
    assert answer_to(name, put_fault(recorded(name), DelayFirst(seconds=10.0))) == unfaulted(name)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_first_chunk_that_is_too_late_is_a_timeout_of_the_first_byte(name):
    answer = answer_to(name, put_fault(recorded(name), DelayFirst(seconds=3600.0)))
    assert type(answer.error) is errors.ProviderTimeoutError
    assert (answer.error.phase, answer.parts) == ("first_byte", [])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(code=400), errors.BadRequestError),
        (Status(code=401), errors.AuthError),
        (Status(code=429, retry_after=2.0), errors.RateLimitedError),
        (Status(code=500), errors.ServerFailedError),
        (Status(code=599), errors.ServerFailedError),
    ],
)
@pytest.mark.parametrize("name", QUESTIONS)
def test_another_status_is_its_error_and_has_no_text(name, fault, error):
    answer = answer_to(name, put_fault(recorded(name), fault))
    assert type(answer.error) is error
    assert (answer.error.status, answer.error.retry_after) == (fault.code, fault.retry_after)
    assert (answer.parts, answer.verdict) == ([], "HIT")


# --- framings -------------------------------------------------------------------------------


# Every way in which the two dialects carry text; byte by byte the long answers take seconds.
FRAMED = [
    "quickstart/hello-zh",
    "quickstart/delta-poem",
    "quickstart/framing-2024",
    "quickstart/search-citations",
    "completions/usage-separate",
    "completions/reasoning",
    "completions/tool-call-fragments",
]


@pytest.mark.parametrize("word", ["whole", "event", "byte", "random:1", "random:2"])
@pytest.mark.parametrize("name", FRAMED)
def test_no_framing_changes_the_answer(name, word):
    answer = answer_to(name, reframe(recorded(name), parse_reframe(word)))
    whole = unfaulted(name)
    assert (answer.error, answer.verdict) == (None, "HIT")
    assert (answer.text, answer.thought) == (whole.text, whole.thought)
    assert answer.finish_reasons == whole.finish_reasons
