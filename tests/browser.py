"""Debian's chromium without a window, driven through its DevTools protocol. For tests.

It cannot leave this machine: every name is unknown to it, and the page under test is a file.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS = "chromium is not installed (apt install chromium): the page is not looked at in a browser"

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0",
)
START_S = 60
ANSWER_S = 30

# The codes that Input.dispatchKeyEvent wants beside the name of a key, and what it types.
KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}


class PageError(Exception):
    """The page threw, or the browser refused a command."""


class Page:
    """One tab. `events` are all that the browser said of it, in order."""

    def __init__(self, socket, session: str) -> None:
        self._socket = socket
        self._session = session
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future] = {}
        self._loaded = asyncio.Event()
        self.events: list[dict] = []
        self.scripts = True

    def hear(self, message: dict) -> None:
        if message.get("sessionId") != self._session:
            return
        if "id" in message:
            self._answers.pop(message["id"]).set_result(message)
            return
        self.events.append(message)
        if message["method"] == "Page.loadEventFired":
            self._loaded.set()

    async def call(self, method: str, **params):
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": params, "sessionId": self._session}
        await self._socket.send_json(command)
        message = await asyncio.wait_for(answer, ANSWER_S)
        if "error" in message:
            raise PageError(f"{method}: {message['error']}")
        return message["result"]

    async def open(self, path: Path, fragment: str = "") -> None:
        self._loaded.clear()
        await self.call("Page.navigate", url=path.as_uri() + fragment)
        await asyncio.wait_for(self._loaded.wait(), ANSWER_S)

    async def evaluate(self, expression: str):
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise PageError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def look(self, *, width: int, height: int, dark: bool = False, mobile=False) -> None:
        """Choose the window and the scheme of colours."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme, still])

    async def point_at(self, selector: str, *, share: float = 0.5) -> tuple[float, float]:
        """Move the mouse over an element, at a share of its width."""
        box = await self.evaluate(
            f"(() => {{ const e = document.querySelector({selector!r});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.left, b.top, b.width, b.height]; })()"
        )
        x, y = box[0] + box[2] * share, box[1] + box[3] / 2
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    async def click(self, selector: str) -> None:
        x, y = await self.point_at(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )
        await self.settle()

    async def press(self, key: str, times: int = 1) -> None:
        code, text = KEYS[key]
        known = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        for _ in range(times):
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **known)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **known)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the page has drawn what it was told, and its script has heard of it."""
        if self.scripts:
            await self.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )

    @asynccontextmanager
    async def without_scripts(self):
        """Open pages as a browser does that runs no scripts; ours still asks it."""
        self.scripts = False
        await self.call("Emulation.setScriptExecutionDisabled", value=True)
        yield
        await self.call("Emulation.setScriptExecutionDisabled", value=False)
        self.scripts = True

    async def type(self, text: str) -> None:
        await self.call("Input.insertText", text=text)

    async def screenshot(self) -> bytes:
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    @property
    def complaints(self) -> list[str]:
        """What the browser's console would show: errors, refusals of the policy, warnings."""
        thrown = [e["params"] for e in self.events if e["method"] == "Runtime.exceptionThrown"]
        logged = [e["params"] for e in self.events if e["method"] == "Log.entryAdded"]
        printed = [e["params"] for e in self.events if e["method"] == "Runtime.consoleAPICalled"]
        return [str(params) for params in (*thrown, *logged, *printed)]

    @property
    def requested(self) -> list[str]:
        requests = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in requests]


@asynccontextmanager
async def open_browser(folder: Path):
    """Start chromium with a profile in the folder, give a page, and stop it."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *FLAGS,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    drain = None
    try:
        address = await asyncio.wait_for(_address(process.stderr), START_S)
        # It says more than a pipe holds, and would stand still if nobody read it.
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            # A screenshot is larger than aiohttp's limit of 4 MiB for a message.
            async with session.ws_connect(address, max_msg_size=0) as socket:
                async with _page(socket) as page:
                    yield page
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if drain is not None:
            await drain


async def _address(stream) -> str:
    async for line in stream:
        if found := re.search(rb"DevTools listening on (ws://\S+)", line):
            return found[1].decode()
    raise PageError("chromium ended before it listened")


@asynccontextmanager
async def _page(socket):
    await socket.send_json({"id": 0, "method": "Target.getTargets"})
    targets = (await _answer(socket))["targetInfos"]
    target = next(each["targetId"] for each in targets if each["type"] == "page")
    attach = {"targetId": target, "flatten": True}
    await socket.send_json({"id": 0, "method": "Target.attachToTarget", "params": attach})
    page = Page(socket, (await _answer(socket))["sessionId"])
    hearing = asyncio.create_task(_hear(socket, page))
    try:
        for domain in ("Page", "Runtime", "Network", "Log"):
            await page.call(f"{domain}.enable")
        yield page
    finally:
        hearing.cancel()


async def _answer(socket):
    while True:
        message = await socket.receive_json(timeout=ANSWER_S)
        if message.get("id") == 0 and "sessionId" not in message:
            return message["result"]


async def _hear(socket, page: Page) -> None:
    async for message in socket:
        page.hear(message.json())
