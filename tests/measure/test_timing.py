"""Each case is computed by hand from design §5; instants are in milliseconds here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.measure.observation import Failure, Observation, Read, StampedPart
from glmbench.measure.timing import Throughput, Timing, measure_throughput, measure_timing
from glmbench.parts import Conversation, FinishReason, Reasoning, ToolCalls, Usage

MS = 1000


def observation(*parts, reads=(), end=None, finish=None, source="recorded", **changes):
    """Build a turn from (ms, part) and (ms, bytes, events)."""
    return Observation(
        source=source,
        parts=tuple(StampedPart(at_us=at * MS, part=part) for at, part in parts),
        reads=tuple(Read(at_us=at * MS, size=size, events=events) for at, size, events in reads),
        end_us=None if end is None else end * MS,
        finish_us=None if finish is None else finish * MS,
        **changes,
    )


TEXT_TURN = observation(
    (90, Conversation("c")),
    (100, "你"),
    (150, "好"),
    (250, "啊"),
    (300, FinishReason("stop")),
    reads=[(90, 80, 1), (100, 60, 1), (150, 60, 1), (250, 60, 2), (300, 40, 1)],
    finish=300,
    end=310,
)


def test_a_plain_text_turn():
    assert measure_timing(TEXT_TURN) == Timing(
        source="recorded",
        ttfb_s=0.09,
        ttft_s=0.1,
        ttfo_s=0.1,
        finish_s=0.3,
        total_s=0.31,
        gap_p50_s=0.05,
        gap_p95_s=None,
        gap_max_s=0.1,
        gaps=2,
        stalls=0,
        reads=5,
        events=6,
        events_per_read=1.2,
    )
    # 3 characters are ceil(1.8) = 2 tokens; 2/3 of them came in the 150 ms after the first.
    assert measure_throughput(TEXT_TURN) == Throughput(
        token_source="estimate",
        output_tokens=2,
        output_chars=3,
        decode_tps=400 / 45,
        e2e_tps=200 / 31,
        chars_ps=200 / 15,
        tokens_per_read=2 / 3,
    )


def test_reasoning_is_the_first_token_but_not_the_first_output():
    timing = measure_timing(observation((100, Reasoning("hm")), (900, "yes")))
    assert (timing.ttft_s, timing.ttfo_s) == (0.1, 0.9)


def test_empty_parts_and_control_parts_are_no_token():
    timing = measure_timing(
        observation(
            (10, ""), (20, Reasoning("")), (30, Conversation("c")), (40, Usage()), (50, "x")
        )
    )
    assert (timing.ttft_s, timing.ttfo_s) == (0.05, 0.05)


def test_tool_calls_alone_have_no_first_token():
    turn = observation((10, ToolCalls([{}])), (20, FinishReason("tool_calls")), end=30)
    timing = measure_timing(turn)
    assert (timing.ttft_s, timing.ttfo_s, timing.total_s) == (None, None, 0.03)
    assert (timing.gaps, timing.gap_max_s, timing.stalls) == (0, None, None)
    assert measure_throughput(turn) == Throughput(token_source="none")


def test_blanks_are_text():
    assert measure_timing(observation((10, " "), (20, "x"))).ttfo_s == 0.01


def test_parts_of_one_read_are_one_chunk():
    turn = observation((100, Reasoning("ab")), (100, "cd"), (200, "ef"), (200, "gh"))
    timing = measure_timing(turn)
    assert (timing.gaps, timing.gap_p50_s) == (1, 0.1)
    # 8 characters, 4 of them later; 2 tokens, so half of them in 100 ms.
    throughput = measure_throughput(turn)
    assert (throughput.chars_ps, throughput.decode_tps) == (40.0, 10.0)


def test_a_stream_in_one_chunk_has_no_rate():
    turn = observation((100, "abcd"), (100, "efgh"), end=110)
    assert measure_throughput(turn) == Throughput(
        token_source="estimate",
        output_tokens=2,
        output_chars=8,
        e2e_tps=200 / 11,
        tokens_per_read=2.0,
    )
    timing = measure_timing(turn)
    assert (timing.gaps, timing.gap_p50_s, timing.stalls) == (0, None, 0)


def test_a_stall_is_a_gap_over_two_seconds():
    timing = measure_timing(observation((0, "a"), (2000, "b"), (4001, "c"), (9000, "d")))
    assert (timing.stalls, timing.gap_max_s) == (2, 4.999)


def test_a_control_frame_does_not_split_a_gap():
    timing = measure_timing(observation((0, "a"), (1500, Usage()), (3000, "b")))
    assert (timing.gaps, timing.stalls) == (1, 1)


def test_the_95th_percentile_of_gaps_needs_twenty_of_them():
    parts = [(sum(range(n + 1)), "x") for n in range(21)]
    assert measure_timing(observation(*parts)).gap_p95_s == 0.019
    assert measure_timing(observation(*parts[:-1])).gap_p95_s is None


def test_the_services_token_count_gives_the_rates():
    turn = observation((100, "abcd"), (600, "efgh"), (600, Usage(output_tokens=10)), end=1000)
    assert measure_throughput(turn) == Throughput(
        token_source="usage",
        output_tokens=10,
        output_chars=8,
        decode_tps=10.0,
        e2e_tps=10.0,
        chars_ps=8.0,
        tokens_per_read=5.0,
        usage_output_tokens=10,
    )


def test_a_count_that_is_obviously_fake_is_shown_and_not_used():
    turn = observation(
        (100, "x" * 200), (200, "x" * 200), (200, Usage(input_tokens=1, output_tokens=1)), end=400
    )
    throughput = measure_throughput(turn)
    assert (throughput.usage_input_tokens, throughput.usage_output_tokens) == (1, 1)
    assert (throughput.token_source, throughput.output_tokens) == ("estimate", 100)
    assert (throughput.decode_tps, throughput.tokens_per_read) == (500.0, 50.0)


def test_reads_without_body_bytes_are_no_first_byte():
    timing = measure_timing(observation(reads=[(10, 0, 0), (30, 5, 3)]))
    assert (timing.ttfb_s, timing.reads, timing.events_per_read) == (0.03, 1, 3.0)


def test_a_turn_of_which_nothing_came_has_no_figures():
    failure = Failure(type="ConnectFailedError", message="refused", expected_kind=True)
    turn = observation(source="live", failure=failure)
    assert measure_timing(turn) == Timing(source="live")
    assert measure_throughput(turn) == Throughput(token_source="none")


def test_a_turn_without_a_timing_source_has_counts_but_no_times():
    turn = replace(
        TEXT_TURN,
        source="none",
        parts=tuple(replace(stamped, at_us=None) for stamped in TEXT_TURN.parts),
    )
    assert measure_timing(turn) == Timing(source="none")
    assert measure_throughput(turn) == Throughput(
        token_source="estimate", output_tokens=2, output_chars=3
    )
    # Even if somebody stamped it: the source decides.
    assert measure_timing(replace(TEXT_TURN, source="none")) == Timing(source="none")
    assert measure_throughput(replace(TEXT_TURN, source="none")) == measure_throughput(turn)


def test_an_end_at_time_zero_has_no_rate():
    assert measure_throughput(observation((0, "abcd"), end=0)).e2e_tps is None


@pytest.mark.parametrize("source", ["live", "consumer", "recorded", "edited"])
def test_figures_do_not_depend_on_who_stamped_them(source):
    assert measure_timing(replace(TEXT_TURN, source=source)) == replace(
        measure_timing(TEXT_TURN), source=source
    )


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**7), st.text("ab你 ", max_size=4) | st.builds(Reasoning, st.text("x"))
        ),
        max_size=30,
    )
)
def test_durations_and_rates_fit_together(steps):
    at, parts = 0, []
    for gap, part in steps:
        at += gap
        parts.append(StampedPart(at_us=at, part=part))
    turn = Observation(source="live", parts=tuple(parts), end_us=at + 1)
    timing, throughput = measure_timing(turn), measure_throughput(turn)
    if timing.ttft_s is None:
        assert throughput.output_chars == 0
        return
    assert timing.ttft_s <= (timing.ttfo_s or timing.total_s) <= timing.total_s
    assert (throughput.decode_tps is None) == (throughput.chars_ps is None) == (timing.gaps == 0)
    if timing.gaps:
        assert timing.gap_p50_s <= timing.gap_max_s
        ratio = throughput.output_tokens / throughput.output_chars
        assert throughput.decode_tps == pytest.approx(throughput.chars_ps * ratio)
