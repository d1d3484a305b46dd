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

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.live import Live

    from glmbench.results.model import TrialResult

Kind: TypeAlias = Literal["bar", "lines", "nothing"]

# Drawing takes a millisecond of the loop that stamps the reads, so a bar is drawn this often at
# most, when a trial is done, and never by a thread beside the loop.
REDRAW_S = 0.05

_BAR_WIDTH = 24

# In less than this nobody can read the name of a trial.
_MIN_NAME_WIDTH = 12


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
    """Say what came of a trial: its error, and its time to first token if measured now."""
    from glmbench.errors import short_name
    from glmbench.report.harmless import harmless
    from glmbench.report.numbers import duration

    line = f"{printable(trial.full_id if several_suites else trial.id)} {trial.status}"
    if trial.status == "error" and trial.error is not None:
        line += f", {printable(short_name(trial.error.type))}"
    if trial.timing.source in {"live", "consumer"} and trial.timing.ttft_s is not None:
        line += f", ttft {duration(trial.timing.ttft_s)}"
    return harmless(line)


def say_draining(under_way: int) -> None:
    """Say what the first Ctrl-C does to trials that are under way."""
    from glmbench.report.numbers import count

    trials = count(under_way, "trial")
    text = f"Interrupted: finishing {trials} under way; press Ctrl-C again to stop at once.\n"
    print_text(text, err=True)


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
            self._live.update(self, refresh=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw a line: where it is narrow the name gives way, then the bar, and the counts stay."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        counts = self._counts()
        bar_width = min(_BAR_WIDTH, options.max_width - len(counts) - 1)
        name_width = options.max_width - len(counts) - 1 - bar_width - 1
        # Texts, because rich would read markup in a plain string.
        cells: list[RenderableType] = [Text(counts, overflow="ellipsis")]
        if bar_width > 0:
            # Rich's own colour for a bar that is not full looks like that of failures.
            done, total = self._statuses.total(), max(self._total, 1)
            bar = ProgressBar(total, done, bar_width, complete_style="cyan", finished_style="cyan")
            cells.insert(0, bar)
        if name_width >= _MIN_NAME_WIDTH:
            name = Text(self._last, style="dim")
            name.truncate(name_width, overflow="ellipsis")
            cells.append(name)
        line = Table.grid(padding=(0, 1))
        for _ in cells:
            line.add_column(no_wrap=True)
        line.add_row(*cells)
        yield line

    def _counts(self) -> str:
        from glmbench.results.model import STATUSES

        counted = [f"{self._statuses[each]} {each}" for each in STATUSES if self._statuses[each]]
        return f"{self._statuses.total()}/{self._total} {', '.join(counted)}".rstrip()


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
        live.update(bar, refresh=True)
    try:
        yield bar
    finally:
        with suppress(OSError, ValueError):
            live.stop()
