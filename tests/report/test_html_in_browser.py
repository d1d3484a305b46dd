"""The page in a real browser: it works by mouse and by keyboard, on a phone and in the dark."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from browser import CHROMIUM, NEEDS, open_browser
from report.hostile import HOSTILE, make_hostile_result
from results.support import make_result, make_trial, make_turn

from glmbench.checks.result import CheckResult
from glmbench.measure.timing import Timing
from glmbench.report.html import render_html
from glmbench.results.timeline import Timeline

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NEEDS),
    pytest.mark.asyncio(loop_scope="module"),
]

TURN = make_turn(
    text="Once upon a time",
    reasoning="Let me think",
    timeline=Timeline(
        reads="100000/90/1/0/0 100000/60/1/0/12 500000/50/1/4/0 100000/70/1/12/0 200000/6/1/0/0",
        others=((5, "finish stop"),),
    ),
    timing=Timing(source="live", ttft_s=0.2, gap_max_s=0.5, total_s=1.0),
)
CHECK = CheckResult(name="text.contains", status="failed", expected='"x"', got='"y"')


def timed(case, ttft_s, **changes):
    timing = Timing(source="live", ttft_s=ttft_s, total_s=3.0)
    return make_trial(case=case, timing=timing, turns=(TURN,), **changes)


def make_page(slower=0.0):
    trials = [
        timed("middle", 0.5 + slower),
        timed("slow", 0.9 + slower, status="failed", finish_reason="length", checks=(CHECK,)),
        timed("fast", 0.1 + slower),
        timed("never", None, status="error"),
        timed("a-case-with-a-name-that-is-longer-than-any-phone-is-wide" * 2, 0.4),
    ]
    repeats = [timed("many", 0.3 + slower + n / 1000, repeat=n) for n in range(1, 13)]
    return make_result([*trials, *repeats])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser_page(tmp_path_factory):
    async with open_browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser_page):
    """The one tab, as if it were new."""
    browser_page.events.clear()
    await browser_page.look(width=1200, height=900)
    return browser_page


@pytest_asyncio.fixture(loop_scope="module")
async def opened(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render_html(make_page(0.3), make_page()), encoding="utf-8")
    await page.open(path)
    yield page
    assert page.complaints == []
    assert page.requested == [path.as_uri()]


CASES = (
    "[...document.querySelectorAll('#cases-table tbody tr:not([hidden]) th')]"
    ".map(th => th.textContent.split('@')[0]).filter(name => name.length < 10)"
)
FIRST_FIVE = f"{CASES}.filter(name => name !== 'many')"
SORT = "#cases-table th:nth-child(4)"


async def sorted_by(page):
    return await page.evaluate(f"document.querySelector('{SORT}').getAttribute('aria-sort')")


async def test_a_click_sorts_up_and_another_down_and_what_never_came_stays_last(opened):
    assert await opened.evaluate(FIRST_FIVE) == ["middle", "slow", "fast", "never"]
    await opened.click(f"{SORT} button")
    assert await opened.evaluate(FIRST_FIVE) == ["fast", "middle", "slow", "never"]
    assert await sorted_by(opened) == "ascending"
    await opened.click(f"{SORT} button")
    assert await opened.evaluate(FIRST_FIVE) == ["slow", "middle", "fast", "never"]
    assert await sorted_by(opened) == "descending"


async def test_everything_can_be_done_by_keyboard(opened):
    await opened.press("Tab")
    assert await opened.evaluate("document.activeElement.className") == "skip"
    await opened.press("Enter")
    assert await opened.evaluate("document.activeElement.id") == "main"

    await tab_to(opened, f"{SORT} button")
    await opened.press("Enter")
    assert await sorted_by(opened) == "ascending"

    await tab_to(opened, "#t2 > summary")
    await opened.press("Enter")
    assert await opened.evaluate("document.getElementById('t2').open")
    await tab_to(opened, "#t2 .strip")
    assert await tip(opened) == "1 of 5: at 100 ms, gap 100 ms, bytes 90, events 1nothing but bytes"
    await opened.press("ArrowRight", times=2)
    assert await tip(opened) == "3 of 5: at 700 ms, gap 500 ms, bytes 50, events 1Once"
    assert await opened.evaluate(
        "document.activeElement.getAttribute('role') + document.activeElement.ariaValueText"
    ) == ("slider3 of 5: at 700 ms, gap 500 ms, bytes 50, events 1. Once")
    await opened.press("End")
    assert await tip(opened) == "5 of 5: at 1.00 s, gap 200 ms, bytes 6, events 1finish stop"
    await opened.press("Escape")
    assert await tip(opened) is None


async def tab_to(page, selector):
    """Press Tab until the element has the focus, and is seen to have it."""
    for _ in range(200):
        await page.press("Tab")
        if await page.evaluate(f"document.activeElement.matches({selector!r})"):
            break
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(f"[document.activeElement.matches({selector!r}), {outline}]") == [
        True,
        "solid",
    ]


async def tip(page):
    return await page.evaluate("document.querySelector('.tip:not([hidden])')?.textContent ?? null")


async def test_a_filter_hides_rows_and_their_streams_and_says_how_many_are_left(opened):
    await opened.click(".filter[data-filter=cases-table] input")
    await opened.type("MANY")
    assert await opened.evaluate(f"new Set({CASES}).size") == 1
    output = "document.querySelector('.filter[data-filter=cases-table] output').textContent"
    assert await opened.evaluate(output) == "12 of 17 trials shown"
    hidden = "[...document.querySelectorAll('.trial')].filter(t => t.hidden).length"
    assert await opened.evaluate(hidden) == 5

    await opened.evaluate("document.querySelector('.filter[data-filter=cases-table]').reset()")
    await tab_to(opened, ".filter[data-filter=cases-table] select")
    await opened.press("ArrowDown", times=2)
    assert await opened.evaluate(CASES) == ["slow"]
    assert await opened.evaluate(output) == "1 of 17 trials shown"


async def test_pointing_at_a_stream_shows_what_the_nearest_read_brought(opened):
    await opened.click("#cases-table tbody tr th a")
    assert await opened.evaluate("document.getElementById('t1').open")
    await opened.point_at("#t1 .strip", share=0.19)
    assert await tip(opened) == "2 of 5: at 200 ms, gap 100 ms, bytes 60, events 1Let me think"
    await opened.point_at("#t1 .strip", share=0.79)
    assert await tip(opened) == "4 of 5: at 800 ms, gap 100 ms, bytes 70, events 1 upon a time"
    await opened.point_at("h1")
    assert await tip(opened) is None


async def test_a_link_from_elsewhere_opens_its_stream(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render_html(make_page()), encoding="utf-8")
    await page.open(path, "#t3")
    assert await page.evaluate("document.getElementById('t3').open")


async def test_the_page_reads_without_its_script(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render_html(make_page(0.3), make_page()), encoding="utf-8")
    async with page.without_scripts():
        await page.open(path)
        await page.press("Tab", times=2)
        await tab_to(page, "#t1 > summary")
        await page.press("Enter")
        seen = await page.evaluate("document.body.innerText")
    assert "Once upon a time" in seen
    assert "5 reads as a list" in seen
    # What only the script can do is not offered.
    assert [words for words in ("Filter", "Point at", "↕") if words in seen] == []


# The parts of the page whose right edge is beyond the window, unless they scroll by themselves.
TOO_WIDE = """
[...document.querySelectorAll('body *')].filter(e =>
  !e.closest('.scroll, .answer, .skip, svg') && e.getBoundingClientRect().right > innerWidth + 1
).map(e => e.outerHTML.slice(0, 80))
"""
SMALL_TARGETS = """
[...document.querySelectorAll('nav a, button, input, select, summary')].filter(e =>
  e.checkVisibility() && e.getBoundingClientRect().height < 32
).map(e => e.outerHTML.slice(0, 80))
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(details => details.open = true)"


