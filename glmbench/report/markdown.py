"""A run as GitHub's Markdown, for a comment on a pull request and the summary of a step. Pure.

Every foreign text stands in a code span or a code block: there GitHub makes no link, no mention, no
image and no HTML of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from glmbench.measure.stats import percentile
from glmbench.report.casetables import checks_of
from glmbench.report.endings import expected_ending, got_ending
from glmbench.report.escaping import one_line
from glmbench.report.gfm import FOLD_END, bullets, code, code_block, fold, join_blocks, table
from glmbench.report.numbers import NOTHING, SHOWN, count, duration, rate
from glmbench.report.outcomes import Item, exit_words, list_items
from glmbench.report.sources import source_words, token_words
from glmbench.results.cases import counts, group_cases
from glmbench.results.judge import Exit, decide, summarize
from glmbench.results.statistics import has_failed, latency_statistics, throughput_statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from glmbench.results.model import Caveat, RunResult, TrialResult
    from glmbench.results.statistics import Statistic, StatisticsGroup

# An answer is in the result file as a whole; here it only has to be recognised.
ANSWER = 1_000
NAMED = 5
# More cases would bury the rest of a comment.
FEW = 20


def render_markdown(result: RunResult, base: RunResult | None = None) -> str:
    """Write what a run found; with a base also what became of its figures and texts since."""
    return join_blocks(blocks(result, base))


def blocks(result: RunResult, base: RunResult | None = None) -> list[str]:
    """Return the blocks of the document; a table is one that begins with a pipe."""
    items = list_items(result)
    written = [
        *_head(result, base, items),
        *_failures(items),
        *_comparison(result, base),
        *_cases(result.trials),
        *_figures("Latency", latency_statistics(result.trials)),
        *_figures("Throughput", throughput_statistics(result.trials)),
        *_finish_reasons(result.trials),
        *_thresholds(items),
        *_notes(result),
    ]
    return [block for block in written if block]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(code(name) for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


# --- what came of it ------------------------------------------------------------------------


def _head(result: RunResult, base: RunResult | None, items: Sequence[Item]) -> Iterator[str]:
    exit_code = decide(result)
    green = exit_code is Exit.OK
    yield f"## {'✅' if green else '❌'} glmbench: {'passed' if green else 'not passed'}"
    summary = summarize(result)
    counted = ", ".join(f"{n} {status}" for status, n in summary.statuses.items() if n)
    trials = f"{count(summary.trials, 'trial')}{': ' if counted else ''}{counted}"
    yield f"{exit_words(result)} {trials} (exit code {int(exit_code)})."
    leaked = [item for item in items if item.group == "credentials"]
    if leaked:
        yield "**This looks like credentials in what was written; do not publish these files:**"
        yield bullets(f"{code(item.name)}: {code(item.outcome.words)}" for item in leaked)
    if result.regressions and base is None:
        yield "**Worse than the baseline:**"
        yield bullets(map(code, result.regressions))


def _comparison(result: RunResult, base: RunResult | None) -> Iterator[str]:
    if base is None:
        return
    from glmbench.comparison.compare import compare
    from glmbench.report.markdown_comparison import comparison_blocks

    yield from comparison_blocks(compare(base, result))


def _cases(trials: Sequence[TrialResult]) -> Iterator[str]:
    """Show the cases: where there are many, those that passed are folded away."""
    if not trials:
        return
    rows = list(zip(group_cases(trials), _case_rows(trials), strict=True))
    shown = [row for case, row in rows if case.status != "passed" or len(rows) <= FEW]
    folded = [row for case, row in rows if case.status == "passed" and len(rows) > FEW]
    yield "### Cases"
    if shown:
        yield table(_CASE_HEAD, shown, _CASE_ALIGN)
    if folded:
        yield fold(f"{count(len(folded), 'case')} passed")
        yield table(_CASE_HEAD, folded, _CASE_ALIGN)
        yield FOLD_END
    if any(case.trials > 1 for case, _ in rows):
        yield "The figures of a case are the medians of its repeats."


_CASE_HEAD = ("case", "status", "passed", "finish", "ttft", "total", "tok/s", "cassette")
_CASE_ALIGN = "llllrrrl"


def _case_rows(trials: Sequence[TrialResult]) -> Iterator[list[str]]:
    grouped: dict[tuple[str, str, str], list[TrialResult]] = {}
    for trial in trials:
        grouped.setdefault((trial.suite, trial.case, trial.model), []).append(trial)
    suites = len({suite for suite, _, _ in grouped}) > 1
    models = len({model for _, _, model in grouped}) > 1
    for case, own in zip(group_cases(trials), grouped.values(), strict=True):
        name = (f"{case.suite}/" if suites else "") + case.case
        verdicts = sorted({trial.cassette.verdict for trial in own if trial.cassette})
        yield [
            code(f"{name}@{case.model}" if models else name),
            f"**{case.status}**" if case.status == "failed" else case.status,
            f"{case.passed} of {case.trials}" if case.trials else NOTHING,
            _endings(own),
            _median(own, lambda trial: trial.timing.ttft_s, duration),
            _median(own, lambda trial: trial.timing.total_s, duration),
            _median(own, lambda trial: trial.throughput.decode_tps, rate),
            ", ".join(verdicts) or NOTHING,
        ]


def _endings(trials: Sequence[TrialResult]) -> str:
    """Word how the repeats ended, each ending once."""
    ended = [(got_ending(trial), expected_ending(trial)) for trial in trials if counts(trial)]
    words = []
    for got, expected in dict.fromkeys(ended):
        differs = expected not in {NOTHING, got} and got not in expected.split(" or ")
        words.append(f"{code(got)} ≠ {code(expected)}" if differs else code(got))
    return ", ".join(words) or NOTHING


def _median(
    trials: Sequence[TrialResult],
    measure: Callable[[TrialResult], float | None],
    show: Callable[[float | None], str],
) -> str:
    """Show the median of a case; none where its repeats have figures of different sources.

    What failed beside others that did not is left out: it took neither its time nor all of it.
    """
    trials = [trial for trial in trials if not has_failed(trial)] or trials
    measured = [(trial, value) for trial in trials if (value := measure(trial)) is not None]
    kinds = {
        (t.timing.source, t.origin, t.timing.connection_reused, t.throughput.token_source)
        for t, _ in measured
    }
    if len(kinds) > 1:
        return "mixed"
    return show(percentile([value for _, value in measured], 50))


# --- figures --------------------------------------------------------------------------------


def _figures(title: str, groups: Sequence[StatisticsGroup]) -> Iterator[str]:
    for group in groups:
        tokens = f"; {token_words(group)}" if group.token_source else ""
        yield f"### {title}: {source_words(group)}{tokens}"
        adjusted = [("median*", "adjusted_p50"), ("p95*", "adjusted_p95")] if group.failed else []
        shown = [
            ("min", "min"),
            ("median", "p50"),
            ("p95", "p95"),
            ("p99", "p99"),
            ("max", "max"),
            *adjusted,
        ]
        rows = [_figure(statistic, [name for _, name in shown]) for statistic in group.statistics]
        head = ["", "n", *(head for head, _ in shown)]
        yield table(head, rows, "l" + "r" * (len(head) - 1))
        if group.failed:
            failed = f"{group.failed} of {group.trials} trials failed and have no figure"
            yield f"{failed}; * counts them as never having answered."


def _figure(statistic: Statistic, names: Sequence[str]) -> list[str]:
    show, values = SHOWN[statistic.unit], statistic.values
    return [statistic.title, str(values.n), *(show(getattr(values, name)) for name in names)]


def _finish_reasons(trials: Sequence[TrialResult]) -> Iterator[str]:
    pairs = Counter((expected_ending(t), got_ending(t)) for t in trials if counts(t))
    if pairs:
        yield "### Finish reasons"
        rows = [[code(expected), code(got), str(n)] for (expected, got), n in sorted(pairs.items())]
        yield table(["expected", "got", "n"], rows, "llr")


def _thresholds(items: Sequence[Item]) -> Iterator[str]:
    gates = [item for item in items if item.group == "thresholds" and item.trial is None]
    if gates:
        yield "### Thresholds"
        rows = [
            [
                code(item.name),
                f"**{item.outcome.kind}**" if item.outcome.is_red else item.outcome.kind,
                code(item.outcome.words),
            ]
            for item in gates
        ]
        yield table(["threshold", "status", "because"], rows, "lll")


# --- failures and notes ---------------------------------------------------------------------


def _failures(items: Sequence[Item]) -> Iterator[str]:
    failed = [item for item in items if item.trial is not None and item.outcome.lines]
    if failed:
        yield "### What did not pass"
        yield from (_failure(item, item.trial) for item in failed if item.trial is not None)


def _failure(item: Item, trial: TrialResult) -> str:
    lines = [f"at {item.path}:{item.line}", *item.outcome.lines, f"again: {item.outcome.again}"]
    parts = [
        fold(trial.status, f"{item.group}/{item.name}"),
        code_block("\n".join(map(one_line, lines))),
    ]
    if trial.text:
        cut = "" if len(trial.text) <= ANSWER else f", its first {ANSWER} characters"
        parts += [f"The answer{cut}:", code_block(trial.text[:ANSWER])]
    return "\n\n".join([*parts, FOLD_END])


def _notes(result: RunResult) -> Iterator[str]:
    if result.warnings:
        strict = " (--strict: they count as failures)" if result.strict else ""
        yield f"### Warnings{strict}"
        yield bullets(map(_warning, result.warnings))
    yield bullets([*_skipped(result.trials), *_recorded(result.trials)])
    yield _circumstances(result)


def _warning(warning: Caveat) -> str:
    """Word a warning behind the trials that it is about; some are about none, but about the run."""
    about = f"{_named(warning.trials)}: " if warning.trials else ""
    return about + code(warning.words)


def _skipped(trials: Sequence[TrialResult]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        if trial.skipped is not None:
            reasons.setdefault(trial.skipped, []).append(trial.full_id)
    for reason, names in reasons.items():
        yield f"Skipped: {_named(names)}: {code(reason)}"


def _recorded(trials: Sequence[TrialResult]) -> Iterator[str]:
    recorded = sum(
        check.name.startswith("latency.") and check.note == "recorded"
        for trial in trials
        for _, check in checks_of(trial)
    )
    if recorded:
        checks = count(recorded, "latency check")
        yield f"{checks} judged as recorded: the recording was tested, not the service."
    for how in sorted({trial.reframe for trial in trials if trial.reframe}):
        yield f"Recordings were replayed in other chunks: {code(f'--reframe {how}')}"


def _circumstances(result: RunResult) -> str:
    """Say with what and when it was run."""
    shown = ("glmbench", "python", "platform", "mode", "profile", "started_at")
    known = {name: result.environment.get(name) for name in shown}
    return ", ".join(f"{name} {code(str(value))}" for name, value in known.items() if value)
