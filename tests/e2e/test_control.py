"""What runs, how fast, and who is asked first, as a user meets it on the command line."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from e2e.support import PATHS, glmbench, result_of, write_suite
from emulation import emulated, truth

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SCRIPT = """
version: 1
defaults: {first_delay: 10ms, delay: 2ms, piece: 3}
answers:
  - {name: busy, prompt: busy, http: {status: 429, json: {status: 10061, message: no}}}
  - {name: endless, prompt: endless, text: going on, ending: {kind: stall, after: 2}}
  - {name: echo, prompt: {matches: ""}, text: "It was {prompt}.", echo: true}
"""

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: one, prompt: first, tags: [short]}
  - {id: two, prompt: "{{ city }}", vars: {city: Suzhou}, tags: [long]}
  - {id: talk, turns: [hello, and again], tags: [long]}
"""
PROFILES = """
profiles:
  smoke: {mode: live, tags: [long], repeat: 2, max_requests: 5, retries: 1}
  ci: {mode: replay, not_tags: [long], strict: true}
"""


@pytest.fixture
def service(tmp_path):
    with emulated(tmp_path, SCRIPT) as (host, port):
        yield f"{host}:{port}"


def run(folder, *args, **environment):
    return glmbench("run", "suite.yaml", *args, cwd=folder, **environment)


def trials(folder):
    return [(t["case"], t["status"]) for t in result_of(folder / "r.json")["trials"]]


def cassettes(folder):
    return sorted(path.name for path in folder.glob("cassettes/small/*"))


# --- selection ----------------------------------------------------------------------------


def test_what_failed_in_an_earlier_result_is_run_again(tmp_path, service):
    text = SUITE.replace("prompt: first,", "prompt: first, expect: {text: {equals: no}},")
    write_suite(tmp_path, text)
    first = run(tmp_path, "--mode", "live", "--connect-to", service, "-o", "r.json")
    assert first.code == 1
    assert trials(tmp_path) == [("one", "failed"), ("two", "passed"), ("talk", "passed")]
    again = run(
        tmp_path, "--mode", "live", "--connect-to", service, "--failed", "r.json", "-o", "r.json"
    )
    assert (again.code, trials(tmp_path)) == (1, [("one", "failed")])


def test_after_a_result_without_failures_there_is_nothing_to_do(tmp_path, service):
    write_suite(tmp_path, SUITE)
    run(tmp_path, "--mode", "record", "--connect-to", service, "-o", "r.json")
    done = run(tmp_path, "--failed", "r.json")
    assert done.code == 7


@pytest.mark.parametrize(
    ("args", "listed"),
    [
        ([], ["one@glm-4@1", "two@glm-4@1", "talk@glm-4@1"]),
        (["-k", "two or talk"], ["two@glm-4@1", "talk@glm-4@1"]),
        (["--case", "one", "--repeat", "2"], ["one@glm-4@1", "one@glm-4@2"]),
        (["--shard", "2/2"], ["two@glm-4@1"]),
        (["--model", "glm-4", "--tag", "short"], ["one@glm-4@1"]),
        (["--profile", "ci"], ["one@glm-4@1"]),
        (["--profile", "ci", "--not-tag", "short"], ["two@glm-4@1", "talk@glm-4@1"]),
    ],
)
def test_a_dry_run_lists_what_would_run_and_runs_nothing(tmp_path, args, listed):
    write_suite(tmp_path, SUITE + PROFILES)
    done = run(tmp_path, "--dry-run", "--mode", "live", *args)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines() if "@" in line] == listed