@pytest.mark.parametrize("dark", [False, True])
async def test_a_phone_shows_the_whole_page_without_scrolling_sideways(opened, dark):
    await opened.look(width=375, height=812, dark=dark, mobile=True)
    await opened.evaluate(OPEN_ALL)
    assert await opened.evaluate("document.documentElement.scrollWidth") == 375
    assert await opened.evaluate(TOO_WIDE) == []
    assert await opened.evaluate(SMALL_TARGETS) == []
    scrolling = "[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)"
    assert await opened.evaluate(scrolling)


# Every text with too little contrast to what is behind it, after WCAG 2.
FAINT = """
(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  let seen = 0;
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    if (!own || e.closest('title, script, style, option') || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const colour = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(colour), light(behind(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    seen += 1;
    if (contrast < 4.5) found.push([e.outerHTML.slice(0, 60), contrast]);
  }
  return {seen: seen > 300, found};
})()
"""


async def test_every_text_can_be_told_from_its_ground_by_day_and_by_night(opened):
    await opened.evaluate(OPEN_ALL)
    grounds = []
    for dark in (False, True):
        await opened.look(width=1200, height=900, dark=dark)
        assert await opened.evaluate(FAINT) == {"seen": True, "found": []}
        grounds.append(await opened.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(247, 247, 245)", "rgb(19, 22, 24)"]


async def test_what_is_drawn_is_seen(opened):
    """Each drawing has a size, and a picture of the page has more than a few colours."""
    await opened.evaluate(OPEN_ALL)
    flat = (
        "[...document.querySelectorAll('.plot svg, .strip svg, .bar')]"
        ".filter(e => { const b = e.getBoundingClientRect(); return b.width < 50 || b.height < 8 })"
        ".length"
    )
    assert await opened.evaluate(flat) == 0
    picture = await opened.screenshot()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


@pytest.mark.parametrize("text", ["script", "image with a handler", "attribute end", "controls"])
async def test_a_hostile_text_does_nothing_in_a_browser(page, tmp_path, text):
    result = make_hostile_result(HOSTILE[text])
    trials = tuple(replace(trial, turns=(*trial.turns, TURN)) for trial in result.trials)
    path = tmp_path / "hostile.html"
    path.write_text(render_html(replace(result, trials=trials)), encoding="utf-8")
    await page.open(path)
    await page.evaluate(OPEN_ALL)
    await page.point_at("#t1 .strip")
    assert page.complaints == []
    assert page.requested == [path.as_uri()]
    assert await page.evaluate("document.querySelectorAll('img, script').length") == 1
