"""What does the provider cost beside a bare aiohttp client, in CPU time per event?

A server in its own process sends ChatGLM delta frames, one event a read, on many streams at once;
the client process reads them once with a bare `async for chunk in content.iter_any()` and once
with `ChatGLM`, in turn. What is compared is the CPU time of the client process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import statistics
import sys
import time

import aiohttp
from harness import arguments

from glmbench import ChatGLM

STREAMS = 50
RATE = 50.0  # events a second and stream

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

FRAME = {
    "id": "0123456789abcdef01234567",
    "conversation_id": "0123456789abcdef01234567",
    "assistant_id": "65940acff94777010aa6b796",
    "parts": [],
    "created_at": "2026-11-22 10:00:00",
    "status": "init",
    "last_error": {},
    "meta_data": {"if_increase_push": True},
}


def event(text: str, status: str = "init") -> bytes:
    part = {
        "id": "p",
        "logic_id": "8c5ad0f3-6e53-4d2c-9c36-0d4f5c2e8a11",
        "role": "assistant",
        "content": [{"type": "text", "text": text, "tool_calls": {}, "status": "init"}],
        "model": "glm-4",
        "meta_data": {},
        "status": status,
    }
    frame = {**FRAME, "parts": [part] if text else [], "status": status}
    return b"data: " + json.dumps(frame, ensure_ascii=False).encode() + b"\n\n"


async def serve(ready, streams: int, events: int, rate: float) -> None:

    async def answer(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD)
            loop = asyncio.get_running_loop()
            start = loop.time()
            for n in range(events):
                await asyncio.sleep(max(0.0, start + (n + 1) / rate - loop.time()))
                data = event("你好 ") if n < events - 1 else event("", "finish")
                writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2 * streams)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def server_process(ready, streams: int, events: int, rate: float) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(ready, streams, events, rate))


async def bare(url: str, session: aiohttp.ClientSession) -> int:
    reads = 0
    async with session.post(url, json={"q": 1}) as response:
        async for _ in response.content.iter_any():
            reads += 1
    return reads


async def provided(url: str, session: aiohttp.ClientSession) -> int:
    parts = 0
    messages = [{"role": "user", "content": "Hi"}]
    async for _ in ChatGLM.create_async_generator(
        "glm-4", messages, api_endpoint=url, session=session
    ):
        parts += 1
    return parts


async def measure(client, url: str, streams: int) -> tuple[float, int]:
    connector = aiohttp.TCPConnector(limit=0)
    # aiohttp's own defaults for the bare client: no timer on reads.
    async with aiohttp.ClientSession(connector=connector) as session:
        before = time.process_time()
        counts = await asyncio.gather(*(client(url, session) for _ in range(streams)))
        return time.process_time() - before, sum(counts)


def main() -> int:
    args = arguments(__doc__, uvloop="run the clients on uvloop")
    rounds, events = (2, 100) if args.quick else (5, 250)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=server_process, args=(theirs, STREAMS, events, RATE))
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/"
    run = asyncio.run
    if args.uvloop:
        import uvloop

        run = uvloop.run
    ratios = []
    try:
        run(measure(provided, url, 2))
        for _ in range(rounds):
            base, reads = run(measure(bare, url, STREAMS))
            cost, parts = run(measure(provided, url, STREAMS))
            total = STREAMS * events
            ratios.append(cost / base)
            print(
                f"bare {base / total * 1e6:5.1f} us an event ({reads} reads), "
                f"ChatGLM {cost / total * 1e6:5.1f} us ({parts} parts), ratio {cost / base:.2f}"
            )
    finally:
        server.terminate()
        server.join()
    print(f"median ratio {statistics.median(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