@pytest.mark.parametrize("args", [["-k", "one and two"], ["-k", "nobody", "--dry-run"]])
def test_a_selection_of_nothing_has_an_exit_code_of_its_own(tmp_path, args):
    write_suite(tmp_path, SUITE)
    assert run(tmp_path, *args).code == 7


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--case", "onw"], 'no case "onw"; did you mean "one"?'),
        (["--tag", "shrt"], 'no tag "shrt"; did you mean "short"?'),
        (["--not-tag", "x"], 'no tag "x"'),
        (["--model", "glm-5"], 'no model "glm-5"; did you mean "glm-4"?'),
        (["-k", "one and"], "something is missing at its end"),
        (["--shard", "3/2"], '"3/2" is no shard'),
        (["--var", "city"], '--var "city" is no value for a template'),
        (["--failed", "gone.json"], "gone.json cannot be read"),
        (["--rate", "10/d"], '--rate: "d" is no unit of a rate'),
        (["--max-time", "10"], "--max-time: "),
        (["--timeout", "0s"], "--timeout must be longer than nothing"),
        (["--concurrency", "0"], "--concurrency"),
        (["--warmup", "1"], "--warmup needs --mode record, refresh or live"),
    ],
)
def test_what_is_no_choice_is_refused_with_exit_code_2(tmp_path, args, message):
    write_suite(tmp_path, SUITE)
    done = run(tmp_path, *args)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_profile_that_a_suite_does_not_have_is_invalid(tmp_path):
    write_suite(tmp_path, SUITE + PROFILES)
    done = run(tmp_path, "--profile", "cii")
    assert done.code == 3
    assert 'the suite has no profile "cii"' in done.err
    assert 'did you mean "ci"?' in done.err


def test_a_variable_of_the_command_line_goes_before_that_of_the_case(tmp_path, service):
    write_suite(tmp_path, SUITE)
    args = ["--mode", "live", "--connect-to", service, "--case", "two", "-o", "r.json"]
    assert run(tmp_path, *args, "--var", "city=Nanjing=x").code == 0
    assert result_of(tmp_path / "r.json")["trials"][0]["text"] == "It was Nanjing=x."


# --- Ctrl-C -------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", ["3", "8"])
def test_ctrl_c_while_several_are_recorded_keeps_what_is_finished(tmp_path, service, concurrency):
    quick = "".join(f"  - {{id: q{n}, prompt: number {n}}}\n" for n in range(4))
    endless = "".join(f"  - {{id: e{n}, prompt: endless}}\n" for n in range(2))
    head, _ = SUITE.split("  - {id: one")
    write_suite(tmp_path, head + endless + quick)
    command = [sys.executable, "-m", "glmbench", "run", "suite.yaml", "--mode", "record"]
    command += ["--connect-to", service, "-j", concurrency, "-o", "r.json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PATHS},
    )
    for _ in range(4):
        assert "passed" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = "Interrupted: finishing 2 trials under way; press Ctrl-C again to stop at once.\n"
    assert process.stderr.readline() == said
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert trials(tmp_path) == [(f"q{n}", "passed") for n in range(4)]
    assert cassettes(tmp_path) == [f"q{n}@glm-4@1.yaml" for n in range(4)]
    assert run(tmp_path, "-k", "q").code == 0


# --- smoke --------------------------------------------------------------------------------


def smoke(folder, *args):
    return glmbench("smoke", "suite.yaml", *args, cwd=folder)


def test_smoke_without_a_terminal_and_without_yes_refuses(tmp_path, service):
    write_suite(tmp_path, SUITE + PROFILES)
    done = smoke(tmp_path, "--connect-to", service)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"small: 6 requests, at most 5, each up to 1 time more to chatglm through {service}, "
        "mode live\nsmoke makes real requests: confirm with --yes\n"
    )
    assert truth(tmp_path) == []


def test_smoke_runs_the_profile_of_that_name(tmp_path, service):
    write_suite(tmp_path, SUITE + PROFILES)
    done = smoke(tmp_path, "--connect-to", service, "--yes", "-o", "r.json")
    assert done.code == 0
    # Two of "two" with one request each, and of "talk" one with two; the second would be too much.
    assert trials(tmp_path) == [
        ("two", "passed"),
        ("two", "passed"),
        ("talk", "passed"),
        ("talk", "skipped"),
    ]
    assert len({line["request"] for line in truth(tmp_path)}) == 4
    assert cassettes(tmp_path) == []


