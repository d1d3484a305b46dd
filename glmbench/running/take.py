"""One go at a trial: the provider answers under a tape, and what was seen of it is kept.

In replay each go has an event loop of its own whose clock is virtual, and the network is sealed,
so that no trial can influence another and every figure is the same run after run.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from glmbench.cassettes import virtual_time
from glmbench.cassettes.context import activate
from glmbench.cassettes.playing_tape import PlayingTape
from glmbench.cassettes.seal import sealed
from glmbench.cassettes.verdict import Finding
from glmbench.checks.evaluate import evaluate
from glmbench.errors import (
    DeadlineExceededError,
    ProviderError,
    RecordingEndsError,
    VirtualTimeError,
)
from glmbench.measure.timing import measure_throughput, measure_timing
from glmbench.parts import Conversation
from glmbench.redaction.redactor import Secret
from glmbench.results.judge import judge
from glmbench.running.foreign import as_part
from glmbench.running.observe import Yielded, as_failure, observe
from glmbench.running.retries import with_retries
from glmbench.running.stand_ins import stand_in
from glmbench.suites.model import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from glmbench.cassettes.context import Tape
    from glmbench.measure.observation import Observation
    from glmbench.running.stage import Stage
    from glmbench.suites.expand import Trial, TrialTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTake:
    """What the last attempt of a turn showed. `waited_s` is the time between its attempts."""

    observation: Observation
    error: BaseException | None = None
    attempts: int = 1
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What one go showed. `finding` is None when the tape has nothing to say of it.

    `recorded_at` is when the oldest response that was played was recorded; `offsets_s` tells how
    late each chunk was played, where that was on a real clock.
    """

    turns: tuple[TurnTake, ...]
    finding: Finding | None
    edited: bool = False
    recorded_at: datetime | None = None
    offsets_s: tuple[float, ...] = ()

    @property
    def decisive(self) -> Observation:
        """The first turn that failed, or else the last one."""
        seen = [turn.observation for turn in self.turns]
        return next((each for each in seen if each.failure is not None), seen[-1])

    @property
    def error(self) -> BaseException | None:
        """What ended the first turn that was ended by anything."""
        return next((turn.error for turn in self.turns if turn.error is not None), None)


def take(stage: Stage, trial: Trial, tape: Tape | None) -> Take:
    """Replay a trial on a virtual clock, with the network sealed and secrets stood in for.

    Raises:
        asyncio.CancelledError: Ctrl-C came twice; nothing of the trial is kept.
    """
    conversation = _Conversation(stage, trial, tape)

    async def hold_until_stopped() -> None:
        with stage.interruption.draining(lambda: 1):
            await conversation.hold()

    with sealed() as seal, stand_in(stage.plan.suite.secrets.env):
        try:
            virtual_time.run(hold_until_stopped())
        except VirtualTimeError as error:
            # Raised by the loop, which knows that nothing can happen any more.
            conversation.break_off(error)
    return with_refused(conversation.result(), seal.refused)


def confirm(stage: Stage, trial: Trial, tape: PlayingTape) -> Take:
    """Replay what was just recorded, beside trials that may still be at it.

    Neither sealed nor stood in for: both would reach the others, and what the provider does was
    seen a moment ago.
    """
    conversation = _Conversation(stage, trial, tape)
    try:
        virtual_time.run(conversation.hold())
    except VirtualTimeError as error:
        conversation.break_off(error)
    return conversation.result()


async def perform(
    stage: Stage,
    trial: Trial,
    tape: Tape | None,
    may_retry: Callable[[], bool] = lambda: True,
) -> Take:
    """Run a trial once, on the running loop.

    Raises:
        asyncio.CancelledError: Ctrl-C came while it waited to ask again, or came twice.
    """
    conversation = _Conversation(stage, trial, tape, may_retry, stage.interruption.pause)
    await conversation.hold()
    return conversation.result()


def _instant(text: str | None) -> datetime | None:
    """Read when something was recorded; a date that is none is no age."""
    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return instant.replace(tzinfo=instant.tzinfo or UTC) if instant else None


