"""What was measured is compared with what was written, and one calibration runs for real."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.inspection import calibration
from glmbench.inspection.calibration import (
    FRAGMENTS,
    Batch,
    Heard,
    Load,
    Uncalibrated,
    Written,
    calibrate,
    gap_errors,
    measure_loop,
    read_truth,
    ttft_error,
    write_script,
)
from glmbench.measure.stats import Summary, summarize
from glmbench.server.script_file import load_script

# Binary fractions, so that sums and differences are exact.
ZERO, STEP = 1000.0, 0.03125
SMALL = (Batch(streams=1, times=1), Batch(streams=2, times=1))

# The opening frame, the fragments, and the frames that complete the part and the answer.
WRITES = tuple(
    Written(at=ZERO + STEP * number, size=10 + number) for number in range(FRAGMENTS + 3)
)


def heard(late=lambda _: 0.0, writes=WRITES):
    """Hear every write by itself, each as late as told."""
    arrivals = tuple(write.at + late(number) for number, write in enumerate(writes))
    ends, position = [], 0
    for write in writes:
        position += write.size
        ends.append(position)
    ttft_s = arrivals[1] - ZERO
    return Heard(zero=ZERO, ttft_s=ttft_s, arrivals=arrivals, ends=tuple(ends), lags_s=())


def test_what_arrives_when_it_was_written_has_no_error():
    assert ttft_error(heard(), WRITES) == 0
    assert gap_errors(heard(), WRITES) == [0.0] * (FRAGMENTS - 1)


def test_what_is_late_throughout_has_a_wrong_first_token_and_right_gaps():
    late = heard(lambda _: 0.25)
    assert ttft_error(late, WRITES) == 0.25
    assert gap_errors(late, WRITES) == [0.0] * (FRAGMENTS - 1)


def test_one_late_fragment_makes_the_gaps_beside_it_wrong():
    late = heard(lambda number: 0.5 if number == 4 else 0.0)
    assert ttft_error(late, WRITES) == 0
    assert gap_errors(late, WRITES) == [0, 0, 0.5, 0.5, *[0] * (FRAGMENTS - 5)]


def test_the_opening_and_the_last_frames_are_in_no_gap():
    late = heard(lambda number: 0.5 if number in {0, FRAGMENTS + 1, FRAGMENTS + 2} else 0.0)
    assert gap_errors(late, WRITES) == [0.0] * (FRAGMENTS - 1)


def test_two_fragments_in_one_read_came_at_one_instant():
    apart = heard()
    joined = Heard(
        zero=ZERO,
        ttft_s=apart.ttft_s,
        arrivals=apart.arrivals[:2] + apart.arrivals[3:],
        ends=apart.ends[:2] + apart.ends[3:],
        lags_s=(),
    )
    # The third write came with the fourth: a step late.
    assert gap_errors(joined, WRITES) == [STEP, STEP, *[0] * (FRAGMENTS - 3)]


def test_a_fragment_in_two_reads_came_with_the_second():
    apart = heard()
    split = Heard(
        zero=ZERO,
        ttft_s=apart.ttft_s,
        arrivals=(*apart.arrivals[:2], apart.arrivals[2] - 0.015625, *apart.arrivals[2:]),
        ends=(*apart.ends[:2], apart.ends[2] - 1, *apart.ends[2:]),
        lags_s=(),
    )
    assert gap_errors(split, WRITES) == [0.0] * (FRAGMENTS - 1)


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=len(WRITES), max_size=len(WRITES)))
def test_no_gap_is_further_off_than_the_latest_read(lates):
    errors = gap_errors(heard(lambda number: lates[number]), WRITES)
    assert len(errors) == FRAGMENTS - 1
    assert max(errors) <= max(lates) + 1e-9


def load(ttft, gaps):
    return Load(
        streams=1,
        ttft_error=summarize(ttft),
        gap_error=summarize(gaps),
        client_lag=Summary(n=0),
    )


@pytest.mark.parametrize(
    ("ttft", "gaps", "noise"),
    [
        ([0.001, 0.002, 0.009], [0.0001] * 20, 0.002),
        ([0.001], [*[0.0001] * 18, 0.003, 0.008], 0.003),
        ([0.001], [0.002, 0.008], 0.008),
    ],
    ids=["the median of TTFT", "the p95 of gaps", "few gaps have no p95"],
)
def test_noise_is_the_worse_of_the_two(ttft, gaps, noise):
    assert load(ttft, gaps).noise_s == noise


def test_the_truth_is_read_by_the_name_of_the_answer():
    text = (
        '{"request": 1, "case": "a", "what": "arrived", "at": 1.0}\n'
        '{"request": 1, "case": "a", "what": "head", "at": 1.5, "bytes": 0}\n'
        '{"request": 1, "case": "a", "what": "frame", "at": 2.0, "bytes": 7}\n'
        '{"request": 2, "case": "b", "what": "frame", "at": 2.5, "bytes": 8}\n'
        '{"request": 1, "case": "a", "what": "frame", "at": 3.0, "bytes": 9}\n'
        '{"request": 1, "case": "a", "what": "end", "at": 3.5, "bytes": 0}\n'
    )
    assert read_truth(text) == {
        "a": (Written(at=2.0, size=7), Written(at=3.0, size=9)),
        "b": (Written(at=2.5, size=8),),
    }


def test_every_stream_has_an_answer_of_its_own(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(write_script(SMALL), encoding="utf-8")
    script = load_script(path)
    names = ["warm-up", "1-0-0", "2-0-0", "2-0-1"]
    assert [script.find_answer(name).name for name in names] == names
    assert script.find_answer("1-0-1") is None


def test_a_calibration_on_loopback_has_every_stream_and_every_gap():
    one, two = calibrate(SMALL)
    assert (one.streams, two.streams) == (1, 2)
    assert [one.ttft_error.n, two.ttft_error.n] == [1, 2]
    assert [one.gap_error.n, two.gap_error.n] == [FRAGMENTS - 1, 2 * (FRAGMENTS - 1)]
    # Nothing is read before it was written; how long after is the machine's affair.
    assert one.ttft_error.min > 0
    assert two.ttft_error.min > 0
    assert one.client_lag.min >= 0


def test_modules_in_the_current_folder_do_not_disturb_the_emulator(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise RuntimeError('not this one')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (only,) = calibrate(SMALL[:1])
    assert only.gap_error.n == FRAGMENTS - 1


def emulator_is(monkeypatch, folder, script):
    """Put a program of our own in the place of the interpreter that runs the emulator."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(calibration.sys, "executable", str(program))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo first >&2; echo cannot listen >&2; exit 2", "cannot listen"),
        ("exit 3", "exit code 3"),
        ("exec sleep 60", "not within 0.05 s"),
    ],
    ids=["it says why", "it says nothing", "it hangs"],
)
def test_an_emulator_that_does_not_start_is_a_reason(monkeypatch, tmp_path, script, why):
    emulator_is(monkeypatch, tmp_path, script)
    if "sleep" in script:
        monkeypatch.setattr(calibration, "PATIENCE_S", 0.05)
    reason = f"the emulator did not start: {why}"
    assert calibrate(SMALL) == Uncalibrated(reason=reason)


