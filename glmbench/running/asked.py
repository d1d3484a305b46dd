"""What the command line asks of a run, laid over what profiles and suites say. Pure.

The command line goes before the profile, the profile before the suite, the suite before the
default.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from glmbench.errors import UsageError
from glmbench.running.stage import Settings

if TYPE_CHECKING:
    from glmbench.cassettes.reframe import Reframe
    from glmbench.running.plan import SuitePlan
    from glmbench.suites.faults import Fault
    from glmbench.suites.profiles import Mode
    from glmbench.suites.rates import Rate


LIMITS = ("max_requests", "max_time_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the command line says to run; None leaves it to the profile and the suite."""

    mode: Mode | None = None
    timing: str | None = None
    connect_to: tuple[str, int] | None = None
    fault: Fault | None = None
    reframe: Reframe | None = None
    force: bool = False
    strict: bool | None = None
    concurrency: int | None = None
    rate: Rate | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    retries: int | None = None
    warmup: int | None = None
    fail_fast: bool | None = None


def settle(asked: Asked, plan: SuitePlan) -> Settings:
    """Choose how a suite is run.

    Raises:
        UsageError: what was asked for does not go together.
    """
    of_suite = {"timing": plan.suite.cassettes.timing if plan.suite.cassettes else None}
    said: dict[str, Any] = {}
    for field in fields(Settings):
        for source in (asked, plan.profile):
            value = getattr(source, field.name, None)
            if value is not None:
                said[field.name] = value
                break
        else:
            if of_suite.get(field.name) is not None:
                said[field.name] = of_suite[field.name]
    # What a profile says is about its suite; what the command line says is about all of them.
    of_run = frozenset(name for name in LIMITS if getattr(asked, name) is not None)
    settings = Settings(**{**said, "mode": plan.mode, "of_run": of_run})
    _must_go_together(settings)
    if asked.warmup and settings.mode == "replay":
        # That of a profile is no mistake: the profile may be for another mode.
        raise UsageError("--warmup needs --mode record, refresh or live")
    return settings


def _must_go_together(settings: Settings) -> None:
    mode = settings.mode
    if settings.connect_to is not None and mode == "replay":
        raise UsageError("--connect-to needs --mode record, refresh or live")
    if mode != "replay" and (settings.fault is not None or settings.reframe is not None):
        raise UsageError("--fault and --reframe need recordings: leave --mode away")
    if settings.force and mode not in {"record", "refresh"}:
        raise UsageError("--force needs --mode record or refresh")
