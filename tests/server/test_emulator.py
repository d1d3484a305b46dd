"""The emulator's manners: who is answered, with what, and how it starts and stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import aiohttp
import pytest
from server.exchange import body, script, speech

from glmbench.about import __version__
from glmbench.errors import UsageError
from glmbench.server.emulator import Emulator, serve
from glmbench.server.script import HttpAnswer, echo_script

PLAIN = script(x=speech("a"), y=speech("b"), gone=HttpAnswer(status=503))


async def post(session, emulator, prompt, conversation_id=""):
    async with session.post(emulator.url, json=body(prompt, conversation_id)) as response:
        return response.status, await response.read()


def frames_of(data):
    return [json.loads(event.removeprefix("data: ")) for event in data.decode().split("\n\n")[:-1]]


async def test_every_response_names_the_emulator():
    async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
        elsewhere = f"http://127.0.0.1:{emulator.port}/"
        for url, content in (
            (emulator.url, body("x")),
            (emulator.url, body("gone")),
            (emulator.url, body("nobody wrote this")),
            (emulator.url, {}),
            (elsewhere, {}),
        ):
            async with session.post(url, json=content) as response:
                await response.read()
                assert response.headers.getall("Server") == [f"glmbench-emulator/{__version__}"]


async def test_it_listens_on_loopback_and_at_the_services_own_path():
    async with Emulator(PLAIN) as emulator:
        assert emulator.url == (
            f"http://127.0.0.1:{emulator.port}/chatglm/mainchat-api/guest/stream"
        )


async def test_a_bad_body_gets_a_validation_error():
    async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
        async with session.post(emulator.url, json={"messages": 5}) as response:
            assert response.status == 400
            assert response.content_type == "application/json"
            assert await response.json() == {
                "validation_error": {
                    "body_params": [
                        {
                            "loc": ["messages"],
                            "msg": "Expected `array`, got `int`",
                            "type": "value_error",
                        }
                    ]
                }
            }


async def test_a_prompt_that_the_script_does_not_know_fails_loudly():
    async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
        status, data = await post(session, emulator, "谁？")
    assert status == 500
    assert json.loads(data) == {
        "status": 500,
        "message": "the emulator's script has no answer to this prompt: 谁？",
        "result": None,
    }


async def test_a_conversation_that_it_never_began_gets_success_and_no_bytes():
    async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
        assert await post(session, emulator, "x", "0" * 24) == (200, b"")


async def test_a_conversation_goes_on_under_its_own_id():
    async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
        _, first = await post(session, emulator, "x")
        begun = frames_of(first)[0]["conversation_id"]
        _, second = await post(session, emulator, "y", begun)
    assert {frame["conversation_id"] for frame in frames_of(second)} == {begun}


async def test_two_emulators_say_the_same_and_one_never_repeats_its_ids():
    async def two_answers():
        async with Emulator(PLAIN) as emulator, aiohttp.ClientSession() as session:
            return [await post(session, emulator, "x") for _ in range(2)]

    first, second = await two_answers()
    assert [first, second] == await two_answers()
    assert frames_of(first[1])[0]["id"] != frames_of(second[1])[0]["id"]
    assert frames_of(first[1])[0]["conversation_id"] != frames_of(second[1])[0]["conversation_id"]


async def test_two_answers_run_at_the_same_time():
    slow = speech("a", first_delay_s=3600.0)
    async with Emulator(script(slow=slow, x=speech("a"))) as emulator:
        async with aiohttp.ClientSession() as session:
            async with session.post(emulator.url, json=body("slow")):
                status, _ = await post(session, emulator, "x")
    assert status == 200


async def test_the_built_in_script_repeats_the_prompt():
    async with Emulator(echo_script("chatglm")) as emulator, aiohttp.ClientSession() as session:
        _, data = await post(session, emulator, "早")
    last = frames_of(data)[-1]
    assert last["status"] == "finish"
    assert last["parts"][0]["content"][0]["text"] == "Thank you for your message. You wrote: 早"


async def test_a_port_that_is_taken_is_a_usage_error():
    async with Emulator(PLAIN) as emulator:
        taken = rf"^cannot listen on 127\.0\.0\.1:{emulator.port}: Address already in use$"
        with pytest.raises(UsageError, match=taken):
            async with Emulator(PLAIN, port=emulator.port):
                pass


async def test_a_port_out_of_range_is_a_usage_error():
    with pytest.raises(UsageError, match=r"^cannot listen on 127\.0\.0\.1:70000: .*0-65535"):
        async with Emulator(PLAIN, port=70000):
            pass


async def test_a_truth_log_that_cannot_be_written_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"^cannot write the truth log .*: Is a directory$"):
        async with Emulator(PLAIN, truth=tmp_path):
            pass


async def test_serve_says_where_it_listens_and_stops_when_cancelled():
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    task = asyncio.create_task(serve(PLAIN, on_ready=lambda *address: ready.set_result(address)))
    host, port = await ready
    async with aiohttp.ClientSession() as session:
        url = f"http://{host}:{port}/chatglm/mainchat-api/guest/stream"
        async with session.post(url, json=body("x")) as response:
            assert response.status == 200
            await response.read()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_stops_at_a_signal_and_gives_the_handlers_back(number):
    before = signal.getsignal(number)
    stopped = await serve(PLAIN, on_ready=lambda *_: os.kill(os.getpid(), number))
    assert stopped == number
    assert signal.getsignal(number) == before
