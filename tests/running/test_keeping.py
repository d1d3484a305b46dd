"""What is saved is whole, is what the case asks for, and holds no secret."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest
from emulation import emulated

from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.store import load
from glmbench.cassettes.track import Chunk, End, Track
from glmbench.errors import SuiteError
from glmbench.measure.observation import Failure, Observation, StampedPart
from glmbench.parts import FinishReason
from glmbench.results.judge import Exit, decide
from glmbench.running.keeping import objection
from glmbench.running.plan import load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings

# Of no service's form; long enough to be looked for.
KEY = 'zq-"93/ü-harbour'

SCRIPT = """
version: 1
defaults: {first_delay: 5ms, delay: 1ms, piece: 2}
answers:
  - name: fine
    prompt: fine
    text: All is well.
  - name: cut
    prompt: cut
    text: This is not the end
    ending: {kind: cut, after: 5}
  - name: nothing
    prompt: nothing
    http: {headers: {Content-Type: text/event-stream}}
  - name: busy
    prompt: busy
    http: {status: 429, json: {status: 10061, message: 请求过于频繁}}
"""

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {{id: one, prompt: {prompt}{more}}}
"""


def plans(folder, prompt="fine", more="", text=SUITE):
    path = folder / "suite.yaml"
    path.write_text(text.format(prompt=prompt, more=more), encoding="utf-8")
    return load_plan([path]).suites


def run(suites, **settings):
    return run_suites(suites, Settings(**settings), {})


def cassette(folder):
    return folder / "cassettes" / "small" / "one@glm-4@1.yaml"


def recorded(folder, *, script=SCRIPT, mode="record", force=False, **suite):
    """Record one trial from a script; returns its row and the exit code."""
    with emulated(folder, script) as address:
        result = run(plans(folder, **suite), mode=mode, connect_to=address, force=force)
    (trial,) = result.trials
    return trial, decide(result)


# --- what is kept ---------------------------------------------------------------------------

FINISHED = (StampedPart(at_us=1, part=FinishReason("stop")),)
BROKEN = Failure(type="IncompleteStreamError", message="", expected_kind=True)


def interaction(*, body=b"data: {}\n\n", status=200, end="eof"):
    chunks = (Chunk(at_us=2, size=len(body)),) if body else ()
    track = Track(
        origin="live",
        recorded_at="",
        by="",
        seq=1,
        started_us=0,
        connected_us=0,
        reused=False,
        headers_us=1,
        framing="chunked",
        chunks=chunks,
        end=End(kind=end, at_us=3),
    )
    request = RequestShape(method="POST", url="https://h/p")
    return Interaction(
        request=request, status=status, reason="", headers=(), body=body, track=track
    )


@pytest.mark.parametrize(
    ("status", "failure", "parts", "last", "replaces", "verdict"),
    [
        ("passed", None, FINISHED, interaction(), True, None),
        ("passed", BROKEN, (), interaction(end="reset"), True, None),
        ("failed", None, FINISHED, interaction(), False, None),
        ("failed", None, FINISHED, interaction(), True, "LIVE"),
        ("unmeasured", None, FINISHED, interaction(), True, "LIVE"),
        ("error", BROKEN, (), interaction(), False, "MISS"),
        ("failed", None, (), interaction(end="reset"), False, "MISS"),
        ("failed", None, (), interaction(end="closed-by-client"), False, "MISS"),
        ("failed", None, FINISHED, interaction(end="reset"), False, None),
        ("failed", None, (), interaction(body=b""), False, "MISS"),
        (
            "error",
            Failure(type="AuthError", message=""),
            (),
            interaction(status=401),
            False,
            "LIVE",
        ),
        ("error", None, (), interaction(status=500, body=b""), False, "LIVE"),
    ],
)
def test_a_recording_is_kept_or_refused(status, failure, parts, last, replaces, verdict):
    observation = Observation(source="live", parts=parts, failure=failure)
    finding = objection(status, observation, (last,), replaces=replaces)
    assert (finding.verdict if finding else None) == verdict


@pytest.mark.parametrize(("end", "verdict"), [("eof", None), ("reset", "MISS")])
def test_an_empty_answer_after_the_stream_does_not_count(end, verdict):
    answers = (interaction(end=end), interaction(body=b""))
    finding = objection("failed", Observation(source="live"), answers, replaces=False)
    assert (finding.verdict if finding else None) == verdict