def test_smoke_is_careful_where_a_suite_has_no_such_profile(tmp_path, service):
    write_suite(tmp_path, SUITE)
    done = smoke(tmp_path, "--connect-to", service, "--yes", "--case", "one", "-o", "r.json")
    assert done.code == 0
    said = f"small: 1 request to chatglm through {service}, mode live\n"
    assert re.fullmatch(re.escape(said) + r"\[1/1\] one@glm-4@1 passed, ttft [\d.]+ ms\n", done.err)
    environment = result_of(tmp_path / "r.json")["environment"]
    assert (environment["mode"], environment["concurrency"]) == ("live", 1)


def test_smoke_is_careful_with_all_suites_where_one_has_no_such_profile(tmp_path, service):
    write_suite(tmp_path, SUITE + PROFILES, "one.yaml")
    write_suite(tmp_path, SUITE.replace("name: small", "name: plain"), "two.yaml")
    args = ["--connect-to", service, "--case", "one", "--yes", "--rate", "100/s"]
    done = glmbench("smoke", "one.yaml", "two.yaml", *args, "--max-requests", "1", cwd=tmp_path)
    assert done.err.splitlines()[:2] == [
        f"small: 1 request to chatglm through {service}, mode live",
        f"plain: 1 request to chatglm through {service}, mode live",
    ]
    # What the command line says of requests is said of both suites together.
    first, second = done.err.splitlines()[2:]
    assert first.startswith("[1/2] small/one@glm-4@1 passed, ttft ")
    assert second == "[2/2] plain/one@glm-4@1 skipped"
    assert done.code == 0


def test_smoke_shows_what_is_wrong_with_a_suite_before_it_asks(tmp_path):
    write_suite(tmp_path, SUITE.replace("chatglm", "chatgml"))
    done = smoke(tmp_path, "--yes")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("suite.yaml:4:11: no provider is called")


def test_options_go_before_the_careful_ones(tmp_path, service):
    write_suite(tmp_path, SUITE)
    args = ["--rate", "100/s", "--max-requests", "1", "--yes", "-o", "r.json"]
    assert smoke(tmp_path, "--connect-to", service, *args).code == 0
    assert [status for _, status in trials(tmp_path)] == ["passed", "skipped", "skipped"]


