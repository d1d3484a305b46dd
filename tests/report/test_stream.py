from __future__ import annotations

import pytest
from inspection.recordings import CHATGLM, HELLO, JSON, data, delta, recorded
from inspection.recordings import without_track as bare
from wcwidth import wcswidth

from glmbench.inspection.reading import read_stream
from glmbench.report.stream import gap_bar, render_stream


def drawn(interaction, number=1):
    return render_stream(number, interaction, read_stream(interaction))


def reads(interaction):
    """Return what stands in the last column of each read."""
    lines = drawn(interaction).split("\n\n")[1].splitlines()
    column = lines[0].index("what came of it")
    return [line[column:] for line in lines[1:]]


def test_a_stream_is_drawn_read_by_read():
    pieces = [*HELLO[:1], b"".join(HELLO[1:])]
    assert drawn(recorded(*pieces)) == (
        "request 1: POST https://api.example.com/v1/chat/completions\n"
        "status 200 OK, HTTP/1.1, framing chunked\n"
        "recorded 2026-11-22T10:00:00Z from the emulator\n"
        "\n"
        "#    time     gap  bytes            what came of it\n"
        f'1  100 ms  100 ms  {len(pieces[0]):>5}  ████████  "你"\n'
        f'2  200 ms  100 ms  {len(pieces[1]):>5}  ████████  "好", finish stop (3 events)\n'
        "\n"
        "end eof at 200 ms\n"
        f"ttft 100 ms, total 200 ms, 2 chunks, {len(b''.join(pieces))} bytes, finish stop\n"
    )


def test_what_is_unusual_about_a_recording_is_told():
    text = drawn(recorded(*HELLO, origin="live", turn=2, attempt=3, reused=True, paused=True), 4)
    assert text.splitlines()[0].startswith("request 4: ")
    assert text.splitlines()[2:4] == [
        "recorded 2026-11-22T10:00:00Z from the live service, turn 2, attempt 3,",
        "  connection reused, reading paused",
    ]


def test_every_kind_of_part_has_its_words():
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    usage = data({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 34}})
    stream = recorded(
        delta(""),
        delta(reasoning_content="hm\n"),
        delta("I"),
        delta("x")[:9],
        delta("x")[9:] + delta("y"),
        delta(tool_calls=[call]),
        delta(finish="tool_calls"),
        usage,
    )
    assert reads(stream) == [
        "-",
        'reasoning "hm\\n"',
        '"I"',
        "-",
        '"xy" (2 events)',
        "-",
        "1 tool call, finish tool_calls",
        "usage 12/34",
    ]


def test_the_native_finish_reason_stands_beside_the_normalised_one():
    frames = [
        {"conversation_id": "c", "status": "init", "parts": []},
        {"conversation_id": "c", "status": "intervene", "parts": []},
    ]
    stream = recorded(*map(data, frames), url=CHATGLM)
    assert reads(stream) == ["conversation", "finish content_filter (intervene)"]


def test_a_stream_that_failed_says_how():
    assert drawn(recorded(delta("x"), end="timeout")).split("\n\n")[-1] == (
        "end timeout at 100 ms\n"
        f"ttft 100 ms, total 100 ms, 1 chunk, {len(delta('x'))} bytes, "
        "finish IncompleteStreamError\n"
        "IncompleteStreamError: the stream ended without a finish reason\n"
    )


def test_of_a_body_that_is_no_stream_the_bytes_are_shown():
    body = '{"message": "太快了"}'.encode()
    assert reads(recorded(body, status=429, headers=[JSON])) == ['{"message": "太快了"}']
    assert reads(recorded(data("one"), url="https://example.com/")) == ["data: one\\n\\n"]


def test_without_a_body_there_is_no_table():
    redirect = recorded(status=302, headers=[("Location", "/x")])
    assert drawn(redirect).split("\n\n")[1] == "no byte of a body"


def test_without_a_track_there_are_no_instants():
    text = drawn(bare(recorded(*HELLO)))
    assert text.splitlines()[1:3] == ["status 200 OK", "recorded without a stream track"]
    assert "\n1     -    -    " in text
    assert text.split("\n\n")[-1].startswith("end unknown\nttft -, total -, 1 chunk, ")


def test_nothing_is_wider_than_80_columns_or_steers_the_terminal():
    stream = recorded(
        delta("长江发源于青藏高原" * 20), delta("\x1b[2J\u202e"), url=f"{CHATGLM}{'/x' * 60}"
    )
    text = drawn(stream) + drawn(recorded(delta("长江" * 60) + delta("x"), delta("\x1b[2J")))
    assert max(map(wcswidth, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_read_of_megabytes_is_drawn_as_fast_as_a_short_one():
    (what,) = reads(recorded(delta("长" * 2_000_000) + delta(finish="stop")))
    assert what == f'"{"长" * 14}… (2 events)'


def test_a_secret_in_the_url_of_a_foreign_recording_is_not_shown():
    assert "api_key=[redacted]" in drawn(recorded(*HELLO, url="https://example.com/?api_key=sk-1"))


@pytest.mark.parametrize(
    ("gap_us", "longest_us", "bar"),
    [
        (None, 100, ""),
        (0, 0, ""),
        (0, 100, ""),
        (1, 1_000_000, "▏"),
        (50, 100, "████"),
        (100, 100, "████████"),
    ],
)
def test_a_bar_is_in_proportion_to_the_longest_gap(gap_us, longest_us, bar):
    assert gap_bar(gap_us, longest_us) == bar
