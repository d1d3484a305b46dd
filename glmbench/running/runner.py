"""Run the trials of a plan, suite by suite; a failed trial is a row and the run goes on.

Replays run one after the other, each on a virtual clock of its own. What goes to the network, and
what is replayed at a speed, shares one event loop: there limits and concurrency count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.cassettes.seal import noting, sealed
from glmbench.cassettes.store import import_vcrpy
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteDamagedError, CassetteError
from glmbench.gates import judge_thresholds
from glmbench.measure.observation import Observation
from glmbench.measure.stats import summarize
from glmbench.problems import whole_text
from glmbench.results.cases import STOPPED_BY_A_FAILURE
from glmbench.results.model import RunResult, SuiteInfo, TrialResult
from glmbench.results.warnings import find_warnings
from glmbench.running.eventloop import run_live
from glmbench.running.interruption import Interruption
from glmbench.running.keeping import keep
from glmbench.running.limits import Budget
from glmbench.running.observe import as_failure
from glmbench.running.outcome import make_outcome, make_skipped
from glmbench.running.schedule import Job, Schedule, Skipped
from glmbench.running.stage import Settings, Stage, make_stage
from glmbench.running.stand_ins import stand_in
from glmbench.running.take import Take, TurnTake, perform, take, with_refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glmbench.cassettes.context import Tape
    from glmbench.cassettes.seal import Seal
    from glmbench.results.journal import Outcome
    from glmbench.running.interruption import OnDrain
    from glmbench.running.plan import SuitePlan
    from glmbench.running.resuming import Journal
    from glmbench.suites.expand import Trial

OnTrial: TypeAlias = Callable[[TrialResult], None]


def run_suites(
    plans: Sequence[SuitePlan],
    settings: Settings | Mapping[str, Settings],
    environment: dict[str, Any],
    on_trial: OnTrial = lambda _: None,
    *,
    journal: Journal | None = None,
    on_drain: OnDrain = lambda _: None,
) -> RunResult:
    """Run every trial. Ctrl-C ends the run; what is finished is in the result.

    Args:
        plans: the suites, in order.
        settings: how to run; by the name of the suite where they differ.
        environment: for the result.
        on_trial: gets each row as it is finished; not those that the journal had already.
        journal: what is in it is not run again, and what ends is written into it.
        on_drain: gets the number of trials that are finished yet after the first Ctrl-C.
    """
    outcomes: list[Outcome] = []
    too_old: dict[str, float] = {}
    so_far = _SoFar(began_at=time.monotonic())
    if journal is not None:
        so_far.taken, so_far.append = journal.taken, journal.append
    with Interruption(on_drain) as interruption:
        for plan in plans:
            own = settings if isinstance(settings, Settings) else settings[plan.suite.name]
            came = _Run(make_stage(plan, own, interruption), on_trial, so_far).outcomes()
            outcomes += came
            for outcome in came:
                too_old |= _too_old(plan, outcome)
    trials = tuple(outcome.result for outcome in outcomes)
    result = RunResult(
        suites=tuple(_suite_info(plan) for plan in plans),
        environment=environment,
        trials=trials,
        interrupted=interruption.requested,
        warnings=find_warnings(trials, too_old),
        replay_lag=summarize(late for outcome in outcomes for late in outcome.offsets_s),
        details={o.result.full_id: o.detail for o in outcomes if o.detail is not None},
    )
    return judge_run(result, plans, settings)


def judge_run(
    result: RunResult, plans: Sequence[SuitePlan], settings: Settings | Mapping[str, Settings]
) -> RunResult:
    """Judge a run by what its suites and settings ask for now, which rows do not depend on."""
    settled = [settings] if isinstance(settings, Settings) else settings.values()
    is_strict = any(own.strict for own in settled)
    named = [(plan.suite.name, each) for plan in plans for each in plan.suite.thresholds]
    return replace(result, strict=is_strict, gates=judge_thresholds(named, result))


def _suite_info(plan: SuitePlan) -> SuiteInfo:
    return SuiteInfo(
        name=plan.suite.name,
        path=whole_text(plan.shown_path),
        provider=plan.provider_name,
        cases=len(plan.suite.cases),
    )


def _too_old(plan: SuitePlan, outcome: Outcome) -> dict[str, float]:
    """Return the age in seconds of a recording that is older than its suite wants it, by trial."""
    limit = plan.suite.cassettes.max_age_s if plan.suite.cassettes else None
    if limit is None or outcome.recorded_at is None:
        return {}
    age_s = (datetime.now(UTC) - outcome.recorded_at).total_seconds()
    return {outcome.result.full_id: age_s} if age_s > limit else {}


@dataclass(slots=True, kw_only=True)
class _SoFar:
    """What the suites of a run have in common; `stopped` is why nothing more may start.

    `taken` are outcomes of an earlier go at the run, by full id; `append` keeps those of this one.
    """

    began_at: float
    taken: Mapping[str, Outcome] = field(default_factory=dict)
    append: Callable[[Outcome], None] = lambda _: None
    requests: int = 0
    stopped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A trial that runs beside others. Its tape is opened when it starts: all would be much."""

    place: int
    trial: Trial
    is_replay: bool