@pytest.mark.parametrize(
    ("prompt", "words", "verdict", "code"),
    [
        ("cut", "Not saved: the recording is incomplete", "MISS", Exit.CASSETTE),
        ("nothing", "Not saved: the recording is empty", "MISS", Exit.CASSETTE),
        ("busy", "Not saved: it ended in an error", "LIVE", Exit.PROVIDER),
    ],
)
def test_a_recording_of_something_gone_wrong_is_not_saved(tmp_path, prompt, words, verdict, code):
    trial, exit_code = recorded(tmp_path, prompt=prompt)
    assert (trial.status, trial.cassette.verdict, exit_code) == ("error", verdict, code)
    assert trial.cassette.reason.startswith(words)
    assert not cassette(tmp_path).exists()


@pytest.mark.parametrize(
    ("prompt", "error"),
    [("cut", "IncompleteStream"), ("nothing", "EmptyAnswer"), ("busy", "RateLimited")],
)
def test_it_is_saved_when_the_case_is_about_that(tmp_path, prompt, error):
    more = f", expect: {{error: {error}}}"
    trial, code = recorded(tmp_path, prompt=prompt, more=more)
    assert (trial.status, trial.cassette.verdict, code) == ("passed", "RECORDED", Exit.OK)
    assert [t.status for t in run(plans(tmp_path, prompt, more)).trials] == ["passed"]


def test_force_saves_what_would_be_refused(tmp_path):
    trial, code = recorded(tmp_path, prompt="cut", force=True)
    assert (trial.status, trial.cassette.verdict, code) == ("error", "RECORDED", Exit.PROVIDER)
    assert len(load(cassette(tmp_path))) == 1


def test_a_refresh_that_did_not_end_as_expected_keeps_the_old_recording(tmp_path):
    more = ", expect: {text: {contains: well}}"
    recorded(tmp_path, more=more)
    before = cassette(tmp_path).read_bytes()
    worse = SCRIPT.replace("All is well.", "All is lost.")
    trial, code = recorded(tmp_path, script=worse, mode="refresh", more=more)
    assert (trial.status, trial.cassette.verdict, code) == ("failed", "LIVE", Exit.FAILED)
    assert trial.cassette.reason == (
        "The old recording was kept: the trial did not end as its case expects. "
        "--force replaces it."
    )
    assert cassette(tmp_path).read_bytes() == before
    trial, _ = recorded(tmp_path, script=worse, mode="refresh", more=more, force=True)
    assert trial.cassette.verdict == "RECORDED"
    assert b"lost" in cassette(tmp_path).read_bytes()


def test_a_refresh_that_ends_as_expected_replaces_the_recording(tmp_path):
    recorded(tmp_path)
    changed = SCRIPT.replace("All is well.", "All is very well.")
    trial, _ = recorded(tmp_path, script=changed, mode="refresh")
    assert (trial.status, trial.cassette.verdict) == ("passed", "RECORDED")
    assert b"very well" in cassette(tmp_path).read_bytes()


# --- faults -----------------------------------------------------------------------------------

FAULTY = ", fault: {cut_after: 3, kind: eof}, expect: {error: IncompleteStream}"


def test_a_case_with_a_fault_is_recorded_whole_and_judged_with_its_fault(tmp_path):
    trial, code = recorded(tmp_path, more=FAULTY)
    assert (trial.status, trial.cassette.verdict, code) == ("passed", "RECORDED", Exit.OK)
    assert (trial.fault, trial.timing.source) == ("{cut_after: 3, kind: eof}", "edited")
    assert b"finish" in load(cassette(tmp_path))[0].body
    (again,) = run(plans(tmp_path, more=FAULTY)).trials
    assert (again.status, again.cassette.verdict, again.text) == ("passed", "HIT", trial.text)


def test_a_recording_that_broke_off_by_itself_is_no_ground_for_a_fault(tmp_path):
    more = ", fault: {cut_after: 3, kind: eof}, expect: {text: {contains: x}}"
    trial, code = recorded(tmp_path, prompt="cut", more=more)
    assert (trial.cassette.verdict, code) == ("MISS", Exit.CASSETTE)
    assert not cassette(tmp_path).exists()


def test_a_fault_needs_a_recording_and_is_skipped_live(tmp_path):
    trial, code = recorded(tmp_path, mode="live", more=FAULTY)
    assert (trial.status, trial.skipped, code) == (
        "skipped",
        "its fault needs a recording",
        Exit.UNMEASURED,
    )


def test_a_fault_that_does_not_fit_the_recording_is_stale(tmp_path):
    recorded(tmp_path)
    more = ", fault: {cut_after: 4000}, expect: {error: IncompleteStream}"
    result = run(plans(tmp_path, more=more))
    (trial,) = result.trials
    assert (trial.status, trial.cassette.verdict) == ("error", "STALE")
    assert "{cut_after: 4000, kind: reset} cannot be put: the recording has" in (
        trial.cassette.reason
    )
    assert decide(result) == Exit.CASSETTE


