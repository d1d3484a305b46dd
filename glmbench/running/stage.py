"""What the trials of one suite share while they run: how to run, and what may not be written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glmbench.cassettes.context import Tape, open_tape, parse_timing, plays
from glmbench.cassettes.playing_tape import Playback
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.redaction.redactor import Redactor, Secret, is_credential_key
from glmbench.suites.recordings import MIN_SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.cassettes.context import Mode
    from glmbench.cassettes.reframe import Reframe
    from glmbench.running.interruption import Interruption
    from glmbench.running.plan import SuitePlan
    from glmbench.suites.expand import Trial
    from glmbench.suites.faults import Fault
    from glmbench.suites.rates import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: see `glmbench run --help`.

    `of_run` names the limits that all suites of the run share; the others are the suite's own.
    """

    mode: Mode = "replay"
    timing: str = "recorded"
    connect_to: tuple[str, int] | None = None
    fault: Fault | None = None
    reframe: Reframe | None = None
    force: bool = False
    strict: bool = False
    concurrency: int = 1
    rate: Rate | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    retries: int = 0
    warmup: int = 0
    fail_fast: bool = False
    of_run: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One suite on its way through a run."""

    plan: SuitePlan
    settings: Settings
    redactor: Redactor
    interruption: Interruption

    @property
    def is_virtual(self) -> bool:
        """Whether replays run on a virtual clock."""
        return self.settings.timing in {"recorded", "instant"}

    @property
    def speed(self) -> float:
        """The pace of replays; 0 for instant."""
        return parse_timing(self.settings.timing)

    def playback(self, trial: Trial) -> Playback:
        """Say how the trial's recording is played; the command line's fault goes first."""
        cassettes = self.plan.suite.cassettes
        return Playback(
            speed=self.speed,
            ignore=cassettes.ignore if cassettes else (),
            fault=self.settings.fault or trial.case.fault,
            reframe=self.settings.reframe,
        )

    def replays(self, trial: Trial) -> bool:
        """Whether nothing of a trial may go to the network; its recording is not read for that."""
        path = self.plan.cassette_path(trial)
        mode = self.settings.mode
        return mode == "replay" if path is None else plays(path, mode)

    def open_tape(self, trial: Trial) -> Tape | None:
        """Open the trial's tape; there is none in replay where the suite has no cassettes.

        Raises:
            CassetteError: the recording cannot be played, or not so.
        """
        settings = self.settings
        path = self.plan.cassette_path(trial)
        if path is None:
            live = RecordingTape(None, connect_to=settings.connect_to, redactor=self.redactor)
            return None if settings.mode == "replay" else live
        return open_tape(
            path,
            settings.mode,
            name=self.plan.cassette_name(trial),
            playback=self.playback(trial),
            connect_to=settings.connect_to,
            redactor=self.redactor,
        )


def make_stage(plan: SuitePlan, settings: Settings, interruption: Interruption) -> Stage:
    """Set the stage for a suite; its secrets are those of the environment now."""
    redactor = make_redactor(plan, os.environ)
    return Stage(plan=plan, settings=settings, redactor=redactor, interruption=interruption)


def make_redactor(plan: SuitePlan, environ: Mapping[str, str]) -> Redactor:
    """Collect what may not be written: the suite's secrets, and the provider's own keys."""
    names = (*plan.suite.secrets.env, *getattr(plan.provider, "api_key_variables", ()))
    # One that is not set has a placeholder all the same, which is known by its name.
    secrets = [Secret(name=name, value=environ.get(name, "")) for name in names]
    for options in (plan.kwargs, *(trial.case.options for trial in plan.trials)):
        secrets += _given_keys(options)
    # A variable of the provider's own may hold anything; what is short is not looked for.
    return Redactor(s for s in secrets if not s.value or len(s.value) >= MIN_SECRET)


def _given_keys(options: Mapping[str, Any]) -> list[Secret]:
    return [
        Secret(name=name, value=value)
        for name, value in options.items()
        if isinstance(value, str) and is_credential_key(name)
    ]
