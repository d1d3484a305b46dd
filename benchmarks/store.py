"""What does a cassette cost to load and to save, in time and memory, beside stock vcrpy?

1. One file of 1,000 answers of 500 events each: load and save, beside vcrpy's own on the same
   content. Ours verify every body and track, and read back, compare, sync and rename what they
   write; vcrpy's do not.
2. The cost of a request played from that file and from a small one.
3. The most memory a process needs for one body of 64 MiB, as multiples of the body.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import aiohttp
from harness import PROSE, RECORDED_AT, arguments, in_turn, ratio, wall

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.store import load, save
from glmbench.cassettes.track import Chunk, End, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "https://open.bigmodel.cn/api/paas/v4/chat/completions"
JSON_HEADER = (("Content-Type", "application/json"),)
EVENTS = 500
ASKED = 10


def question(number: int) -> bytes:
    messages = [{"role": "user", "content": f"请介绍长江，第 {number} 次。"}]
    return json.dumps({"model": "glm-4", "messages": messages}, ensure_ascii=False).encode()


def delta_frame(name: str, number: int, text: str) -> bytes:
    delta = {"index": 0, "delta": {"role": "assistant", "content": text}}
    frame = {"id": name, "created": 1763805600 + number, "model": "glm-4", "choices": [delta]}
    return f"data: {json.dumps(frame, ensure_ascii=False)}\n\n".encode()


def answer(number: int, chunks: Sequence[bytes], *, seq: int) -> Interaction:
    track = Track(
        origin="emulator",
        recorded_at=RECORDED_AT,
        by="glmbench benchmarks",
        seq=seq,
        connected_us=1_200,
        started_us=0,
        reused=False,
        headers_us=80_300,
        framing="chunked",
        dropped=(("Transfer-Encoding", "chunked"),),
        chunks=tuple(
            Chunk(at_us=101_300 + 40_123 * index + 37 * index % 400, size=len(chunk))
            for index, chunk in enumerate(chunks)
        ),
        end=End(kind="eof", at_us=101_900 + 40_123 * len(chunks)),
    )
    request = RequestShape(method="POST", url=URL, headers=JSON_HEADER, body=question(number))
    return Interaction(
        request=request,
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/event-stream; charset=utf-8"),),
        body=b"".join(chunks),
        track=track,
    )


def completions_answer(number: int) -> Interaction:
    prose = PROSE * 2
    frames = [
        delta_frame(f"chatcmpl-{number:06}", event, prose[event % 30 : event % 30 + 4])
        for event in range(EVENTS)
    ]
    return answer(number, frames, seq=number + 1)


def compare_times(folder: Path, *, count: int, rounds: int) -> None:
    from vcr.persisters.filesystem import FilesystemPersister
    from vcr.serializers import yamlserializer

    interactions = [completions_answer(number) for number in range(count)]
    size = sum(len(each.body) for each in interactions)
    print(f"\n{count} interactions of {EVENTS} events in one file, bodies {size / 1e6:.1f} MB")
    ours, stock = folder / "ours.yaml", folder / "stock.yaml"
    save(ours, interactions)
    requests, responses = FilesystemPersister.load_cassette(str(ours), yamlserializer)

    def stock_save() -> float:
        # Saving turns the bodies into text, in place.
        fresh = [{**response, "body": dict(response["body"])} for response in responses]
        cassette = {"requests": requests, "responses": fresh}
        return wall(lambda: FilesystemPersister.save_cassette(stock, cassette, yamlserializer))

    def stock_load(path: Path) -> float:
        return wall(lambda: FilesystemPersister.load_cassette(str(path), yamlserializer))

    jobs = {
        "glmbench save": lambda: wall(lambda: save(ours, interactions)),
        "vcrpy save": stock_save,
        "glmbench load": lambda: wall(lambda: load(ours)),
        "vcrpy load of the same file": lambda: stock_load(ours),
        "vcrpy load of its own file": lambda: stock_load(stock),
    }
    figures = in_turn(jobs, rounds)
    for name, values in figures.items():
        print(f"  {name:30} {median(values):7.3f} s")
    save_name, stock_save_name, load_name, same_name, own_name = jobs
    print(f"  save: {ratio(figures, save_name, stock_save_name):.2f} times vcrpy's")
    print(f"  load: {ratio(figures, load_name, same_name):.2f} times vcrpy's of the same file,")
    print(f"        {ratio(figures, load_name, own_name):.2f} times vcrpy's of its own")


async def ask(path: Path, numbers: Sequence[int]) -> float:
    """Play some of the requests of a file; return the seconds of one, the load left out."""
    async with use_cassette(path, timing="instant"), aiohttp.ClientSession() as session:
        # What a load leaves to the collector is no cost of a request.
        gc.collect()
        started = time.perf_counter()
        for number in numbers:
            async with session.post(URL, data=question(number), headers=dict(JSON_HEADER)) as got:
                await got.read()
        return (time.perf_counter() - started) / len(numbers)


def compare_requests(folder: Path, *, counts: Sequence[int], rounds: int) -> None:
    print(f"\na request of {EVENTS} events, by the number of interactions in its file")
    jobs = {}
    for count in counts:
        path = folder / f"{count}.yaml"
        save(path, [completions_answer(number) for number in range(count)])
        # The same number of requests of each file, from everywhere in it.
        numbers = [index * count // ASKED for index in range(ASKED)]
        jobs[f"{count}"] = lambda path=path, numbers=numbers: run_virtual(ask(path, numbers))
    figures = in_turn(jobs, rounds)
    for name, values in figures.items():
        to_first = ratio(figures, name, str(counts[0]))
        print(f"  {name:>6} {median(values) * 1e3:7.2f} ms  {to_first:.2f} times the first")


BODIES = {
    "ASCII events": b'data: {"choices": [{"delta": {"content": "word"}}]}\n\n',
    "Chinese events": 'data: {"content": "长江发源于青藏高原的唐古拉山脉"}\n\n'.encode(),
    "ASCII with emoji": b'data: {"content": "word, word and word again"}\n\n' * 40
    + 'data: {"content": "🎉"}\n\n'.encode(),
    "events ending in CR LF": b'data: {"choices": [{"delta": {"content": "word"}}]}\r\n\r\n',
    "bytes": bytes(range(256)) * 16,
}


def peak_memory() -> int:
    # Not `ru_maxrss`: a child begins with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024


def need_memory(action: str, kind: str, size: int, path: Path) -> None:
    """Print how many bytes this process needed at most beyond what it had; run in a child."""
    # What is imported when it is first needed, is no part of it.
    small = path.with_name("small.yaml")
    save(small, [answer(0, [b"data: x\n\n"], seq=1)])
    load(small)
    before = peak_memory()
    if action == "save":
        pattern = BODIES[kind]
        body = pattern * (size // len(pattern))
        edges = [body[at : at + 4096] for at in range(0, len(body), 4096)]
        interaction = answer(0, edges, seq=1)
        del body, edges, pattern
        save(path, [interaction])
    else:
        load(path)
    print(peak_memory() - before)


def measure_memory(folder: Path, *, size: int) -> None:
    print(f"\npeak memory by bodies of {size >> 20} MiB, the body itself counted")
    for kind in BODIES:
        path = folder / "large.yaml"
        times = []
        for action in ("save", "load"):
            code = f"import store; store.need_memory({action!r}, {kind!r}, {size}, {str(path)!r})"
            code = code.replace(repr(str(path)), f"store.Path({str(path)!r})")
            done = subprocess.run(
                [sys.executable, "-c", code],
                cwd=Path(__file__).parent,
                check=True,
                stdout=subprocess.PIPE,
            )
            times.append(int(done.stdout) / size)
        stored = path.stat().st_size / size
        print(f"  {kind:24} save {times[0]:4.1f}  load {times[1]:4.1f}  file {stored:4.2f}")


def main() -> None:
    flags = arguments(__doc__, memory="measure only the memory")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not flags.memory:
            count, rounds = (50, 2) if flags.quick else (1000, 5)
            compare_times(folder, count=count, rounds=rounds)
            compare_requests(folder, counts=[10, count], rounds=rounds)
        measure_memory(folder, size=(4 if flags.quick else 64) << 20)


if __name__ == "__main__":
    main()
