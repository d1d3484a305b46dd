"""One go at a trial: the provider answers under a tape, and what was seen of it is kept.

In replay each go has an event loop of its own whose clock is virtual, and the network is sealed,
so that no trial can influence another and every figure is the same run after run.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from glmbench.cassettes import virtual_time
from glmbench.cassettes.context import activate
from glmbench.cassettes.seal import sealed
from glmbench.cassettes.tape import PlayingTape
from glmbench.cassettes.verdict import Finding
from glmbench.errors import DeadlineExceededError, RecordingEndsError
from glmbench.redaction.redactor import Secret
from glmbench.running.foreign import as_part
from glmbench.running.observe import Yielded, as_failure, observe
from glmbench.running.stage import secrets_stand_in

if TYPE_CHECKING:
    from glmbench.cassettes.tape import Tape
    from glmbench.measure.observation import Observation
    from glmbench.running.stage import Stage
    from glmbench.suites.expand import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What one go showed. `finding` is None when the tape has nothing to say of it.

    `recorded_at` is when the oldest response that was played was recorded; `offsets_s` tells how
    late each chunk was played, where that was on a real clock.
    """

    observation: Observation
    finding: Finding | None
    error: BaseException | None
    edited: bool = False
    recorded_at: datetime | None = None
    offsets_s: tuple[float, ...] = ()


def take(stage: Stage, trial: Trial, tape: Tape | None) -> Take:
    """Run a trial once.

    Raises:
        asyncio.CancelledError: Ctrl-C came; nothing of the trial is kept.
    """
    yielded: list[Yielded] = []
    refused: list[str] = []
    with ExitStack() as around:
        if is_replay(tape):
            refused = around.enter_context(sealed()).refused
            around.enter_context(secrets_stand_in(stage.plan))
        error = _attempt(stage, trial, tape, yielded)
    failure = as_failure(error) if error is not None else None
    observation = observe(tape, yielded, failure)
    finding = _finding(tape, observation, error, refused)
    if not isinstance(tape, PlayingTape):
        return Take(observation=observation, finding=finding, error=error)
    return Take(
        observation=observation,
        finding=finding,
        error=error,
        edited=tape.edited,
        recorded_at=_instant(tape.recorded_at),
        offsets_s=() if _is_virtual(stage, tape) else tape.offsets_s,
    )


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


def _is_virtual(stage: Stage, tape: Tape | None) -> bool:
    return is_replay(tape) and stage.settings.timing in {"recorded", "instant"}


def _attempt(
    stage: Stage, trial: Trial, tape: Tape | None, yielded: list[Yielded]
) -> BaseException | None:
    """Let the provider answer, on the loop that the mode asks for."""
    interruption = stage.interruption

    async def converse() -> None:
        with interruption.cancelling():
            await _converse(stage, trial, tape, yielded)

    run = virtual_time.run if _is_virtual(stage, tape) else asyncio.run
    try:
        with ExitStack() as around:
            if tape is not None:
                around.enter_context(activate(tape))
            run(converse())
    # Whatever a provider raises is this trial's row; were SystemExit let through, a provider
    # could end the run with a code of its own. Ctrl-C is told by the interruption.
    except BaseException as error:
        if interruption.requested:
            raise
        return error
    return None


async def _converse(stage: Stage, trial: Trial, tape: Tape | None, yielded: list[Yielded]) -> None:
    started = time.perf_counter()
    plan = stage.plan
    limit = trial.case.timeout
    options = {**plan.suite.provider.kwargs, **trial.case.options}
    if is_replay(tape):
        options = {**_placeholders(plan.provider), **options}
    messages = [dict(message) for message in trial.case.messages]
    deadline = asyncio.timeout(limit)
    try:
        async with deadline:
            parts = plan.provider.create_async_generator(trial.model, messages, **options)
            async with aclosing(parts):
                async for item in parts:
                    part = as_part(item)
                    if part is None:
                        continue
                    yielded.append(
                        Yielded(
                            part=part,
                            position=tape.position() if tape is not None else None,
                            consumer_us=round((time.perf_counter() - started) * 1e6),
                        )
                    )
    except TimeoutError:
        if not deadline.expired():
            raise
        message = f"the case's timeout of {limit:g} s passed"
        raise DeadlineExceededError(message) from None


def _placeholders(provider: Any) -> dict[str, str]:
    """Stand in for the provider's key: replay sends it to nobody, so CI needs no secret."""
    variables = getattr(provider, "api_key_variables", ())
    return {"api_key": Secret(name=variables[0], value="").placeholder} if variables else {}


def _finding(
    tape: Tape | None,
    observation: Observation,
    error: BaseException | None,
    refused: list[str],
) -> Finding | None:
    """Ask the tape, and count what it cannot see: ways to the network that were tried.

    None: there is no tape, or the trial ended before it could ask it for anything.
    """
    if isinstance(error, RecordingEndsError):
        return Finding(verdict="STALE", reason=str(error))
    if refused:
        reason = f"{refused[0]} was refused: replay never goes to the network."
        return Finding(verdict="MISS", reason=reason)
    if tape is None:
        return None
    finding = tape.finding()
    if isinstance(error, DeadlineExceededError) and finding.verdict == "RECORDED":
        # What was cut off by our own deadline is no recording of anything.
        return Finding(verdict="LIVE", reason="Stopped by the case's timeout: nothing was saved.")
    failed_before_asking = error is not None and not observation.parts and not tape.asked
    return None if failed_before_asking and finding.verdict == "MISS" else finding
