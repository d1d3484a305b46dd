"""What `glmbench doctor` found, as tables and words. Draws only, within 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.inspection.calibration import Uncalibrated
from glmbench.report.grid import draw_table, shorten
from glmbench.report.numbers import NOTHING, duration
from glmbench.report.paragraph import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.inspection.calibration import Load, LoopLag
    from glmbench.inspection.doctor import Diagnosis, Installation, OptionalPart, Variable
    from glmbench.measure.stats import Summary

MISSING = "missing"
VERSION_WIDTH = 16
PLATFORM_WIDTH = 60


def render_diagnosis(diagnosis: Diagnosis) -> str:
    """Draw a table for each question, and say what the figures mean, ready to print."""
    found = diagnosis.installation
    calibration = diagnosis.calibration
    sections = [
        _versions(found),
        _optional_parts(found),
        _keys(found),
        _proxies(found),
        _loop_lag(diagnosis.loop_lag),
    ]
    if isinstance(calibration, Uncalibrated):
        sections.append(fill(f"There is no calibration: {calibration.reason}", rest="  "))
    else:
        sections += [_calibration(calibration), _meaning(calibration)]
    return "\n\n".join(sections) + "\n"


def _versions(found: Installation) -> str:
    rows = [
        ["glmbench", found.glmbench],
        ["Python", found.python],
        ["platform", found.platform],
        *([library.name, library.version or MISSING] for library in found.libraries),
    ]
    shown = [[name, shorten(version, PLATFORM_WIDTH)] for name, version in rows]
    return draw_table("Versions", ["what", "version"], shown, "ll")


def _optional_parts(found: Installation) -> str:
    rows = [
        [part.library.name, shorten(part.library.version or MISSING, VERSION_WIDTH), _use(part)]
        for part in found.parts
    ]
    return draw_table("Optional parts", ["part", "version", "for"], rows, "lll")


def _use(part: OptionalPart) -> str:
    if part.library.version is not None:
        return part.good_for
    # The brackets of an extra mean something to the shell.
    name = f'"{part.install}"' if "[" in part.install else part.install
    return f"{part.good_for}: pip install {name}"


def _keys(found: Installation) -> str:
    rows = []
    for keys in found.keys:
        rows += [[keys.provider, variable.name, _state(variable)] for variable in keys.variables]
        rows += [] if keys.variables else [[keys.provider, NOTHING, "needs none"]]
    return draw_table("API keys", ["provider", "variable", "key"], rows, "lll")


def _proxies(found: Installation) -> str:
    rows = [[variable.name, _state(variable)] for variable in found.proxies]
    title = "Proxies (used only where a provider has the option trust_env)"
    return draw_table(title, ["variable", "proxy"], rows, "ll")


def _state(variable: Variable) -> str:
    return "set" if variable.is_set else "not set"


def _loop_lag(lag: LoopLag) -> str:
    rows = [[duration(timer.delay_s), *_figures(timer.late)] for timer in lag.timers]
    title = f"Event-loop lag ({lag.loop}): how late a timer fires when nothing else happens"
    return draw_table(title, ["timer", "n", "median", "p95", "max"], rows, "rrrrr")


def _calibration(loads: Sequence[Load]) -> str:
    rows = [
        [str(load.streams), what, *_figures(summary)]
        for load in loads
        for what, summary in (
            ("TTFT error", load.ttft_error),
            ("|gap error|", load.gap_error),
            ("client lag", load.client_lag),
        )
    ]
    title = "Calibration: glmbench's own emulator on 127.0.0.1, measured against its log"
    return draw_table(title, ["streams", "what", "n", "median", "p95", "max"], rows, "rlrrrr")


def _figures(summary: Summary) -> list[str]:
    values = (summary.p50, summary.p95, summary.max)
    return [str(summary.n), *map(duration, values)]


def _meaning(loads: Sequence[Load]) -> str:
    noises = " and ".join(f"{duration(load.noise_s)} ({_at_once(load)})" for load in loads)
    return fill(
        f"Below about {noises} a time, or the difference of two, is this machine's own noise and "
        "says nothing of a service."
    )


def _at_once(load: Load) -> str:
    return "one stream at a time" if load.streams == 1 else f"{load.streams} at once"
