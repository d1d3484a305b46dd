"""Nothing that a user meets is missing from the reference."""

from __future__ import annotations

from dataclasses import fields

import msgspec
import pytest
import yaml
from docs.pages import REFERENCE, blocks, page, section

from glmbench import errors
from glmbench.cassettes import store, track
from glmbench.cassettes.verdict import FAILING
from glmbench.checks.evaluate import CheckResult
from glmbench.errors import CassetteDamagedError
from glmbench.measure.stats import min_samples
from glmbench.measure.timing import Throughput, Timing
from glmbench.redaction.redactor import SECRET_HEADERS, SECRET_KEYS
from glmbench.results.document import to_json
from glmbench.results.judge import Exit
from glmbench.results.model import (
    STATUSES,
    CassetteOutcome,
    ErrorOutcome,
    RunResult,
    SuiteInfo,
    Summary,
    TrialResult,
)

CASSETTE_FORMAT = page(REFERENCE / "cassette-format.md")
CLI = page(REFERENCE / "cli.md")
METRICS = page(REFERENCE / "metrics.md")


def missing(words, text):
    return [word for word in words if f"`{word}`" not in text]


@pytest.mark.parametrize(("kind", "heading"), [(Timing, "Timing"), (Throughput, "Throughput")])
def test_every_metric_has_its_definition(kind, heading):
    assert missing([field.name for field in fields(kind)], section(METRICS, heading)) == []


def test_the_smallest_samples_are_those_of_the_statistics():
    rows = [f"| p{p} | {min_samples(p)} |" for p in (90, 95, 99)]
    assert [row for row in rows if row not in METRICS] == []


def track_of(end):
    return track.Track(
        origin="emulator",
        recorded_at="2026-11-22T10:00:00Z",
        by="glmbench",
        seq=1,
        started_us=1,
        connected_us=2,
        reused=False,
        headers_us=3,
        http="1.0",
        framing="length",
        dropped=(("Content-Encoding", "gzip"),),
        paused=True,
        chunks=(track.Chunk(at_us=4, size=1),),
        end=end,
    )


def test_every_key_of_the_stream_track_has_its_row():
    stored = track.encode(track_of(track.End(kind="timeout", at_us=5, limit="total")), b"x")
    assert missing([*stored, *stored["end"]], section(CASSETTE_FORMAT, "The stream track")) == []


def test_every_key_of_the_track_that_may_be_missing_is_marked():
    full = track.encode(track_of(track.End(kind="eof", at_us=5)), b"x")
    full["started_us"] = 0  # or else a `connected_us` of 0 would be out of order
    for key in full:
        left = {name: value for name, value in full.items() if name != key}
        try:
            track.decode(left, b"x")
        except track.TrackError:
            optional = False
        else:
            optional = True
        assert (f"| `{key}` ° |" in CASSETTE_FORMAT) is optional, key


@pytest.mark.parametrize("words", ["EndKind", "Framing", "TimeLimit"])
def test_every_word_of_the_track_is_explained(words):
    assert missing(getattr(track, words).__args__, CASSETTE_FORMAT.replace("limit: ", "`")) == []


def test_the_example_of_a_cassette_is_one(tmp_path):
    (example,) = blocks(REFERENCE / "cassette-format.md", "yaml")
    path = tmp_path / "example.yaml"
    path.write_text(example.text, encoding="utf-8")
    (interaction,) = store.load(path)
    assert [chunk.at_us for chunk in interaction.track.chunks] == [101300, 141510]
    assert interaction.track.dropped == (("Transfer-Encoding", "chunked"),)


def test_an_edit_of_the_examples_body_is_noticed(tmp_path):
    (example,) = blocks(REFERENCE / "cassette-format.md", "yaml")
    path = tmp_path / "example.yaml"
    path.write_text(example.text.replace("finish", "finisj"), encoding="utf-8")
    with pytest.raises(CassetteDamagedError, match="does not fit its stream track"):
        store.load(path)


def test_the_example_of_a_cassette_is_written_as_glmbench_writes_it(tmp_path):
    (example,) = blocks(REFERENCE / "cassette-format.md", "yaml")
    path = tmp_path / "example.yaml"
    path.write_text(example.text, encoding="utf-8")
    store.save(tmp_path / "again.yaml", store.load(path))
    assert (tmp_path / "again.yaml").read_text(encoding="utf-8") == example.text
    assert list(yaml.safe_load(example.text)) == ["version", "interactions"]


def test_everything_that_is_redacted_is_named():
    text = section(CASSETTE_FORMAT, "What is redacted").lower()
    assert missing([*SECRET_HEADERS, *SECRET_KEYS], text) == []


def test_every_verdict_is_explained():
    verdicts = section(CASSETTE_FORMAT, "Verdicts")
    assert missing([*FAILING, "HIT", "RECORDED", "LIVE"], verdicts) == []


def error_classes():
    return {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.GlmbenchError)
    }


def test_every_error_has_its_row_and_its_base():
    text = section(page(REFERENCE / "api.md"), "Errors")
    rows = [
        f"| `{name}` | {', '.join(f'`{base.__name__}`' for base in value.__bases__)} |"
        for name, value in error_classes().items()
    ]
    assert [row for row in rows if row not in text] == []


def test_every_exit_code_has_its_row():
    text = section(CLI, "Exit codes")
    assert [code for code in Exit if f"\n| {code.value} |" not in text] == []


@pytest.mark.parametrize("kind", [TrialResult, SuiteInfo, CheckResult, CassetteOutcome, Summary])
def test_every_key_of_the_result_is_explained(kind):
    text = section(CLI, "The result JSON")
    assert missing([field.name for field in fields(kind)], text) == []


def test_every_key_of_an_error_and_every_status_is_explained():
    text = section(CLI, "The result JSON")
    assert missing([*(field.name for field in fields(ErrorOutcome)), *STATUSES], text) == []


def test_every_key_of_the_result_itself_has_its_row():
    document = msgspec.json.decode(to_json(RunResult(suites=(), environment={}, trials=())))
    text = section(CLI, "The result JSON")
    assert [key for key in document if f"\n| `{key}` |" not in text] == []
