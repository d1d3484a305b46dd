"""What is said on standard error while trials run: a bar, a line for each trial, or nothing."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from glmbench.cli.output import print_text
from glmbench.cli.painting import in_ci, is_terminal
from glmbench.problems import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

    from rich.console import RenderableType
    from rich.live import Live

    from glmbench.results.model import TrialResult

Kind: TypeAlias = Literal["bar", "lines", "nothing"]

# Drawing takes a millisecond of the loop that stamps the reads, so a bar is drawn this often at
# most, when a trial is done, and never by a thread beside the loop.
REDRAW_S = 0.05

_BAR_WIDTH = 24


class Progress(Protocol):
    """Gets each row as it is finished."""

    def __call__(self, trial: TrialResult, /) -> None: ...


def choose_progress(
    stream: IO[Any] | None,
    environ: Mapping[str, str],
    *,
    takes_time: bool,
    verbosity: int = 0,
    plain: bool = False,
) -> Kind:
    """Choose how to tell the progress of a run.

    Args:
        stream: standard error.
        environ: the environment.
        takes_time: whether anybody waits. A replay in virtual time is over before a line could
            be read; a build log gets its lines all the same.
        verbosity: below 0 nothing is told, above 0 a replay is told as well.
        plain: whether to only print.
    """
    if verbosity < 0:
        return "nothing"
    if in_ci(environ):
        return "lines"
    if not takes_time:
        return "lines" if verbosity > 0 else "nothing"
    return "bar" if not plain and is_terminal(stream, environ) else "lines"


@contextmanager
def show_progress(
    kind: Kind, total: int, *, several_suites: bool = False, colour: bool = False
) -> Iterator[Progress]:
    """Yield what gets the rows; at the end a bar is gone from the terminal."""
    if kind == "bar":
        with _bar(total, several_suites=several_suites, colour=colour) as bar:
            yield bar
    elif kind == "lines":
        yield _Lines(total, several_suites=several_suites)
    else:
        yield lambda _: None


def trial_line(trial: TrialResult, *, several_suites: bool) -> str:
    """Say what came of a trial, and its time to first token where that was measured now."""
    from glmbench.report.harmless import harmless
    from glmbench.report.numbers import duration

    line = f"{printable(trial.full_id if several_suites else trial.id)} {trial.status}"
    if trial.timing.source in {"live", "consumer"} and trial.timing.ttft_s is not None:
        line += f", ttft {duration(trial.timing.ttft_s)}"
    return harmless(line)


class _Lines:
    """A line for each trial, in the order in which they are done."""

    def __init__(self, total: int, *, several_suites: bool) -> None:
        self._total = total
        self._several = several_suites
        self._done = 0

    def __call__(self, trial: TrialResult, /) -> None:
        self._done += 1
        line = trial_line(trial, several_suites=self._several)
        print_text(f"[{self._done}/{self._total}] {line}\n", err=True)


class Bar:
    """One line at the bottom of a terminal: how many are done, with what, and the last of them.

    A terminal that has gone ends the bar and not the run.
    """

    def __init__(
        self,
        live: Live,
        total: int,
        *,
        several_suites: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._total = total
        self._several = several_suites
        self._clock = clock
        self._statuses: Counter[str] = Counter()
        self._drawn_at = clock()
        self._last = ""

    def __call__(self, trial: TrialResult, /) -> None:
        self._statuses[trial.status] += 1
        self._last = trial_line(trial, several_suites=self._several)
        done = self._statuses.total()
        if done < self._total and self._clock() - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = self._clock()
        with suppress(OSError, ValueError):
            self._live.update(self.draw(), refresh=True)

    def draw(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        done = self._statuses.total()
        counted = ", ".join(f"{n} {status}" for status, n in sorted(self._statuses.items()))
        line = Table.grid(padding=(0, 1))
        for _ in range(3):
            line.add_column(no_wrap=True)
        # Only what could be wrapped gives way, and then is cut all the same.
        line.add_column()
        # Texts, because rich would read markup in a plain string.
        line.add_row(
            ProgressBar(total=max(self._total, 1), completed=done, width=_BAR_WIDTH),
            Text(f"{done}/{self._total}"),
            Text(counted),
            Text(self._last, style="dim", no_wrap=True, overflow="ellipsis"),
        )
        return line


@contextmanager
def _bar(total: int, *, several_suites: bool, colour: bool) -> Iterator[Bar]:
    # Only here: rich takes longer to load than a replay to run.
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=sys.stderr,
        force_terminal=True,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
    )
    # What others print on standard error meanwhile comes above the bar.
    live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
    bar = Bar(live, total, several_suites=several_suites)
    with suppress(OSError, ValueError):
        live.start()
        live.update(bar.draw(), refresh=True)
    try:
        yield bar
    finally:
        with suppress(OSError, ValueError):
            live.stop()