class _Run:
    """The trials of one suite, and what came of them, by their place in the plan."""

    def __init__(self, stage: Stage, on_trial: OnTrial, so_far: _SoFar) -> None:
        self._so_far = so_far
        self._stage = stage
        self._interruption = stage.interruption
        self._trials = stage.plan.trials
        self._on_trial = on_trial
        self._came: dict[int, Outcome] = {}
        self._budget: Budget | None = None
        self._judging = asyncio.Lock()

    def outcomes(self) -> list[Outcome]:
        """Run everything; what was not begun when Ctrl-C came is missing."""
        later: list[_Waiting] = []
        for place, trial in enumerate(self._trials):
            if self._interruption.requested:
                break
            if not self._take_over(place, trial):
                self._begin(place, trial, later)
        if later and not self._interruption.requested:
            self._run_together(later)
        for each in later:
            if self._so_far.stopped is not None and each.place not in self._came:
                self._skip(each.place, each.trial, self._so_far.stopped)
        if self._budget is not None:
            self._so_far.requests = self._budget.spent
        return [self._came[place] for place in sorted(self._came)]

    def _take_over(self, place: int, trial: Trial) -> bool:
        """Take what an earlier go at the run left of a trial, if it did."""
        outcome = self._so_far.taken.get(f"{self._stage.plan.suite.name}/{trial.id}")
        if outcome is None:
            return False
        self._settle(place, outcome)
        return True

    def _begin(self, place: int, trial: Trial, later: list[_Waiting]) -> None:
        """Replay a trial on its virtual clock, or put it off until all others are begun."""
        stage = self._stage
        reason = self._so_far.stopped or _reason_to_skip(stage, trial)
        if reason is not None:
            self._skip(place, trial, reason)
            return
        is_replay = stage.replays(trial)
        if not (is_replay and stage.is_virtual):
            later.append(_Waiting(place=place, trial=trial, is_replay=is_replay))
            return
        try:
            self._finished(place, _replay(stage, trial))
        except asyncio.CancelledError:
            if not self._interruption.stopping:
                raise

    def _finished(self, place: int, outcome: Outcome) -> None:
        if self._interruption.stopping:
            # It may be a row that a trial made of its own cancellation.
            return
        self._so_far.append(outcome)
        self._settle(place, outcome)
        self._on_trial(outcome.result)

    def _settle(self, place: int, outcome: Outcome) -> None:
        self._came[place] = outcome
        if self._stage.settings.fail_fast and _is_bad(outcome):
            self._so_far.stopped = STOPPED_BY_A_FAILURE

    def _run_together(self, trials: Sequence[_Waiting]) -> None:
        """Run trials on a real loop: first those that are replayed, with the network sealed."""
        replays = [each for each in trials if each.is_replay]
        others = [each for each in trials if not each.is_replay]
        try:
            if replays and self._so_far.stopped is None:
                with sealed() as seal, stand_in(self._stage.plan.suite.secrets.env):
                    asyncio.run(self._together(replays, seal))
            if others and self._so_far.stopped is None:
                if self._stage.settings.mode != "live":
                    import_vcrpy()
                run_live(self._together(others, None))
        except asyncio.CancelledError:
            if not self._interruption.requested:
                raise

    async def _together(self, trials: Sequence[_Waiting], seal: Seal | None) -> None:
        """Run trials. Without a seal they ask the service: only then rate and requests count."""
        settings = self._stage.settings
        is_live = seal is None
        budget = self._budget = self._budget or self._make_budget()
        jobs = [
            Job(
                run=partial(self._perform, each.trial, seal, budget),
                requests=len(each.trial.turns) if is_live else 0,
            )
            for each in trials
        ]
        if is_live:
            await self._warm_up(trials[0].trial, budget)
        schedule = Schedule(
            jobs,
            concurrency=settings.concurrency,
            rate=settings.rate if is_live else None,
            budget=budget,
            fail_fast=_is_bad if settings.fail_fast else None,
            on_done=lambda index, outcome: self._finished(trials[index].place, outcome),
        )
        with self._interruption.draining(schedule.drain):
            results = await schedule.run()
        for each, result in zip(trials, results, strict=True):
            if isinstance(result, Skipped):
                self._skip(each.place, each.trial, result.reason)

    def _make_budget(self) -> Budget:
        settings, so_far = self._stage.settings, self._so_far
        return Budget(
            max_requests=settings.max_requests,
            max_time_s=settings.max_time_s,
            spent=so_far.requests if "max_requests" in settings.of_run else 0,
            began_at=so_far.began_at if "max_time_s" in settings.of_run else None,
        )

    def _skip(self, place: int, trial: Trial, reason: str) -> None:
        """Give a trial that is not run its row; after Ctrl-C it is only missing."""
        if self._interruption.requested:
            return
        outcome = make_skipped(self._stage, trial, reason)
        self._came[place] = outcome
        self._on_trial(outcome.result)

    async def _warm_up(self, trial: Trial, budget: Budget) -> None:
        """Ask a few times for nothing: the first request of a process is a cold one."""
        stage = self._stage
        for _ in range(stage.settings.warmup):
            if budget.may_start(len(trial.turns)) is not None:
                return
            budget.spend(len(trial.turns))
            tape = RecordingTape(
                None, connect_to=stage.settings.connect_to, redactor=stage.redactor
            )
            with self._interruption.cancelling():
                await perform(stage, trial, tape, may_retry=lambda: False)

    async def _perform(self, trial: Trial, seal: Seal | None, budget: Budget) -> Outcome:
        stage = self._stage
        try:
            tape = stage.open_tape(trial)
        except CassetteError as problem:
            return _unplayable(stage, trial, problem)
        if seal is not None:
            return make_outcome(stage, trial, await _perform_sealed(stage, trial, tape, seal))
        took = await perform(stage, trial, tape, may_retry=budget.may_retry)
        if isinstance(tape, RecordingTape) and took.finding and took.finding.verdict == "RECORDED":
            # In a thread: what was taken out of it is replayed, on an event loop of its own.
            return await asyncio.to_thread(keep, stage, trial, tape, took)
        # One at a time and a round of the loop apart: each takes a millisecond, and those of
        # streams that end together would keep the loop from stamping what the others read.
        async with self._judging:
            await asyncio.sleep(0)
            return make_outcome(stage, trial, took)


