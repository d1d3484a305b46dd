"""A run that is cut short and resumed is the run that was not, and no other run takes its place."""

from __future__ import annotations

import errno
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.support import ROOT
from emulation import emulated, truth
from results.support import make_trial
from running.runs import described, plans

from glmbench.errors import UsageError
from glmbench.results.document import to_json
from glmbench.results.journal import Header, Outcome
from glmbench.running.plan import load_plan
from glmbench.running.resuming import (
    Journal,
    begin_journal,
    find_finished,
    journal_path,
    resume_journal,
)
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings

SHIPPED = [ROOT / "prompts" / f"{name}.yaml" for name in ("quickstart", "faults")]

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: one, prompt: number 1}
  - {id: two, prompt: number 2, expect: {text: {contains: number}}}
  - {id: three, prompt: number 3}
"""
SCRIPT = """
version: 1
defaults: {first_delay: 5ms, delay: 1ms}
answers:
  - {name: numbers, prompt: {matches: ^number}, text: "It was {prompt}.", echo: true}
  - {name: busy, prompt: busy, http: {status: 429, headers: {Retry-After: "30"}}}
"""


@pytest.fixture
def output(tmp_path):
    return tmp_path / "r.json"


@pytest.fixture
def warned():
    return []


def run(suites, journal=None, on_trial=lambda _: None, **settings):
    return run_suites(suites, Settings(**settings), {}, on_trial, journal=journal)


def journaled(suites, output, on_trial=lambda _: None, **settings):
    """Run with a journal from the start, and leave the journal."""
    journal = begin_journal(output, described(suites, **settings), pytest.fail)
    result = run(suites, journal, on_trial, **settings)
    journal.finish(complete=False)
    return result


def resumed(suites, output, on_trial=lambda _: None, **settings):
    journal = resume_journal(output, described(suites, **settings), pytest.fail)
    result = run(suites, journal, on_trial, **settings)
    journal.finish(complete=True)
    return result


# --- the same as without ------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return load_plan(SHIPPED).suites


def test_wherever_it_is_killed_the_result_is_the_same(shipped, output):
    whole = to_json(journaled(shipped, output))
    path = journal_path(output)
    lines = path.read_bytes().splitlines(keepends=True)
    for count in range(0, len(lines), 4):
        # Killed in the middle of a line.
        path.write_bytes(b"".join(lines[: count + 1])[: -1 if count else None])
        rows = []
        assert to_json(resumed(shipped, output, rows.append)) == whole
        assert len(rows) == len(lines) - max(count, 1)


def test_a_run_with_a_journal_is_the_one_without(shipped, output):
    assert to_json(journaled(shipped, output)) == to_json(run(shipped))


def test_resumed_again_and_again_nothing_is_done_twice(shipped, output):
    whole = to_json(journaled(shipped, output))
    path = journal_path(output)
    head = path.read_bytes().split(b"\n")[0] + b"\n"
    path.write_bytes(head)
    seen = []
    for _ in range(len(shipped[0].trials)):

        def interrupt(trial):
            seen.append(trial.full_id)
            signal.raise_signal(signal.SIGINT)

        journal = resume_journal(output, described(shipped), pytest.fail)
        assert run(shipped, journal, interrupt).interrupted
        journal.finish(complete=False)
        # Killed in the middle of a line; the next go must not write on behind it.
        with path.open("ab") as file:
            file.write(b'{"trial": {"suite"')
    first = [f"quickstart/{trial.id}" for trial in shipped[0].trials]
    assert seen == first
    assert to_json(resumed(shipped, output)) == whole


def test_what_is_no_part_of_a_row_comes_back_as_well(tmp_path, output):
    with emulated(tmp_path, SCRIPT) as service:
        run(plans(tmp_path, SUITE), mode="record", connect_to=service)
    path = tmp_path / "cassettes" / "small" / "two@glm-4@1.yaml"
    path.write_text(re.sub("recorded_at: .*", "recorded_at: '2025-01-01'", path.read_text()))
    suites = plans(tmp_path, SUITE + "cassettes: {dir: cassettes/small, max_age: 30d}\n")
    result = journaled(suites, output, timing="20x")
    assert result.replay_lag.n > 0
    (caveat,) = result.warnings
    assert (caveat.trials, caveat.words[:14]) == (("small/two@glm-4@1",), "recorded up to")
    assert to_json(resumed(suites, output, timing="20x")) == to_json(result)


def test_the_text_of_a_foreign_exception_comes_back_as_well(tmp_path, output):
    text = SUITE.replace("chatglm", '{import: "provided:Crashing"}\ncassettes: none')
    suites = plans(tmp_path, text)
    result = journaled(suites, output, mode="live")
    assert set(result.details.values()) == {"a foreign text"}
    assert to_json(resumed(suites, output, mode="live")) == to_json(result)


def test_a_suite_that_stands_in_the_way_of_another_does_not_take_its_rows(tmp_path, output):
    suites = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        suites += plans(tmp_path / name, SUITE.replace("name: small", f"name: {name}"))
    result = journaled(suites, output)
    path = journal_path(output)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"".join(lines[4:]))
    rows = []
    assert to_json(resumed(suites, output, rows.append)) == to_json(result)
    assert [row.suite for row in rows] == ["first"] * 3


# --- limits -------------------------------------------------------------------------------

FAILING = SUITE.replace("id: one", "id: one, skip: not today").replace(
    "contains: number", "equals: x"
)


@pytest.mark.parametrize("timing", ["recorded", "20x"])
def test_a_failure_in_the_journal_stops_the_run_as_it_had(tmp_path, output, timing):
    with emulated(tmp_path, SCRIPT) as service:
        run(plans(tmp_path, FAILING), mode="record", connect_to=service, force=True)
    suites = plans(tmp_path, FAILING)
    how = {"timing": timing, "fail_fast": True}
    result = journaled(suites, output, **how)
    assert [trial.status for trial in result.trials] == ["skipped", "failed", "skipped"]
    journal = journal_path(output).read_bytes()
    assert journal.count(b"\n") == 2
    rows = []
    again = resumed(suites, output, rows.append, **how)
    assert again.trials == result.trials
    assert [row.case for row in rows] == ["one", "three"]


def test_the_limit_of_requests_is_for_each_go(tmp_path, output):
    with emulated(tmp_path, SCRIPT) as service:
        how = {"mode": "live", "connect_to": service, "max_requests": 2}
        suites = plans(tmp_path, SUITE)
        statuses = [row.status for row in journaled(suites, output, **how).trials]
        assert statuses == ["passed", "passed", "skipped"]
        statuses = [row.status for row in resumed(suites, output, **how).trials]
        assert statuses == ["passed", "passed", "passed"]
    assert len({line["request"] for line in truth(tmp_path)}) == 3


def test_a_trial_that_waits_to_ask_again_is_given_up_and_asked_anew(tmp_path, output):
    text = SUITE.replace("number 2, expect: {text: {contains: number}}", "busy")
    suites = plans(tmp_path, text)

    def interrupt(trial):
        # The second one has its refusal by now, or soon; its next try would be in 30 s.
        if trial.case == "three":
            signal.raise_signal(signal.SIGINT)

    with emulated(tmp_path, SCRIPT) as service:
        how = {"mode": "live", "connect_to": service, "retries": 3, "concurrency": 3}
        result = journaled(suites, output, interrupt, **how)
    assert [trial.case for trial in result.trials] == ["one", "three"]
    assert result.interrupted


def test_a_recording_that_was_saved_but_not_noted_is_replayed(tmp_path, output):
    with emulated(tmp_path, SCRIPT) as service:
        how = {"mode": "record", "connect_to": service}
        suites = plans(tmp_path, SUITE)
        first = journaled(suites, output, **how)
        path = journal_path(output)
        path.write_bytes(path.read_bytes()[:-1])
        again = resumed(suites, output, **how)
    verdicts = [trial.cassette.verdict for trial in again.trials]
    assert [trial.cassette.verdict for trial in first.trials] == ["RECORDED"] * 3
    assert verdicts == ["RECORDED", "RECORDED", "HIT"]


# --- the file -----------------------------------------------------------------------------


def outcome(case="one"):
    return Outcome(result=make_trial(case=case))


def test_it_is_there_as_soon_as_a_trial_has_ended_and_goes_when_all_is_done(output):
    path = output.with_name("r.json.journal")
    journal = begin_journal(output, Header(marks={}), pytest.fail)
    sizes = [path.stat().st_size]
    for case in ("one", "two"):
        journal.append(outcome(case))
        sizes.append(path.stat().st_size)
    assert sizes == sorted(set(sizes))
    journal.finish(complete=True)
    assert list(output.parent.iterdir()) == []


def test_it_is_readable_by_whom_the_result_is(output):
    before = os.umask(0o027)
    try:
        begin_journal(output, Header(marks={}), pytest.fail).finish(complete=False)
    finally:
        os.umask(before)
    assert journal_path(output).stat().st_mode & 0o777 == 0o640


def test_a_link_in_its_place_is_replaced_and_not_followed(output):
    victim = output.with_name("victim")
    victim.write_text("mine")
    journal_path(output).symlink_to(victim)
    begin_journal(output, Header(marks={}), pytest.fail).finish(complete=False)
    assert (victim.read_text(), journal_path(output).is_symlink()) == ("mine", False)


def test_a_link_is_not_resumed(output):
    victim = output.with_name("victim")
    victim.write_text("mine")
    journal_path(output).symlink_to(victim)
    with pytest.raises(UsageError, match=r"r\.json\.journal cannot be resumed: Too many levels"):
        resume_journal(output, Header(marks={}), pytest.fail)


def test_an_older_one_stays_until_the_new_one_is_begun(output, warned, monkeypatch):
    journal_path(output).write_text("older")

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    begin_journal(output, Header(marks={}), warned.append)
    assert journal_path(output).read_text() == "older"
    assert [entry.name for entry in output.parent.iterdir()] == ["r.json.journal"]
    assert len(warned) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk here is always full")
def test_when_the_disk_is_full_the_run_goes_on_and_it_is_said_once(shipped, output, warned):
    journal = Journal(journal_path(output), os.open("/dev/full", os.O_WRONLY), warned.append)
    assert to_json(run(shipped, journal)) == to_json(run(shipped))
    journal.finish(complete=False)
    reason = "No space left on device; a run that breaks off cannot be resumed"
    assert warned == [f"{output}.journal could not be written: {reason}"]


def test_where_it_cannot_be_begun_the_run_goes_on_without(shipped, output, warned):
    journal_path(output).mkdir()
    journal = begin_journal(output, described(shipped), warned.append)
    assert to_json(run(shipped, journal)) == to_json(run(shipped))
    journal.finish(complete=False)
    reason = "Is a directory; a run that breaks off cannot be resumed"
    assert warned == [f"{output}.journal could not be written: {reason}"]


def test_two_cannot_go_on_with_the_same_run(output):
    first = begin_journal(output, Header(marks={}), pytest.fail)
    message = r"r\.json\.journal is in use: its run is still at it$"
    with pytest.raises(UsageError, match=message):
        resume_journal(output, Header(marks={}), pytest.fail)
    first.finish(complete=False)
    second = resume_journal(output, Header(marks={}), pytest.fail)
    with pytest.raises(UsageError, match=message):
        resume_journal(output, Header(marks={}), pytest.fail)
    second.finish(complete=False)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "mark 0 is new"),
        (3, "mark 0 is new; mark 1 is new; mark 2 is new"),
        (5, "mark 0 is new; mark 1 is new; mark 2 is new; and 2 more"),
    ],
)
def test_the_journal_of_another_run_is_refused_and_left_as_it_is(output, count, words):
    begin_journal(output, Header(marks={}), pytest.fail).finish(complete=False)
    path = journal_path(output)
    torn = path.read_bytes() + b"torn"
    path.write_bytes(torn)
    now = Header(marks={f"mark {number}": "1" for number in range(count)})
    with pytest.raises(UsageError) as raised:
        resume_journal(output, now, pytest.fail)
    assert str(raised.value) == f"{path} is the journal of another run: {words}"
    assert path.read_bytes() == torn


# --- whether there is anything to resume --------------------------------------------------


RUN = "sha256:0123456789abcdef"


def written(output, suites, **changes):
    """Write the result of a run whose digest is RUN."""
    result = replace(run(suites), environment={"run": RUN}, **changes)
    output.write_bytes(to_json(result))
    return result


def test_a_complete_result_without_a_journal_has_nothing_to_resume(shipped, output):
    result = written(output, shipped)
    assert find_finished(output, RUN) == result


def test_with_a_journal_it_is_the_journal_that_counts(shipped, output):
    written(output, shipped)
    journaled(shipped, output)
    assert find_finished(output, RUN) is None
    output.unlink()
    assert find_finished(output, RUN) is None


def test_without_either_there_is_nothing_to_resume(output):
    with pytest.raises(UsageError) as raised:
        find_finished(output, RUN)
    message = f"there is nothing to resume: neither {output} nor {output}.journal exists"
    assert str(raised.value) == message


def test_an_incomplete_result_needs_its_journal(shipped, output):
    written(output, shipped, interrupted=True)
    with pytest.raises(UsageError) as raised:
        find_finished(output, RUN)
    assert str(raised.value) == (
        f"{output} is incomplete, and cannot be resumed without {output}.journal"
    )


@pytest.mark.parametrize("environment", [{}, {"run": "sha256:fedcba9876543210"}])
def test_a_complete_result_of_another_run_is_not_shown_for_this_one(shipped, output, environment):
    output.write_bytes(to_json(replace(run(shipped), environment=environment)))
    with pytest.raises(UsageError) as raised:
        find_finished(output, RUN)
    assert str(raised.value) == (
        f"{output} is complete, and of another run: its suites, settings or versions differ"
    )
