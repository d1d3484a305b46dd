"""Progress goes to standard error: a bar for the eye, lines for a log, or nothing."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from results.support import make_trial
from rich.console import Console

from glmbench.cli.progress import REDRAW_S, Bar, choose_progress, show_progress, trial_line
from glmbench.measure.timing import Timing
from glmbench.results.model import ErrorOutcome

LIVE = Timing(source="live", ttft_s=0.412)


class Terminal(io.StringIO):
    def isatty(self):
        return True


XTERM, CI = {"TERM": "xterm"}, {"TERM": "xterm", "CI": "true"}


@pytest.mark.parametrize(
    ("environ", "terminal", "options", "kind"),
    [
        (XTERM, True, {}, "bar"),
        (XTERM, False, {}, "lines"),
        (XTERM, True, {"plain": True}, "lines"),
        ({"TERM": "dumb"}, True, {}, "lines"),
        (CI, True, {}, "lines"),
        (CI, False, {"takes_time": False}, "lines"),
        (CI, False, {"verbosity": -1}, "nothing"),
        (XTERM, True, {"verbosity": -1}, "nothing"),
        (XTERM, True, {"takes_time": False}, "nothing"),
        (XTERM, False, {"takes_time": False}, "nothing"),
        (XTERM, False, {"takes_time": False, "verbosity": 1}, "lines"),
        (XTERM, True, {"verbosity": 1}, "bar"),
    ],
)
def test_who_reads_and_whether_it_takes_time_decide_what_is_told(environ, terminal, options, kind):
    stream = Terminal() if terminal else io.StringIO()
    assert choose_progress(stream, environ, **{"takes_time": True, **options}) == kind


# --- lines ----------------------------------------------------------------------------------


def test_each_trial_has_a_line_with_its_number_and_what_was_measured(capsys):
    with show_progress("lines", 2) as progress:
        progress(make_trial())
        progress(make_trial(case="two", status="failed", timing=LIVE))
    assert capsys.readouterr() == (
        "",
        "[1/2] one@glm-4@1 passed\n[2/2] two@glm-4@1 failed, ttft 412 ms\n",
    )


def test_with_several_suites_a_trial_has_the_name_of_its_own(capsys):
    with show_progress("lines", 1, several_suites=True) as progress:
        progress(make_trial())
    assert capsys.readouterr().err == "[1/1] small/one@glm-4@1 passed\n"


def test_a_recorded_figure_is_no_news():
    assert trial_line(make_trial(), several_suites=False) == "one@glm-4@1 passed"
    unmeasured = make_trial(timing=Timing(source="live"))
    assert trial_line(unmeasured, several_suites=False) == "one@glm-4@1 passed"


def test_an_error_has_its_name_unless_a_case_expected_it():
    error = ErrorOutcome(type="IncompleteStreamError", message="the body broke off")
    trial = make_trial(status="error", error=error, timing=LIVE)
    assert trial_line(trial, several_suites=False) == (
        "one@glm-4@1 error, IncompleteStream, ttft 412 ms"
    )
    assert trial_line(make_trial(error=error), several_suites=False) == "one@glm-4@1 passed"


def test_a_name_steers_neither_a_terminal_nor_a_build_server():
    trial = make_trial(case="::error::\n\x1b[31m##[group]")
    assert trial_line(trial, several_suites=False) == (
        "\\x3a:error::\\n\\x1b[31m\\x23#[group]@glm-4@1 passed"
    )


def test_silence_is_silence(capsys):
    with show_progress("nothing", 1) as progress:
        progress(make_trial())
    assert capsys.readouterr() == ("", "")


# --- the bar --------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Screen:
    """Stands for a rich Live: remembers what was drawn, as texts of so many columns."""

    def __init__(self, width=80):
        self.width = width
        self.drawn = []

    def update(self, renderable, *, refresh):
        assert refresh
        console = Console(file=io.StringIO(), width=self.width, color_system=None)
        console.print(renderable)
        self.drawn.append(console.file.getvalue())


def test_the_bar_counts_by_status_and_names_the_last():
    screen, clock = Screen(), Clock()
    bar = Bar(screen, 4, clock=clock)
    for status in ("passed", "failed", "passed"):
        clock.now += REDRAW_S
        bar(make_trial(status=status, timing=LIVE))
    assert len(screen.drawn) == 3
    assert " ".join(screen.drawn[-1].split()) == (
        f"{'━' * 18} 3/4 2 passed, 1 failed one@glm-4@1 passed, ttft 412 ms"
    )


def test_a_crowd_is_drawn_once_and_the_last_trial_always():
    screen, clock = Screen(), Clock()
    bar = Bar(screen, 100, clock=clock)
    clock.now = REDRAW_S
    for _ in range(100):
        bar(make_trial())
    assert [" 1/100 " in screen.drawn[0], " 100/100 " in screen.drawn[-1]] == [True, True]
    assert len(screen.drawn) == 2


def test_a_name_is_cut_to_the_line_and_is_no_markup():
    screen, clock = Screen(), Clock()
    bar = Bar(screen, 1, clock=clock)
    bar(make_trial(case="[red]" + "长" * 60))
    assert "1/1 1 passed [red]长长" in screen.drawn[0]
    assert screen.drawn[0].count("\n") == 1


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, f"{'━' * 24} 2/2 1 passed, 1 error one@glm-4@1 …"),
        (40, f"{'━' * 18} 2/2 1 passed, 1 error"),
        (23, "━ 2/2 1 passed, 1 error"),
        (21, "2/2 1 passed, 1 error"),
        (10, "2/2 1 pas…"),
    ],
)
def test_where_it_is_narrow_the_name_gives_way_then_the_bar_and_the_counts_stay(width, line):
    screen = Screen(width)
    bar = Bar(screen, 2, clock=Clock())
    bar(make_trial())
    bar(make_trial(status="error"))
    assert screen.drawn[-1].strip() == line
    assert screen.drawn[-1].count("\n") == 1


def test_a_terminal_that_has_gone_does_not_end_the_run():
    class Gone(Screen):
        def update(self, renderable, *, refresh):
            raise BrokenPipeError

    bar = Bar(Gone(), 2)
    bar(make_trial())
    bar(make_trial())
    screen = Screen()
    screen.update(bar, refresh=True)
    assert " 2/2 2 passed " in screen.drawn[0]


def test_at_the_end_the_bar_is_gone_and_what_others_said_stays(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with show_progress("bar", 1) as progress:
        sys.stderr.write("Interrupted: [bold]\n")
        progress(make_trial())
    shown = terminal.getvalue()
    assert "Interrupted: [bold]\n" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")
    assert sys.stderr is terminal
    assert sys.stdout.getvalue() == ""


def test_rich_is_loaded_for_a_bar_only():
    program = (
        "import sys, glmbench.cli.progress as p\n"
        "with p.show_progress('lines', 1): pass\n"
        "print('rich' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