def _replay(stage: Stage, trial: Trial) -> Outcome:
    """Replay a trial on a virtual clock of its own."""
    try:
        tape = stage.open_tape(trial)
    except CassetteError as problem:
        return _unplayable(stage, trial, problem)
    return make_outcome(stage, trial, take(stage, trial, tape))


async def _perform_sealed(stage: Stage, trial: Trial, tape: Tape | None, seal: Seal) -> Take:
    before = len(seal.refused)
    with noting() as refused:
        took = await perform(stage, trial, tape)
    # What a thread tried is put down to every trial that was under way: it has no name on it.
    return with_refused(took, refused or seal.refused[before:])


def _reason_to_skip(stage: Stage, trial: Trial) -> str | None:
    if trial.case.skip is not None:
        return trial.case.skip
    if stage.settings.mode == "live" and trial.case.fault is not None:
        return "its fault needs a recording"
    return None


def _is_bad(outcome: Outcome) -> bool:
    return outcome.result.status in {"failed", "error"}


def _unplayable(stage: Stage, trial: Trial, problem: CassetteError) -> Outcome:
    damaged = isinstance(problem, CassetteDamagedError)
    finding = Finding(verdict="DAMAGED" if damaged else "STALE", reason=str(problem))
    nothing = Observation(source="none", failure=as_failure(problem))
    turn = TurnTake(observation=nothing, error=problem)
    return make_outcome(stage, trial, Take(turns=(turn,), finding=finding))
