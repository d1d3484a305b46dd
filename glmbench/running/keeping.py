"""What becomes of a recording: saved, or refused with the reason.

A cassette is what later runs are judged by. So an answer that broke off is not kept unless the case
is about that, and a recording that is there is not replaced by one that is worse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glmbench.cassettes.scrub import remaining
from glmbench.cassettes.tape import PlayingTape, RecordingTape
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError
from glmbench.running.outcome import make_outcome
from glmbench.running.take import take

if TYPE_CHECKING:
    from glmbench.cassettes.interaction import Interaction
    from glmbench.measure.observation import Observation
    from glmbench.results.model import Status
    from glmbench.running.outcome import Outcome
    from glmbench.running.stage import Stage
    from glmbench.running.take import Take
    from glmbench.suites.expand import Trial

BROKEN_OFF = frozenset({"IncompleteStreamError", "EmptyAnswerError"})


def keep(stage: Stage, trial: Trial, tape: RecordingTape, took: Take) -> Outcome:
    """Save what was recorded, if it may be, and give the trial its row.

    When what is saved is not what came (a secret was taken out, or the case has a fault), the row
    is that of its replay: what everybody will see from now on.
    """
    interactions = tape.recorded()
    shown = took
    if stage.playback(trial).edits or _was_scrubbed(tape, interactions):
        shown = _replayed(stage, trial, interactions, took)
    status = make_outcome(stage, trial, shown).result.status
    finding = _secrets_left(stage, interactions, shown.observation)
    if finding is None and not stage.settings.force:
        replaces = tape.path is not None and tape.path.exists()
        finding = objection(status, took.observation, interactions, replaces=replaces)
    if finding is None:
        finding = _saved(tape, shown.finding, stage.plan.cassette_name(trial))
    return make_outcome(stage, trial, replace(shown, finding=finding))


def _was_scrubbed(tape: RecordingTape, interactions: tuple[Interaction, ...]) -> bool:
    came = [served.interaction.body for _, served in tape.served()]
    return came != [interaction.body for interaction in interactions]


def _replayed(
    stage: Stage, trial: Trial, interactions: tuple[Interaction, ...], took: Take
) -> Take:
    name = stage.plan.cassette_name(trial)
    try:
        tape = PlayingTape(name, interactions, stage.playback(trial), redactor=stage.redactor)
    except CassetteError as problem:
        return replace(took, finding=Finding(verdict="STALE", reason=str(problem)))
    replayed = take(stage, trial, tape)
    if replayed.finding is not None and replayed.finding.verdict == "HIT":
        return replace(replayed, finding=took.finding)
    return replayed


def _secrets_left(
    stage: Stage, interactions: tuple[Interaction, ...], observation: Observation
) -> Finding | None:
    """Refuse what holds a secret in a way that cannot be taken out."""
    redactor = stage.redactor
    names = {name for interaction in interactions for name in remaining(interaction, redactor)}
    for text in (observation.text, observation.reasoning):
        names.update(redactor.found_in(text))
    if not names:
        return None
    reason = f"the value of {', '.join(sorted(names))} is in it in a form that cannot be taken out."
    return Finding(verdict="MISS", reason=f"Not saved: {reason}")


def objection(
    status: Status,
    observation: Observation,
    interactions: tuple[Interaction, ...],
    *,
    replaces: bool,
) -> Finding | None:
    """Say why a recording should not be kept; None when it should.

    Args:
        status: of the trial, as it will be seen in replay.
        observation: of the recording itself.
        interactions: what would be saved.
        replaces: whether there is a recording already.
    """
    if status == "passed":
        return None
    broken = _broken(observation, interactions)
    if broken is not None:
        reason = f"Not saved: the recording is {broken}, and the case does not expect that."
        return Finding(verdict="MISS", reason=f"{reason} --force saves it all the same.")
    if status == "error":
        reason = "Not saved: the answer was an error that the case does not expect."
        return Finding(verdict="LIVE", reason=f"{reason} --force saves it all the same.")
    if replaces:
        reason = "The old recording was kept: the trial did not end as its case expects."
        return Finding(verdict="LIVE", reason=f"{reason} --force replaces it.")
    return None


def _broken(observation: Observation, interactions: tuple[Interaction, ...]) -> str | None:
    last = interactions[-1]
    if last.status < 300 and not last.body:
        return "empty"
    failed = observation.failure is not None and observation.failure.type in BROKEN_OFF
    ended = last.track is None or last.track.end.kind == "eof" or observation.finish is not None
    return "incomplete" if failed or not ended else None


def _saved(tape: RecordingTape, finding: Finding | None, name: str) -> Finding | None:
    """Write the recording; one that cannot be written is a row, and the run goes on."""
    try:
        tape.save()
    except OSError as problem:
        reason = f"{name} could not be written: {problem.strerror or problem}."
        return Finding(verdict="MISS", reason=reason)
    except CassetteError as problem:
        return Finding(verdict="MISS", reason=str(problem))
    return finding
