"""The five rules of the virtual clock, each by itself and where they meet."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

from glmbench import run_virtual
from glmbench.cassettes.virtual_time import DAY_S, VirtualTimeLoop
from glmbench.errors import VirtualTimeError


def test_an_hour_of_sleep_takes_an_hour_of_virtual_time():
    async def main():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 3600.0


def test_the_clock_starts_at_zero_and_stands_while_something_is_ready():
    async def main():
        for _ in range(100):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0.0


def test_timers_fire_in_the_order_of_their_deadlines():
    async def main():
        fired = []

        async def sleeper(seconds):
            await asyncio.sleep(seconds)
            fired.append((seconds, asyncio.get_running_loop().time()))

        await asyncio.gather(sleeper(30), sleeper(0.000002), sleeper(0.000001))
        return fired

    assert run_virtual(main()) == [(0.000001, 0.000001), (0.000002, 0.000002), (30, 30.0)]


def test_a_timeout_fires_at_its_virtual_instant():
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(45):
                await loop.create_future()
        return loop.time()

    assert run_virtual(main()) == 45.0


def test_work_in_a_thread_takes_no_virtual_time_and_no_timer_overtakes_it():
    async def main():
        loop = asyncio.get_running_loop()
        timer_fired = []
        loop.call_later(1, timer_fired.append, True)
        await asyncio.to_thread(time.sleep, 0.02)
        return loop.time(), timer_fired

    assert run_virtual(main()) == (0.0, [])


def test_the_shutdown_of_the_executor_is_not_cut_short_by_its_own_timer():
    ended = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, lambda: (time.sleep(0.02), ended.append(True)))
        await asyncio.sleep(0)

    run_virtual(main())
    assert ended == [True]


def test_a_job_that_never_ends_is_an_error_after_the_patience_limit():
    release = threading.Event()

    async def main():
        try:
            await asyncio.to_thread(release.wait)
        finally:
            release.set()

    loop = VirtualTimeLoop(patience_s=0.01)
    try:
        with pytest.raises(
            VirtualTimeError, match=r"^A job in a thread did not end within 0\.01 s"
        ):
            loop.run_until_complete(main())
    finally:
        release.set()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def test_a_watched_descriptor_is_really_waited_for():
    async def main():
        loop = asyncio.get_running_loop()
        receiving, sending = os.pipe()
        came = loop.create_future()
        loop.add_reader(receiving, lambda: came.set_result(os.read(receiving, 1)))
        writer = threading.Timer(0.02, os.write, (sending, b"x"))
        writer.start()
        try:
            async with asyncio.timeout(30):
                return await came
        finally:
            writer.join()
            loop.remove_reader(receiving)
            os.close(receiving)
            os.close(sending)

    assert run_virtual(main()) == b"x"


def test_a_watched_descriptor_does_not_hold_back_the_next_timer():
    async def main():
        loop = asyncio.get_running_loop()
        receiving, sending = os.pipe()
        loop.add_reader(receiving, lambda: None)
        try:
            await asyncio.sleep(0.01)
        finally:
            loop.remove_reader(receiving)
            os.close(receiving)
            os.close(sending)
        return loop.time()

    assert run_virtual(main()) == pytest.approx(0.01, abs=1e-6)


def test_when_nothing_can_happen_the_waiting_tasks_are_named():
    async def main():
        asyncio.current_task().set_name("the-reader")
        await asyncio.get_running_loop().create_future()

    with pytest.raises(
        VirtualTimeError, match=r"no timer, no I/O, no job.*Waiting: the-reader at "
    ):
        run_virtual(main())


def test_a_timer_that_rearms_itself_is_stopped_after_a_virtual_day():
    async def main():
        loop = asyncio.get_running_loop()

        def again():
            loop.call_later(60, again)

        again()
        await loop.create_future()

    with pytest.raises(VirtualTimeError, match=rf"^The virtual clock passed {DAY_S:.0f} s"):
        run_virtual(main())


def test_run_returns_the_result_and_raises_the_exception_of_the_coroutine():
    async def fails():
        await asyncio.sleep(1)
        raise LookupError("as it is")

    async def answers():
        return 42

    assert run_virtual(answers()) == 42
    with pytest.raises(LookupError, match="^as it is$"):
        run_virtual(fails())