def test_a_refused_connection_is_a_provider_error_and_the_cassette_counts_as_played(tmp_path):
    recorded(tmp_path)
    more = ", fault: {refuse: true}, expect: {error: ConnectFailed}"
    (trial,) = run(plans(tmp_path, more=more)).trials
    assert (trial.status, trial.error.type) == ("passed", "ConnectFailedError")
    assert (trial.cassette.verdict, trial.timing.source) == ("HIT", "none")


def test_a_refused_connection_takes_no_virtual_time_and_names_its_host(tmp_path):
    recorded(tmp_path)
    (trial,) = run(plans(tmp_path, more=", fault: {refuse: true}")).trials
    assert (trial.status, trial.error.type) == ("error", "ConnectFailedError")
    assert "chatglm.cn" in trial.error.message


# --- age --------------------------------------------------------------------------------------

AGED = """
version: 1
name: small
provider: chatglm
cassettes: {{max_age: 90d}}
cases: [{{id: one, prompt: {prompt}{more}}}]
"""


def aged(result):
    # On a busy machine there may be others: events that share a read.
    words = "older than the suite's max_age"
    return [warning.trials for warning in result.warnings if words in warning.words]


def test_an_old_recording_is_a_warning_and_with_strict_a_failure(tmp_path):
    recorded(tmp_path, text=AGED)
    assert aged(run(plans(tmp_path, text=AGED))) == []
    path = cassette(tmp_path)
    head, _, tail = path.read_text(encoding="utf-8").partition("recorded_at: '")
    path.write_text(f"{head}recorded_at: '2020-01-01T00:00:00Z{tail[20:]}", encoding="utf-8")
    result = run(plans(tmp_path, text=AGED))
    assert aged(result) == [("small/one@glm-4@1",)]
    assert decide(result) == Exit.OK
    assert decide(run(plans(tmp_path, text=AGED), strict=True)) == Exit.FAILED


# --- secrets ----------------------------------------------------------------------------------

ECHO = """
version: 1
defaults: {mode: MODE, first_delay: 5ms, delay: 1ms, piece: 1}
answers:
  - name: echo
    prompt: {contains: "my key"}
    text: "You said {prompt} - noted."
    echo: true
"""

TELLING = """
version: 1
name: small
provider: {{import: "provided:Telling"}}
secrets: [TELLING_KEY]
cases:
  - {{id: one, prompt: "my key is KEY, keep it"{more}}}
"""


@pytest.mark.parametrize("mode", ["snapshot", "delta"])
def test_a_secret_comes_neither_into_the_cassette_nor_into_the_result(tmp_path, monkeypatch, mode):
    monkeypatch.setenv("TELLING_KEY", KEY)
    script = ECHO.replace("MODE", mode)
    trial, _ = recorded(tmp_path, script=script, text=TELLING)
    assert (trial.status, trial.cassette.verdict) == ("passed", "RECORDED")
    assert trial.text == "You said my key is [secret:TELLING_KEY], keep it - noted."
    stored = cassette(tmp_path).read_text(encoding="utf-8")
    for piece in (KEY, KEY[:9], KEY[-9:], "harbour", "zq-"):
        assert piece not in stored
    monkeypatch.delenv("TELLING_KEY")
    (again,) = run(plans(tmp_path, text=TELLING)).trials
    assert (again.status, again.cassette.verdict, again.text) == ("passed", "HIT", trial.text)
    assert again.timing == trial.timing
    assert "TELLING_KEY" not in os.environ
    monkeypatch.setenv("TELLING_KEY", "another value altogether")
    (again,) = run(plans(tmp_path, text=TELLING)).trials
    assert (again.status, again.cassette.verdict, again.text) == ("passed", "HIT", trial.text)
    assert os.environ["TELLING_KEY"] == "another value altogether"


def test_a_live_run_shows_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("TELLING_KEY", KEY)
    more = ', expect: {text: {equals: "no such thing"}}'
    script = ECHO.replace("MODE", "delta")
    trial, _ = recorded(tmp_path, script=script, mode="live", text=TELLING, more=more)
    assert trial.status == "failed"
    assert KEY not in repr(trial)
    assert "harbour" not in repr(trial)


def test_a_secret_that_cannot_be_taken_out_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setenv("TELLING_KEY", KEY)
    encoded = base64.b64encode(f"it is {KEY}".encode()).decode()
    script = SCRIPT.replace("All is well.", encoded)
    text = TELLING.replace("Telling", "Decoding").replace("my key is KEY, keep it", "fine")
    trial, code = recorded(tmp_path, script=script, text=text)
    assert (trial.status, trial.cassette.verdict, code) == ("error", "MISS", Exit.CASSETTE)
    assert trial.cassette.reason == (
        "Not saved: the value of TELLING_KEY is in it in a form that cannot be taken out."
    )
    assert not cassette(tmp_path).exists()
    assert KEY not in repr(trial)


