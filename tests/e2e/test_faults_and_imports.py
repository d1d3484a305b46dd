"""Faults, framings, imports and drift from the command line: what comes out, and the exit code."""

from __future__ import annotations

import json

import pytest
from e2e.support import QUICKSTART, glmbench, result_of, write_suite
from emulation import emulated

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: one, prompt: hello}
"""

SCRIPT = """
version: 1
defaults: {framing: "2025"}
answers:
  - {name: one, prompt: hello, text: Hello there}
"""

RAW = "".join(
    "data: "
    + json.dumps(
        {
            "parts": [
                {"logic_id": "a", "content": [{"type": "text", "text": "Hello"}], "status": status}
            ],
            "status": status,
        }
    )
    + "\n\n"
    for status in ("init", "finish")
)


def test_a_fault_of_the_command_line_is_put_into_every_trial_and_named(tmp_path):
    output = tmp_path / "r.json"
    done = glmbench(
        "run", QUICKSTART, "--case", "ping", "--fault", "{cut_after: 3, kind: eof}", "-o", output
    )
    assert done.code == 5
    assert "Faults put into recordings" in done.out
    assert "with the fault {cut_after: 3, kind: eof}" in done.out
    assert "--case ping --fault '{cut_after: 3, kind: eof}'" in done.out
    (trial,) = result_of(output)["trials"]
    assert (trial["text"], trial["fault"]) == ("pong", "{cut_after: 3, kind: eof}")
    assert trial["timing"]["source"] == "edited"
    assert (trial["status"], trial["error"]["type"]) == ("error", "IncompleteStreamError")


@pytest.mark.parametrize("how", ["event", "random:7"])
def test_the_quickstart_passes_in_other_chunks(how):
    done = glmbench("run", QUICKSTART, "--reframe", how)
    assert done.code == 0, done.out
    assert f"Recordings were replayed in other chunks: --reframe {how}." in done.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--fault", "{cut_aftr: 3}"], 'unknown key "cut_aftr"'),
        (["--fault", "soon"], '"soon" is no fault'),
        (["--reframe", "bytes"], 'did you mean "byte"'),
        (["--fault", "{refuse: true}", "--mode", "live"], "leave --mode away"),
        (["--force"], "--force needs --mode record or refresh"),
    ],
)
def test_what_cannot_work_is_a_usage_error(args, words):
    done = glmbench("run", QUICKSTART, *args)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("option", ["--fault", "--reframe"])
def test_an_empty_value_is_no_way_to_run_without_a_fault(option):
    done = glmbench("run", "prompts/quickstart.yaml", option, "")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith('"" is no fault' if option == "--fault" else '"" is no framing')


def test_an_imported_stream_replays_as_its_case(tmp_path):
    suite = write_suite(tmp_path, SUITE)
    (tmp_path / "raw.sse").write_text(RAW, encoding="utf-8")
    done = glmbench("cassette", "import", "raw.sse", suite.name, "--case", "one", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Replayed, the case is passed" in done.out
    assert glmbench("run", suite.name, cwd=tmp_path).code == 0
    again = glmbench("cassette", "import", "raw.sse", suite.name, "--case", "one", cwd=tmp_path)
    assert (again.code, again.out) == (2, "")
    assert "is there already: delete it first" in again.err


def test_drift_says_what_has_changed_and_exits_with_4(tmp_path):
    suite = write_suite(tmp_path, SUITE)
    with emulated(tmp_path, SCRIPT) as (host, port):
        assert glmbench("record", suite, "--connect-to", f"{host}:{port}").code == 0
        same = glmbench("drift", suite, "--connect-to", f"{host}:{port}")
    assert (same.code, "0 drifted" in same.out) == (0, True)
    changed = SCRIPT.replace("text: Hello there", "text: Hello, ending: {kind: intervene}")
    with emulated(tmp_path, changed) as (host, port):
        drifted = glmbench("drift", suite, "--connect-to", f"{host}:{port}")
    assert drifted.code == 4
    assert "1 drifted" in drifted.out


def test_a_recording_that_broke_off_is_refused_with_exit_code_6(tmp_path):
    suite = write_suite(tmp_path, SUITE)
    cut = SCRIPT.replace("text: Hello there", "text: Hello there, ending: {kind: cut, after: 2}")
    with emulated(tmp_path, cut) as (host, port):
        done = glmbench("record", suite, "--connect-to", f"{host}:{port}")
    assert done.code == 6
    assert "Not saved: the recording is incomplete" in done.out
    assert not (tmp_path / "cassettes").exists()


def test_what_looks_like_a_credential_ends_a_recording_run_with_6(tmp_path):
    suite = write_suite(tmp_path, SUITE)
    key = "sk-" + "A1b2C3d4E5f6G7h8" * 3
    told = SCRIPT.replace("Hello there", f"your key is {key} now")
    with emulated(tmp_path, told) as (host, port):
        done = glmbench("record", suite, "--connect-to", f"{host}:{port}")
    assert done.code == 6
    assert "This looks like credentials in what was written" in done.out
    assert key not in done.out + done.err
    fixed = glmbench("cassette", "scan", "--fix", tmp_path / "cassettes")
    assert fixed.code == 0, fixed.out
    assert key not in "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "cassettes").rglob("*.yaml")
    )
    assert glmbench("run", suite).code == 0
