"""Repeats, thresholds and variables: what a whole run must show, and what it may not tell."""

from __future__ import annotations

import pytest
from e2e.support import glmbench, result_of, write_suite
from emulation import emulated, truth

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SCRIPT = """
version: 1
defaults: {first_delay: 10ms, delay: 2ms, piece: 3}
answers:
  - {name: busy, prompt: busy, http: {status: 429, json: {status: 10061, message: no}}}
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
# A case that passes and has no figures.
REFUSED = "  - {id: refused, prompt: busy, tags: refused, expect: {error: RateLimited}}\n"


@pytest.fixture
def service(tmp_path):
    with emulated(tmp_path, SCRIPT) as (host, port):
        yield f"{host}:{port}"


def run(folder, *args, **environment):
    return glmbench("run", "suite.yaml", *args, cwd=folder, **environment)


# --- repeats and thresholds ---------------------------------------------------------------


FLAKY = """
version: 1
name: small
provider: {import: "provided:Alternating"}
cassettes: none
cases:
  - {id: often, prompt: x, repeat: 4, min_pass: 2}
  - {id: always, prompt: x, repeat: 4, min_pass: 3}
"""


def test_a_case_that_passes_often_enough_is_flaky_and_one_that_does_not_has_failed(tmp_path):
    write_suite(tmp_path, FLAKY)
    done = run(tmp_path, "--mode", "live", "-o", "r.json")
    cases = result_of(tmp_path / "r.json")["cases"]
    assert [(case["case"], case["status"], case["passed"]) for case in cases] == [
        ("often", "flaky", 2),
        ("always", "failed", 2),
    ]
    assert done.code == 1
    assert run(tmp_path, "--mode", "live", "--case", "often").code == 0
    # How many must pass was said of four repeats: of two all must.
    assert run(tmp_path, "--mode", "live", "--case", "often", "--repeat", "2").code == 1


@pytest.mark.parametrize(
    ("threshold", "mode", "code", "status"),
    [
        ("max(ttft) < 5s", "live", 0, "passed"),
        ("max(ttft) < 1ms", "live", 4, "failed"),
        ("{check: max(ttft) < 1ms, severity: warn}", "live", 0, "failed"),
        ("{check: min(decode_tps) > 1, where: {tag: nobody}}", "live", 3, None),
        ("rate(passed) == 100%", "live", 0, "passed"),
        ("max(ttft) < 1ms", "replay", 0, "ignored"),
        ("{check: max(ttft) < 1ms, when: replay}", "replay", 4, "failed"),
        ("{check: rate(flaky) <= 0%, when: replay}", "replay", 0, "passed"),
        ("{check: max(ttft) < 1ms, when: replay}", "live", 0, "ignored"),
        ("{check: p66(ttft) < 5s, when: live}", "live", 0, "passed"),
        ("{check: min(ttft) < 5s, where: {tag: refused}}", "live", 7, "unmeasured"),
    ],
)
def test_a_threshold_decides_the_exit_code_where_it_is_about_such_a_run(
    tmp_path, service, threshold, mode, code, status
):
    write_suite(tmp_path, f"{SUITE}{REFUSED}thresholds: [{threshold}]\n")
    if mode == "replay":
        run(tmp_path, "--mode", "record", "--connect-to", service)
        done = run(tmp_path, "-o", "r.json")
    else:
        done = run(tmp_path, "--mode", "live", "--connect-to", service, "-o", "r.json")
    assert done.code == code, done.out + done.err
    if status is not None:
        (gate,) = result_of(tmp_path / "r.json")["thresholds"]
        assert gate["status"] == status


def test_too_few_measured_values_are_unmeasured(tmp_path, service):
    # The 75th percentile needs four values, and one of the four trials has none.
    write_suite(tmp_path, SUITE + REFUSED + "thresholds: [p75(ttft) < 5s]\n")
    done = run(tmp_path, "--mode", "live", "--connect-to", service, "-o", "r.json")
    (gate,) = result_of(tmp_path / "r.json")["thresholds"]
    assert (gate["status"], gate["n"], done.code) == ("unmeasured", 3, 7)


def test_a_percentile_without_the_trials_for_it_is_refused_before_the_first_request(
    tmp_path, service
):
    write_suite(tmp_path, SUITE + "thresholds:\n  - p95(ttft) < 2s\n")
    done = run(tmp_path, "--mode", "live", "--connect-to", service, "--case", "one")
    assert (done.code, done.out) == (3, "")
    assert "suite.yaml:10:5: p95 needs a sample of at least 20, and the selection has 3" in done.err
    assert not (tmp_path / "truth.jsonl").exists() or truth(tmp_path) == []


# --- secrets in templates -----------------------------------------------------------------


KEYED = """
version: 1
name: small
provider: {name: completions, kwargs: {base_url: "https://h/v1", api_key: "{{ env.SMALL_KEY }}"}}
secrets: {env: [SMALL_KEY]}
defaults: {model: any}
cases:
  - {id: one, prompt: "my key is {{ env.SMALL_KEY }}"}
"""


def test_a_secret_in_templates_is_written_nowhere_and_not_needed_in_replay(tmp_path):
    key = "zq93-of-the-harbour"
    write_suite(tmp_path, KEYED)
    script = SCRIPT.replace("version: 1", "version: 1\nemulate: completions")
    with emulated(tmp_path, script) as (host, port):
        args = ["--mode", "record", "--connect-to", f"{host}:{port}", "-o", "r.json"]
        recorded = run(tmp_path, *args, SMALL_KEY=key)
    assert recorded.code == 0, recorded.out + recorded.err
    replayed = run(tmp_path, "-o", "again.json")
    assert replayed.code == 0, replayed.out
    live, again = (result_of(tmp_path / name)["trials"][0] for name in ("r.json", "again.json"))
    assert live["text"] == again["text"] == "It was my key is [secret:SMALL_KEY]."
    for path in [*tmp_path.glob("*.json"), *tmp_path.glob("cassettes/small/*")]:
        assert key not in path.read_text(encoding="utf-8")
    assert key not in recorded.out + recorded.err + replayed.out
    assert again["cassette"]["verdict"] == "HIT"


def test_a_variable_that_a_live_run_needs_and_does_not_have_is_said_with_its_places(tmp_path):
    write_suite(tmp_path, KEYED)
    done = run(tmp_path, "--mode", "live")
    assert (done.code, done.out) == (3, "")
    for place in ("suite.yaml:4:75", "suite.yaml:8:23"):
        assert f"{place}: the environment variable SMALL_KEY is not set" in done.err