def test_a_secret_that_is_too_short_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("TELLING_KEY", "short")
    with pytest.raises(SuiteError, match="the value of TELLING_KEY has fewer than 8 characters"):
        plans(tmp_path, text=TELLING)


BROKEN_OFF = """
version: 1
defaults: {mode: delta, first_delay: 5ms, delay: 1ms, piece: 1}
answers:
  - name: cut
    prompt: {contains: "my key"}
    text: "{prompt}"
    echo: true
    ending: {kind: cut, after: 23}
"""


def test_a_live_answer_that_breaks_off_inside_a_secret_shows_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TELLING_KEY", KEY)
    trial, _ = recorded(tmp_path, script=BROKEN_OFF, mode="live", text=TELLING)
    assert trial.error.type == "IncompleteStreamError"
    assert trial.text == "my key is [secret:TELLING_KEY]"


FOREIGN = TELLING.replace("Telling", "NAME").replace("my key is KEY, keep it", "fine")


def test_what_a_provider_says_of_its_end_shows_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("TELLING_KEY", KEY)
    text = FOREIGN.replace("NAME", "Quoting")
    more = f", expect: {{text: {{contains: '{KEY}'}}}}"
    trial, _ = recorded(tmp_path, mode="live", text=text, more=more)
    assert trial.native_finish_reason == "because of [secret:TELLING_KEY]"
    assert trial.finish_message == "see https://h/?sign=[redacted]"
    assert "harbour" not in repr(trial)


def test_halves_of_characters_are_joined_and_the_result_can_be_written(tmp_path):
    text = FOREIGN.replace("NAME", "Halving")
    trial, code = recorded(tmp_path, mode="live", text=text)
    assert (trial.status, trial.text, code) == ("passed", "a \U0001f600 and \ufffd", Exit.OK)


def test_a_url_in_the_error_of_a_foreign_client_shows_no_key(tmp_path):
    with emulated(tmp_path, SCRIPT) as address:
        text = FOREIGN.replace("NAME", "Raising")
        result = run(plans(tmp_path, text=text), mode="record", connect_to=address)
    (detail,) = result.details.values()
    assert "?key=[redacted]'" in detail


def test_a_scrubbed_recording_that_cannot_be_replayed_is_not_saved_and_says_why(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TELLING_KEY", KEY)
    text = TELLING.replace("Telling", "Wavering")
    script = ECHO.replace("MODE", "delta")
    trial, code = recorded(tmp_path, script=script, text=text)
    assert (trial.status, trial.cassette.verdict, code) == ("error", "STALE", Exit.CASSETTE)
    assert trial.cassette.reason.startswith("Not saved, it cannot be replayed: POST https://")
    assert not cassette(tmp_path).exists()
    trial, _ = recorded(tmp_path, script=script, text=text, force=True)
    assert trial.cassette.verdict == "STALE"
    assert cassette(tmp_path).exists()


def test_a_fault_is_not_put_on_an_answer_that_failed_by_itself(tmp_path):
    more = ", fault: {refuse: true}, expect: {error: ConnectFailed}"
    trial, code = recorded(tmp_path, prompt="busy", more=more)
    assert (trial.status, trial.cassette.verdict, code) == ("error", "MISS", Exit.CASSETTE)
    assert trial.cassette.reason.startswith(
        "Not saved: without its fault the answer ended in RateLimitedError all the same."
    )
    assert not cassette(tmp_path).exists()


IMPORTERS = """
import sys, threading
from pathlib import Path
from glmbench.running.plan import Request, load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings

importers = set()

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "vcr":
            importers.add(threading.current_thread() is threading.main_thread())

sys.meta_path.insert(0, Watch())
suites = load_plan([Path(sys.argv[1])], Request(environ={})).suites
settings = Settings(mode="record", connect_to=("127.0.0.1", int(sys.argv[2])), concurrency=4)
result = run_suites(suites, settings, {})
print({trial.cassette.verdict for trial in result.trials}, importers)
"""


def test_vcrpy_is_not_imported_by_the_threads_that_save(tmp_path):
    """Two that import it at once deadlock, for it imports itself in a circle."""
    cases = "".join(f"  - {{id: c{n}, prompt: fine}}\n" for n in range(4))
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"version: 1\nname: small\nprovider: chatglm\ncases:\n{cases}")
    with emulated(tmp_path, SCRIPT) as address:
        done = subprocess.run(
            [sys.executable, "-c", IMPORTERS, str(suite), str(address[1])],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "{'RECORDED'} {True}\n"
