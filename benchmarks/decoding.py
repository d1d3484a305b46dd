"""What does decoding cost: long lines, long snapshots, and many small frames?

1. The SSE decoder on one line of up to 3.2 MB in pieces of several sizes.
2. The ChatGLM decoder on growing snapshots, beside msgspec on the same frames, which is the least
   that anybody can do who reads the JSON.
3. CPU time an event of small frames, one to a read.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec
from harness import PROSE, arguments, cpu, in_turn, ratio

from glmbench.server.composition import compose
from glmbench.server.frames import Identity
from glmbench.server.script import Options, Speech, TextPart
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_BYTES = (200_000, 800_000, 3_200_000)


def events_of(text: str, *, piece: int, mode: Any) -> list[bytes]:
    """Return the events of an answer, each as the bytes of one read."""
    speech = Speech(
        parts=(TextPart(kind="text", text=text, piece=piece),), options=Options(mode=mode)
    )
    return [write.data for write in compose(speech, Identity(name="bench"), "").writes]


def payload(event: bytes) -> bytes:
    return event.removeprefix(b"data: ").rstrip(b"\n")


def decode_line(pieces: list[bytes]) -> None:
    decoder = SseDecoder()
    assert sum(len(decoder.feed(piece)) for piece in pieces) == 1


def decode_answer(events: list[bytes], expected: str) -> None:
    decoder = ChatGlmDecoder()
    for event in events:
        decoder.feed(event)
    decoder.finish()
    assert decoder.text == expected


def cut_events(events: list[bytes]) -> None:
    decoder = SseDecoder()
    for event in events:
        decoder.feed(event)


def parse_all(frames: list[bytes]) -> None:
    decode = msgspec.json.decode
    for frame in frames:
        decode(frame)


def measure_line(rounds: int) -> None:
    cuts = {"256 B": 256, "4 kB": 4096, "64 kB": 65536}
    jobs = {}
    for size in LINE_BYTES:
        line = b"data: " + b"x" * (size - 8) + b"\n\n"
        repeats = 16_000_000 // size  # the CPU clock is too coarse for one line
        for label, cut in cuts.items():
            pieces = [line[at : at + cut] for at in range(0, size, cut)]
            jobs[f"{size} {label}"] = lambda p=pieces, n=repeats: (
                cpu(lambda: [decode_line(p) for _ in range(n)]) / n
            )
    figures = in_turn(jobs, rounds)
    print("\nSSE decoder, MB/s of one long line by the pieces it comes in (level down: linear)")
    print("  line kB " + "".join(f"{label:>8}" for label in cuts) + "     ms of the 256 B pieces")
    for size in LINE_BYTES:
        seconds = [median(figures[f"{size} {label}"]) for label in cuts]
        rates = "".join(f"{size / each / 1e6:8.0f}" for each in seconds)
        print(f"  {size // 1000:7} {rates}{seconds[0] * 1e3:13.2f}")


def measure_snapshots(rounds: int, *, frames: int) -> None:
    print(f"\nChatGLM decoder, {frames} snapshots of an answer that grows to its length")
    print("  characters    body kB  decoder ms  msgspec ms   ratio  of it SSE ms   MB/s")
    for length in (1_000, 10_000, 100_000):
        text = (PROSE * (length // len(PROSE) + 1))[:length]
        events = events_of(text, piece=-(-length // frames), mode="snapshot")
        bodies = [payload(event) for event in events]
        size = sum(map(len, events))
        repeats = max(1, 3_000_000 // size)
        jobs: dict[str, Callable[[], Any]] = {
            "decoder": lambda e=events, t=text: decode_answer(e, t),
            "msgspec": lambda b=bodies: parse_all(b),
            "sse": lambda e=events: cut_events(e),
        }
        timed = {
            name: lambda job=job, n=repeats: cpu(lambda: [job() for _ in range(n)]) / n
            for name, job in jobs.items()
        }
        figures = in_turn(timed, rounds)
        mine, least, sse = (median(figures[name]) for name in ("decoder", "msgspec", "sse"))
        print(
            f"  {length:10} {size / 1000:10.0f} {mine * 1e3:11.2f} {least * 1e3:11.2f} "
            f"{ratio(figures, 'decoder', 'msgspec'):7.2f} {sse * 1e3:13.2f} "
            f"{size / mine / 1e6:6.0f}"
        )


def measure_events(rounds: int, *, count: int) -> None:
    text = (PROSE * (count * 2 // len(PROSE) + 1))[: count * 2]
    events = events_of(text, piece=2, mode="delta")
    bodies = [payload(event) for event in events]
    jobs = {
        "ChatGLM decoder": lambda: cpu(lambda: decode_answer(events, text)) / len(events),
        "of it SSE": lambda: cpu(lambda: cut_events(events)) / len(events),
        "msgspec.json.decode alone": lambda: cpu(lambda: parse_all(bodies)) / len(events),
    }
    figures = in_turn(jobs, rounds)
    print(f"\nCPU an event: {len(events)} delta frames of {len(events[1])} bytes, one to a read")
    for name, values in figures.items():
        print(f"  {name:28} {median(values) * 1e6:6.2f} us")


def main() -> None:
    flags = arguments(__doc__)
    rounds = 3 if flags.quick else 11
    measure_line(rounds)
    measure_snapshots(rounds, frames=20 if flags.quick else 200)
    measure_events(rounds, count=2_000 if flags.quick else 20_000)


if __name__ == "__main__":
    main()