def on_a_terminal(folder, service, answer):
    """Run smoke with a terminal for its input, type the answer; return the exit code and output."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "glmbench", "smoke", "suite.yaml"]
    process = subprocess.Popen(
        [*command, "--connect-to", service, "--case", "one"],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PATHS},
    )
    os.close(theirs)
    try:
        os.write(ours, answer)
        out, err = process.communicate(timeout=60)
    finally:
        os.close(ours)
    return process.returncode, out + err


@pytest.mark.parametrize(
    ("answer", "code", "asked"), [(b"y\n", 0, 1), (b"n\n", 2, 0), (b"\n", 2, 0), (b"\x04", 130, 0)]
)
def test_smoke_asks_on_a_terminal(tmp_path, service, answer, code, asked):
    write_suite(tmp_path, SUITE)
    returned, said = on_a_terminal(tmp_path, service, answer)
    assert returned == code, said
    assert "small: 1 request to chatglm" in said
    assert "Go on? [y/N]" in said
    assert len({line["request"] for line in truth(tmp_path)}) == asked


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--mode-of-profile", "replay"], "small: 0 requests to chatglm, mode replay"),
        (["--case", "talk", "-k", "one"], "small: 0 requests to chatglm, mode live"),
    ],
)
def test_smoke_does_not_ask_where_nothing_will_be_asked(tmp_path, args, said):
    profile = "profiles: {smoke: {mode: live}}"
    if args[0] == "--mode-of-profile":
        profile, args = "profiles: {smoke: {mode: replay}}", []
    write_suite(tmp_path, SUITE + profile)
    done = smoke(tmp_path, *args)
    assert said in done.err
    assert "confirm" not in done.err
    assert done.code == (7 if args else 6)


def test_smoke_counts_what_is_not_recorded_yet_where_it_records(tmp_path, service):
    profile = "profiles: {smoke: {mode: record, warmup: 2}}"
    write_suite(tmp_path, SUITE + profile)
    run(tmp_path, "--mode", "record", "--connect-to", service, "--case", "two")
    # One turn of "one", two of "talk", and two for the warm-up.
    assert "small: 5 requests to chatglm, mode record" in smoke(tmp_path).err


# --- validate, list, init, schema ---------------------------------------------------------


def test_validate_says_what_is_not_recorded_and_runs_nothing(tmp_path, service):
    write_suite(tmp_path, SUITE)
    run(tmp_path, "--mode", "record", "--connect-to", service, "--case", "one")
    done = glmbench("validate", "suite.yaml", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "ok suite.yaml: 3 cases, 3 trials\n"
        "  warning: not recorded: 2 of 3 (two@glm-4@1, talk@glm-4@1)\n"
    )


def test_validate_shows_all_problems_of_all_suites(tmp_path):
    write_suite(tmp_path, SUITE.replace("chatglm", "chatgml"), "a.yaml")
    write_suite(tmp_path, SUITE.replace("prompt: first", "promt: first"), "b.yaml")
    write_suite(tmp_path, SUITE.replace("city: Suzhou", "town: Suzhou"), "c.yaml")
    done = glmbench("validate", "a.yaml", "b.yaml", "c.yaml", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    for said in ("a.yaml:4:11: no provider", "b.yaml:6:15: ", "c.yaml:7:23: "):
        assert said in done.err


def test_a_list_of_trials_has_a_row_for_each(tmp_path):
    write_suite(tmp_path, SUITE.replace("cases:", "matrix: {tone: [calm, loud]}\ncases:"))
    done = glmbench("list", "suite.yaml", "--trials", cwd=tmp_path)
    assert done.code == 0
    names = [line.split()[0] for line in done.out.splitlines() if "@" in line]
    cases = ["one", "two", "talk"]
    assert names == [f"{case}.tone-{tone}@glm-4@1" for case in cases for tone in ("calm", "loud")]


def test_init_makes_a_project_that_replays_at_once(tmp_path):
    done = glmbench("init", "new/project", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    project = tmp_path / "new" / "project"
    written = sorted(
        path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()
    )
    assert written == [
        ".github/workflows/glmbench.yml",
        ".gitignore",
        "cassettes/hello/hello@glm-4@1.yaml",
        "prompts/hello.yaml",
        "prompts/suite.schema.json",
    ]
    run = glmbench("run", "prompts/hello.yaml", "--profile", "ci", cwd=project)
    assert (run.code, run.err) == (0, "")
    assert "1 trial: 1 passed" in run.out
    for args in (["cassette", "verify"], ["cassette", "scan"], ["validate", "prompts/hello.yaml"]):
        assert glmbench(*args, cwd=project).code == 0


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "hello.yaml").write_text("mine")
    done = glmbench("init", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == "there is already prompts/hello.yaml in .: nothing was written\n"
    assert (tmp_path / "prompts" / "hello.yaml").read_text() == "mine"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["hello.yaml"]


def test_init_leaves_a_gitignore_as_it_is(tmp_path):
    (tmp_path / ".gitignore").write_text("mine")
    done = glmbench("init", cwd=tmp_path)
    assert done.code == 0
    assert ".gitignore" not in done.out
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert (tmp_path / "prompts" / "hello.yaml").is_file()


def test_the_schema_is_json_and_accepts_the_suite_that_init_writes(tmp_path):
    import jsonschema
    import yaml

    done = glmbench("schema")
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    glmbench("init", cwd=tmp_path)
    suite = yaml.safe_load((tmp_path / "prompts" / "hello.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(suite, schema)
    assert json.loads((tmp_path / "prompts" / "suite.schema.json").read_text()) == schema
