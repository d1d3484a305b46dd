"""The shipped suite replays green, the same every time, from everywhere."""

from __future__ import annotations

import shutil

import pytest
import yaml
from e2e.support import QUICKSTART, ROOT, glmbench, result_of
from wcwidth import wcswidth

from glmbench.results.document import ResultDocument

CASSETTES = sorted((ROOT / "cassettes" / "quickstart").glob("*.yaml"))


def test_it_passes_and_prints_its_tables():
    done = glmbench("run", "prompts/quickstart.yaml")
    assert (done.code, done.err) == (0, "")
    for title in ("Cases", "Latency (recorded from the emulator", "Throughput", "Finish reasons"):
        assert f"\n{title}" in f"\n{done.out}"
    assert "12 trials: 12 passed" in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_two_runs_give_the_same_trials_byte_by_byte_also_from_another_folder(tmp_path):
    outputs = [tmp_path / "first.json", tmp_path / "second.json", tmp_path / "elsewhere.json"]
    elsewhere = tmp_path / "deeper" / "down"
    elsewhere.mkdir(parents=True)
    shutil.copytree(ROOT / "prompts", tmp_path / "copy" / "prompts")
    shutil.copytree(ROOT / "cassettes", tmp_path / "copy" / "cassettes")
    assert glmbench("run", "prompts/quickstart.yaml", "-o", outputs[0]).code == 0
    assert glmbench("run", QUICKSTART, "-o", outputs[1], cwd=elsewhere).code == 0
    copied = tmp_path / "copy" / "prompts" / "quickstart.yaml"
    assert glmbench("run", copied, "-o", outputs[2], cwd=tmp_path).code == 0
    texts = [_trials(path) for path in outputs]
    assert texts[0] == texts[1] == texts[2]
    assert str(ROOT) not in texts[0]


def _trials(path):
    text = path.read_text(encoding="utf-8")
    start, end = text.index('\n  "trials": ['), text.index('\n  "details"')
    return text[start:end]


@pytest.mark.parametrize("timing", ["instant", "recorded"])
def test_the_pace_changes_no_figure(tmp_path, timing):
    glmbench("run", QUICKSTART, "-o", tmp_path / "a.json")
    glmbench("run", QUICKSTART, "--timing", timing, "-o", tmp_path / "b.json")
    assert _trials(tmp_path / "a.json") == _trials(tmp_path / "b.json")


def test_the_result_has_the_documented_keys(tmp_path):
    glmbench("run", QUICKSTART, "-o", tmp_path / "r.json")
    result = result_of(tmp_path / "r.json")
    # Which they are, and in which order, is pinned in results/test_document.
    assert tuple(result) == ResultDocument.__struct_fields__
    assert result["schema"] == "glmbench.result/1"
    trial = result["trials"][0]
    assert {"case", "model", "repeat", "status", "finish_reason", "native_finish_reason"} < set(
        trial
    )
    assert trial["timing"]["source"] == "recorded"
    assert trial["throughput"]["token_source"] == "estimate"
    assert trial["cassette"] == {
        "path": "../cassettes/quickstart/hello-zh@glm-4@1.yaml",
        "verdict": "HIT",
        "reason": None,
    }
    assert result["summary"]["statuses"]["passed"] == 12


def test_a_moderated_and_a_cut_answer_are_no_stop(tmp_path):
    glmbench("run", QUICKSTART, "-o", tmp_path / "r.json")
    trials = {trial["case"]: trial for trial in result_of(tmp_path / "r.json")["trials"]}
    assert trials["moderated"]["finish_reason"] == "content_filter"
    assert trials["moderated"]["native_finish_reason"] == "intervene"
    assert trials["cut-stream"]["finish_reason"] is None
    assert trials["cut-stream"]["error"]["type"] == "IncompleteStreamError"
    assert trials["cut-stream"]["text"]
    assert trials["guest-quota"]["error"]["type"] == "QuotaExceededError"


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_every_shipped_cassette_says_that_it_came_from_the_emulator(path):
    for interaction in yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]:
        assert interaction["response"]["x-stream"]["origin"] == "emulator"
        assert interaction["request"]["uri"].startswith("https://chatglm.cn/")
        assert interaction["request"]["headers"]["Authorization"] == ["[redacted]"]


def test_there_is_a_cassette_for_every_case_and_no_other(tmp_path):
    glmbench("run", QUICKSTART, "-o", tmp_path / "r.json")
    named = {
        trial["cassette"]["path"].rsplit("/")[-1]
        for trial in result_of(tmp_path / "r.json")["trials"]
    }
    assert named == {path.name for path in CASSETTES}


def test_list_shows_every_case():
    done = glmbench("list", "prompts/quickstart.yaml")
    assert (done.code, done.err) == (0, "")
    assert max(map(wcswidth, done.out.splitlines())) <= 80
    for case in ("hello-zh", "moderated", "cut-stream", "guest-quota"):
        assert f"\n{case} " in done.out


def test_one_case_can_be_run_by_itself(tmp_path):
    done = glmbench("run", QUICKSTART, "--case", "ping", "-o", tmp_path / "r.json")
    assert done.code == 0
    assert [trial["case"] for trial in result_of(tmp_path / "r.json")["trials"]] == ["ping"]