def is_replay(tape: Tape | None) -> bool:
    """Tell whether nothing may go to the network."""
    return tape is None or isinstance(tape, PlayingTape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One attempt of a turn: what came, and what ended it."""

    yielded: list[Yielded]
    error: BaseException | None


class _Conversation:
    """A trial under way: what was said so far, and what came of each turn."""

    def __init__(
        self,
        stage: Stage,
        trial: Trial,
        tape: Tape | None,
        may_retry: Callable[[], bool] = lambda: True,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.turns: list[TurnTake] = []
        self._may_retry = may_retry
        self._pause = pause
        # A replay at 4x has a quarter of the time for its deadline and its waits.
        is_paced = isinstance(tape, PlayingTape) and not stage.is_virtual
        self._pace = stage.speed if is_paced else 1.0
        self._stage = stage
        self._trial = trial
        self._tape = tape
        self._history: list[Message] = []
        self._conversation_id: str | None = None
        # Of the attempt under way, for the case that the loop itself gives up.
        self._yielded: list[Yielded] = []
        self._place = (1, 1)

    def result(self) -> Take:
        """Put together what was seen."""
        tape = self._tape
        finding = _finding(tape, self.turns)
        if not isinstance(tape, PlayingTape):
            return Take(turns=tuple(self.turns), finding=finding)
        return Take(
            turns=tuple(self.turns),
            finding=finding,
            edited=tape.edited,
            recorded_at=_instant(tape.recorded_at),
            offsets_s=() if self._stage.is_virtual else tape.offsets_s,
        )

    def break_off(self, error: BaseException) -> None:
        """Note what ended the attempt that was under way."""
        self.turns.append(self._taken(self._place, self._yielded, error))

    async def hold(self) -> None:
        """Say every turn, or as many as the case wants after one that failed."""
        with activate(self._tape) if self._tape is not None else nullcontext():
            await self._hold()

    async def _hold(self) -> None:
        loop = asyncio.get_running_loop()
        limit = self._trial.timeout
        ends_at = None if limit is None else loop.time() + limit / self._pace
        for number, turn in enumerate(self._trial.turns, start=1):
            left = None if ends_at is None else ends_at - loop.time()
            took = await self._take_turn(number, turn, left)
            self.turns.append(took)
            # After the last turn nobody asks; a check in Python would run once more for nothing.
            if number < len(self._trial.turns) and self._stops_after(turn, took):
                return

    def _stops_after(self, turn: TrialTurn, took: TurnTake) -> bool:
        error = took.error
        if error is not None and not isinstance(error, Exception):
            return True
        if isinstance(error, DeadlineExceededError):
            return True
        observation = took.observation
        if self._trial.case.on_turn_failure == "continue" and observation.text:
            return False
        checks = evaluate(
            turn.expect,
            observation,
            measure_timing(observation),
            measure_throughput(observation),
            self._stage.plan.functions,
        )
        return judge(turn.expect, observation.failure, checks, None) in {"failed", "error"}

    async def _take_turn(self, number: int, turn: TrialTurn, left_s: float | None) -> TurnTake:
        said = [*turn.messages] if self._goes_on else [*self._history, *turn.messages]

        async def attempt(count: int, left: float | None) -> _Attempt:
            self._place = (number, count)
            if self._tape is not None:
                self._tape.begin(number, count)
            return await self._attempt(said, left)

        attempts = await with_retries(
            attempt,
            retries=self._retries(number),
            deadline_s=left_s,
            is_error=lambda a: a.error if isinstance(a.error, ProviderError) else None,
            may_retry=self._may_retry,
            pace=self._pace,
            pause=self._pause,
        )
        last = attempts.outcome
        took = self._taken(self._place, last.yielded, last.error)
        self._history += turn.messages
        if took.observation.text:
            # Services refuse a message without content.
            self._history.append(Message(role="assistant", content=took.observation.text))
        return replace(took, attempts=attempts.count, waited_s=attempts.waited_s)

    @property
    def _goes_on(self) -> bool:
        """Whether the service keeps the history itself."""
        return self._conversation_id is not None

    def _taken(
        self, place: tuple[int, int], yielded: Sequence[Yielded], error: BaseException | None
    ) -> TurnTake:
        turn, attempt = place
        failure = as_failure(error) if error is not None else None
        observation = observe(self._tape, yielded, failure, turn=turn, attempt=attempt)
        for item in yielded:
            if isinstance(item.part, Conversation) and self._stage.plan.takes_conversation:
                self._conversation_id = item.part.conversation_id
        return TurnTake(observation=observation, error=error)

    def _retries(self, turn: int) -> int:
        """In replay the recorded attempts are followed, and there are no others."""
        if isinstance(self._tape, PlayingTape):
            return self._tape.attempts(turn) - 1
        return 0 if self._tape is None else self._stage.settings.retries

    async def _attempt(self, said: list[Message], left_s: float | None) -> _Attempt:
        """Let the provider answer once; whatever it raises is this trial's row.

        Were SystemExit let through, a provider could end the run with a code of its own. What
        comes from outside, a cancellation or Ctrl-C, is no row: it is passed on.
        """
        self._yielded = []
        error: BaseException | None = None
        try:
            await self._listen(said, left_s, self._yielded)
        except BaseException as raised:
            task = asyncio.current_task()
            cancelled = isinstance(raised, asyncio.CancelledError) and task and task.cancelling()
            if cancelled or self._stage.interruption.stopping:
                raise
            error = raised
        return _Attempt(yielded=self._yielded, error=error)

    async def _listen(
        self, said: list[Message], left_s: float | None, yielded: list[Yielded]
    ) -> None:
        started = time.perf_counter()
        deadline = asyncio.timeout(left_s)
        create = self._stage.plan.provider.create_async_generator
        try:
            async with deadline:
                own = [dict(message) for message in said]
                parts = create(self._trial.model, own, **self._options())
                async with aclosing(parts):
                    async for item in parts:
                        part = as_part(item)
                        if part is None:
                            continue
                        position = self._tape.position() if self._tape is not None else None
                        consumer_us = round((time.perf_counter() - started) * 1e6)
                        yielded.append(
                            Yielded(part=part, position=position, consumer_us=consumer_us)
                        )
        except TimeoutError:
            if not deadline.expired():
                raise
            message = f"the case's timeout of {self._trial.timeout:g} s passed"
            raise DeadlineExceededError(message) from None

    def _options(self) -> dict[str, Any]:
        plan = self._stage.plan
        options = {**plan.kwargs, **self._trial.case.options}
        if is_replay(self._tape):
            options = {**_placeholders(plan.provider), **options}
        if self._conversation_id is not None:
            options["conversation_id"] = self._conversation_id
        return options


def _placeholders(provider: Any) -> dict[str, str]:
    """Stand in for the provider's key: replay sends it to nobody, so CI needs no secret."""
    variables = getattr(provider, "api_key_variables", ())
    return {"api_key": Secret(name=variables[0], value="").placeholder} if variables else {}


def with_refused(took: Take, refused: list[str]) -> Take:
    """Count ways to the network that were tried round the tape."""
    if not refused or isinstance(took.error, RecordingEndsError):
        return took
    reason = f"{refused[0]} was refused: replay never goes to the network."
    return replace(took, finding=Finding(verdict="MISS", reason=reason))


def _finding(tape: Tape | None, turns: list[TurnTake]) -> Finding | None:
    """Ask the tape; None when there is none, or the trial ended before it asked for anything."""
    for turn in turns:
        if isinstance(turn.error, RecordingEndsError):
            return Finding(verdict="STALE", reason=str(turn.error))
    if tape is None:
        return None
    finding = tape.finding()
    stopped = any(isinstance(turn.error, DeadlineExceededError) for turn in turns)
    if stopped and finding.verdict == "RECORDED":
        # What was cut off by our own deadline is no recording of anything.
        return Finding(verdict="LIVE", reason="Stopped by the case's timeout: nothing was saved.")
    failed = any(turn.error is not None for turn in turns)
    said_nothing = not any(turn.observation.parts for turn in turns)
    if failed and said_nothing and not tape.asked and finding.verdict == "MISS":
        return None
    return finding
