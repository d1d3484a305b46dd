"""One tick for each read, at its instant; text up, reasoning down, neither a mark."""

import re

from hypothesis import given
from hypothesis import strategies as st
from results.support import make_turn

from glmbench.measure.timing import Timing
from glmbench.report.page import waterfall
from glmbench.report.page.waterfall import MOST_READS, UNITS, draw_waterfall
from glmbench.results.timeline import Timeline


def turn(reads, *, text="", reasoning="", others=(), **timing):
    return make_turn(
        text=text,
        reasoning=reasoning,
        timeline=Timeline(reads=reads, others=others),
        timing=Timing(**{"source": "recorded", **timing}),
    )


def test_a_turn_without_instants_has_no_waterfall():
    assert draw_waterfall(turn("", text="Hello")) is None


def test_reads_are_ticks_at_their_instants():
    fall = draw_waterfall(
        turn(
            "100000/50/1/0/0 100000/60/1/0/4 200000/70/1/4/0 400000/80/1/16/0 200000/6/1/0/0",
            text="Once upon a time ...",
            reasoning="Hmm.",
            ttft_s=0.2,
            gap_max_s=0.4,
            total_s=1.0,
        )
    )
    assert fall.span_us == 1_000_000
    # The square root: four times the characters are twice the length.
    assert fall.text == "M4000 38v-17M8000 38v-34"
    assert fall.reasoning == "M2000 38v22"
    assert fall.silent == "M1000 36v5M10000 36v5"
    assert (fall.waiting.at, fall.waiting.width) == ("0%", "20.00%")
    assert (fall.longest_gap.at, fall.longest_gap.width) == ("40.00%", "40.00%")
    assert fall.end == "100.00%"
    assert fall.words == "5 reads, first token at 200 ms, longest gap 400 ms, end at 1.00 s"
    assert [(read.text, read.reasoning) for read in fall.reads] == [
        ("", ""),
        ("", "Hmm."),
        ("Once", ""),
        (" upon a time ...", ""),
        ("", ""),
    ]


def test_what_the_provider_stamped_is_called_instants():
    fall = draw_waterfall(turn("100000/0/0/5/0", text="Hello", source="consumer"))
    assert (fall.stamped, fall.listed) == (True, "1 instant")
    assert fall.words == "1 instant"
    assert fall.longest_gap is None


def test_a_stream_without_content_never_stops_waiting():
    fall = draw_waterfall(turn("100000/50/1/0/0", total_s=2.0))
    assert (fall.waiting, fall.longest_gap, fall.text) == (None, None, "")


def test_a_very_long_stream_is_drawn_up_to_a_limit_and_says_how_much_is_left_out():
    fall = draw_waterfall(turn(" ".join(["10/1/1/0/0"] * (MOST_READS + 7))))
    assert (len(fall.reads), fall.left_out) == (MOST_READS, 7)
    assert fall.silent.count("M") == MOST_READS


@given(
    st.lists(
        st.tuples(st.integers(1, 10**7), st.integers(0, 40), st.integers(0, 40)),
        min_size=1,
        max_size=30,
    )
)
def test_every_read_is_a_tick_within_the_drawing(reads):
    words = " ".join(f"{gap}/9/1/{text}/{thought}" for gap, text, thought in reads)
    length = sum(text for _, text, _ in reads), sum(thought for *_, thought in reads)
    fall = draw_waterfall(turn(words, text="a" * length[0], reasoning="b" * length[1]))
    ticks = re.findall(r"M(\d+) (\d+)v(-?\d+)", fall.text + fall.reasoning + fall.silent)
    both = sum(text > 0 and thought > 0 for _, text, thought in reads)
    assert len(ticks) == len(reads) + both
    for x, y, height in ticks:
        assert 0 <= int(x) <= UNITS
        assert 0 <= int(y) + int(height) <= fall.height
    assert fall.baseline == waterfall.TOP + waterfall.UP