def test_without_an_interpreter_there_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(calibration.sys, "executable", str(tmp_path / "nothing"))
    assert calibrate(SMALL) == Uncalibrated(reason="No such file or directory")


def test_a_refused_connection_is_a_reason(monkeypatch, tmp_path, unused_tcp_port):
    emulator_is(
        monkeypatch, tmp_path, f"echo at http://127.0.0.1:{unused_tcp_port} ...; exec sleep 60"
    )
    reason = f"ChatGLM: no connection: Cannot connect to host 127.0.0.1:{unused_tcp_port}"
    assert calibrate(SMALL).reason.startswith(reason)


def test_silence_is_a_reason(monkeypatch, tmp_path, silent_port):
    emulator_is(monkeypatch, tmp_path, f"echo at http://127.0.0.1:{silent_port} ...; exec sleep 60")
    monkeypatch.setattr(calibration, "PATIENCE_S", 0.2)
    reason = "the emulator did not answer within 0.2 s"
    assert calibrate(SMALL) == Uncalibrated(reason=reason)


@pytest.fixture
def silent_port():
    """A socket that takes connections and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_timers_are_measured_as_often_as_they_are_set():
    lag = measure_loop()
    assert lag.loop == "uvloop"
    assert [(timer.delay_s, timer.late.n) for timer in lag.timers] == [(0.001, 100), (0.01, 20)]
