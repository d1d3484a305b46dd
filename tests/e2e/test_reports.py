"""What `-o`, `report`, `show` and `--baseline` do for somebody at the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from e2e.support import ROOT, result_of

from glmbench.cli.main import cli
from glmbench.results.document import from_json

SUITE = ROOT / "prompts" / "quickstart.yaml"
FORMS = ("r.json", "r.csv", "r.md", "r.junit.xml", "r.html")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def call(*args, **environ):
    """Run a verb in this process; its bugs come out as they are."""
    runner = CliRunner(env={"COLUMNS": "80", **environ})
    return runner.invoke(cli, [str(arg) for arg in args], standalone_mode=False)


def code(result):
    return result.return_value


def run(*args, **environ):
    return call("run", SUITE, *args, **environ)


def outputs(*names):
    return [word for name in names for word in ("-o", name)]


def test_a_run_writes_every_form_that_is_asked_for(tmp_path):
    result = run("--case", "ping", *outputs(*FORMS))
    assert (result.exception, code(result)) == (None, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FORMS)
    assert (tmp_path / "r.csv").read_bytes().startswith(b"suite,case,model,repeat,")
    assert (tmp_path / "r.junit.xml").read_text("utf-8").startswith("<?xml")
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert from_json((tmp_path / "r.json").read_bytes(), "r.json").trials[0].id == "ping@glm-4@1"


def test_a_result_renders_to_the_same_files_again(tmp_path):
    run(*outputs(*FORMS))
    again = [f"again-{name}" for name in FORMS]
    assert code(call("report", "r.json", *outputs(*again))) == 0
    for name in FORMS:
        assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_what_report_prints_is_what_the_run_printed():
    printed = run("-o", "r.json").stdout
    assert call("report", "r.json").stdout == printed


def test_shards_make_the_result_of_the_whole_run(tmp_path):
    for number in (1, 2, 3):
        assert code(run("--shard", f"{number}/3", "-o", f"part{number}.json")) in {0, 7}
    run("-o", "whole.json")
    merged = call("report", *(f"part{n}.json" for n in (3, 1, 2)), "-o", "merged.json")
    assert code(merged) == 0
    whole, parts = result_of("whole.json"), result_of("merged.json")
    assert whole["environment"].pop("started_at") >= parts["environment"].pop("started_at")
    # No part is the whole run.
    assert (parts["environment"].pop("run"), parts["environment"].pop("shard")) == (None, None)
    assert whole["environment"].pop("run").startswith("sha256:")
    assert whole["environment"].pop("shard") is None
    assert parts == whole


def test_a_shard_that_is_missing_is_missed():
    for number in (1, 2):
        run("--shard", f"{number}/3", "-o", f"part{number}.json")
    result = call("report", "part1.json", "part2.json")
    assert str(result.exception) == "the shard 3/3 is missing: part1.json is 1/3"


def test_what_is_complete_is_judged_by_what_is_asked_for_now(tmp_path):
    done = run("--case", "long-en", "-o", "r.json")
    assert code(done) == 0
    again = run("--case", "long-en", "--resume", "r.json", "--strict")
    assert (code(again), again.stderr) == (1, "r.json is complete: nothing was run.\n")
    other = run("--case", "ping", "--resume", "r.json")
    assert "r.json is complete, and of another run: " in str(other.exception)


def test_merged_thresholds_are_judged_over_all_shards(tmp_path):
    for number in (1, 2):
        run("--shard", f"{number}/2", "-o", f"part{number}.json")
    call("report", "part1.json", "part2.json", "-o", "merged.json")
    rates = [
        gate["n"]
        for name in ("part1.json", "part2.json", "merged.json")
        for gate in result_of(name)["thresholds"]
        if gate["text"].startswith("rate(passed)")
    ]
    assert rates == [6, 6, 12]


def test_the_exit_code_of_a_report_is_that_of_its_run():
    assert code(run("--fault", "{status: 500}", "-o", "r.json")) == 5
    assert code(call("report", "r.json", "-q")) == 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-o", "r.txt"], "r.txt ends in none of .json, .csv, .md, .junit.xml, .html"),
        (["-o", "r.xml"], "r.xml ends in none of "),
        (["-o", "r.md", "-o", "r.md"], "r.md is asked for twice"),
        (["-o", "gone/r.json"], "there is no folder gone"),
        (["-q", "-v"], "--quiet and --verbose exclude each other"),
        (["--fail-on", "regression"], "--fail-on regression needs --baseline FILE"),
        (["--resume", "r.csv"], "--resume r.csv: what is resumed is a result, a .json file"),
        (["--baseline", str(SUITE)], "is no result of glmbench: JSON is malformed"),
    ],
)
def test_what_could_only_fail_later_is_refused_before_anything_runs(tmp_path, args, message):
    result = run(*args)
    assert message in str(result.exception)
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gone.json"], "gone.json cannot be read: No such file or directory"),
        (["r.json", "r.json"], "the trial quickstart/ping@glm-4@1 is in r.json and in r.json"),
        (
            ["r.json", "copy.json"],
            "the trial quickstart/ping@glm-4@1 is in r.json and in copy.json",
        ),
    ],
)
def test_what_cannot_be_reported_is_said(tmp_path, args, message):
    run("--case", "ping", "-o", "r.json")
    (tmp_path / "copy.json").write_bytes((tmp_path / "r.json").read_bytes())
    result = call("report", *args)
    assert (type(result.exception).__name__, str(result.exception)) == ("UsageError", message)


def test_a_trial_of_a_result_is_drawn_like_its_cassette():
    run("-o", "r.json")
    trial = call("show", "r.json", "ping").stdout
    cassette = call("show", ROOT / "cassettes/quickstart/ping@glm-4@1.yaml").stdout
    assert "  what came of it\n" in trial
    drawn = [line for line in cassette.splitlines() if line[:1] in "#12345" and line]
    assert drawn == [line for line in trial.splitlines() if line[:1] in "#12345" and line]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["r.json", "pin"], 'r.json has no trial "pin"; did you mean "ping"?'),
        (["r.json"], "which trial? r.json has hello-zh@glm-4@1, ping@glm-4@1, "),
        (["r.json", "ping", "--request", "1"], "it is for cassettes"),
        (["r.yaml", "ping"], "r.yaml is no result, and has no trials"),
    ],
)
def test_what_cannot_be_drawn_is_said(args, message):
    run("-o", "r.json")
    assert message in str(call("show", *args).exception)


# --- baselines ------------------------------------------------------------------------------


def slower(name, *, by):
    """Write the result of ten repeats, whose times are longer by a factor."""
    document = result_of("r.json")
    (only,) = document["trials"]
    trials = []
    for repeat in range(1, 11):
        timing = {**only["timing"], "ttft_s": (0.4 + repeat / 1000) * by}
        trials.append({**only, "repeat": repeat, "timing": timing})
    Path(name).write_text(json.dumps({**document, "trials": trials}), encoding="utf-8")


def test_a_regression_fails_only_where_it_is_asked_to():
    run("--case", "ping", "-o", "r.json")
    slower("base.json", by=1)
    slower("head.json", by=1.5)
    shown = call("compare", "base.json", "head.json")
    assert code(shown) == 0
    assert "1 regression: nothing fails without --fail-on regression.\n" in shown.stdout
    failed = call("compare", "base.json", "head.json", "--fail-on", "regression")
    assert code(failed) == 4
    assert "--fail-on regression: 1 regression.\n" in failed.stdout


def test_a_run_beside_its_baseline_fails_with_a_case_that_no_longer_passes(tmp_path):
    run("--case", "ping", "-o", "base.json")
    beside = run("--case", "ping", "--baseline", "base.json", "--fail-on", "regression")
    assert code(beside) == 0
    broken = ["--case", "ping", "--fault", "{cut_after: 1, kind: eof}", "--baseline", "base.json"]
    failed = run(*broken, "--fail-on", "regression", *outputs("now.json", "now.md", "now.html"))
    # An unexpected error goes before a regression.
    assert code(failed) == 5
    assert result_of("now.json")["regressions"] == [
        "quickstart/ping@glm-4: passed 1 of 1, now 0 of 1"
    ]
    assert "passed 1 of 1, now 0 of 1" in (tmp_path / "now.md").read_text("utf-8")
    assert "passed 1 of 1, now 0 of 1" in (tmp_path / "now.html").read_text("utf-8")
    run(*broken, "-o", "later.json")
    assert result_of("later.json")["regressions"] == []


def test_a_baseline_of_other_cases_cannot_pass_for_a_comparison():
    run("--case", "ping", "-o", "ping.json")
    run("--case", "hello-zh", "-o", "hello.json")
    compared = call("compare", "ping.json", "hello.json", "--fail-on", "regression")
    assert code(compared) == 7
    beside = run("--case", "hello-zh", "--baseline", "ping.json", "--fail-on", "regression")
    assert code(beside) == 7
    assert "Warning: nothing of the baseline ping.json could be compared" in beside.stdout
    assert code(run("--case", "hello-zh", "--baseline", "ping.json")) == 0


def test_what_an_earlier_comparison_said_is_forgotten_when_a_result_is_shown_again():
    beside = ["--case", "ping", "--baseline", "base.json", "--fail-on", "regression"]
    run(*beside, "-o", "r.json")
    assert len(result_of("r.json")["warnings"]) == 1
    run("--case", "hello-zh", "-o", "base.json")
    assert code(run(*beside, "--resume", "r.json")) == 7
    assert [w["words"][:24] for w in result_of("r.json")["warnings"]] == [
        "nothing of the baseline "
    ]
    run("--case", "ping", "-o", "base.json")
    assert code(run(*beside, "--resume", "r.json", "--strict")) == 0
    assert result_of("r.json")["warnings"] == []


def test_a_suite_whose_name_is_no_text_is_written_all_the_same(tmp_path):
    path = os.fsdecode(b"\xff.yaml")
    Path(path).write_text("version: 1\nname: odd\nprovider: chatglm\ncases: [{id: a, prompt: b}]\n")
    result = call("run", path, *outputs(*FORMS))
    assert (result.exception, code(result)) == (None, 6)
    assert result_of("r.json")["suite"][0]["path"] == "\\udcff.yaml"


def test_the_command_for_another_go_names_the_values_that_it_needs():
    Path("suite.yaml").write_text(
        "version: 1\nname: odd\nprovider: chatglm\n"
        "cases: [{id: a, prompt: '{{ city }}', vars: {city: Suzhou}}]\n"
    )
    said = call("run", "suite.yaml", "--var", "city=Nanjing").stdout
    assert "  again: glmbench run suite.yaml --case a --var city=...\n" in said


def test_nothing_to_run_again_is_said():
    run("--case", "ping", "-o", "r.json")
    result = run("--failed", "r.json")
    assert code(result) == 7
    assert "r.json has nothing to run again in these suites.\n" in result.stderr


def test_a_baseline_that_is_missing_is_a_warning():
    result = run("--case", "ping", "--baseline", "none.json", "--fail-on", "regression")
    assert code(result) == 0
    said = "Warning: there is no baseline none.json, so nothing was compared"
    assert said in result.stdout


# --- GitHub Actions -------------------------------------------------------------------------


def test_on_github_the_summary_and_the_annotations_come_by_themselves(tmp_path):
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    (tmp_path / "summary.md").write_text("before\n", "utf-8")
    result = run("--case", "ping", "--fault", "{status: 500}", **github)
    said = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert [line.partition(",title=")[0] for line in said] == [
        f"::error file={SUITE},line=57",
        f"::error file={SUITE}",
    ]
    summary = (tmp_path / "summary.md").read_text("utf-8")
    assert summary.startswith("before\n")
    assert "ping" in summary


def test_on_github_a_report_of_shards_tells_as_well(tmp_path):
    for number in (1, 2):
        run("--shard", f"{number}/2", "--fault", "{status: 500}", "-o", f"part{number}.json")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    result = call("report", "part1.json", "part2.json", "-q", **github)
    said = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert len(said) == 11
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("#")


def test_a_shard_alone_is_said_to_be_one():
    run("--shard", "1/2", "-o", "part1.json")
    assert call("report", "part1.json").stderr == "Warning: part1.json is the shard 1/2 alone.\n"


def test_elsewhere_there_are_none(tmp_path):
    result = run("--case", "ping", "--fault", "{status: 500}")
    assert "::error" not in result.stdout
    assert list(tmp_path.iterdir()) == []
