"""The page is valid HTML, loads nothing, and says what the result says."""

import hashlib
import math
import re
from base64 import b64encode
from dataclasses import replace
from functools import cache
from itertools import pairwise

import html5lib
import pytest
from report.hostile import HOSTILE, make_hostile_result
from results.support import make_result, make_trial, make_turn

from glmbench.checks.result import CheckResult
from glmbench.measure.timing import Timing
from glmbench.report import html
from glmbench.report.html import render_html
from glmbench.report.numbers import duration
from glmbench.report.page import trials
from glmbench.results.model import Caveat, ErrorOutcome, GateResult
from glmbench.results.timeline import Timeline

SVG = "{http://www.w3.org/2000/svg}"
TURN = make_turn(
    text="Hello\n<b>you</b>",
    reasoning="Hm",
    timeline=Timeline(
        reads="100000/9/1/0/0 100000/9/1/0/2 50000/9/1/5/0 200000/9/2/11/0",
        others=((4, "finish stop"),),
    ),
)
CHECK = CheckResult(name="text.contains", status="failed", expected='"Hello"', got='"Bye"')


def parse(page):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def draw(*trials_, base=None, **changes):
    return parse(render_html(make_result(trials_, **changes), base))


def words(element):
    return " ".join("".join(element.itertext()).split())


def rows(tree, heading):
    """Read the first table of a section as texts, its head first."""
    section = tree.find(f".//section[@aria-labelledby='{heading}']")
    return [[words(cell) for cell in row] for row in section.find(".//table").iter("tr")]


def test_a_case_is_a_row_with_the_figures_of_the_result():
    tree = draw(make_trial(turns=(TURN,)), make_trial(repeat=2, timing=Timing(source="none")))
    head, first, second = rows(tree, "cases")
    assert head == [
        "Case",
        "Status",
        "Finish",
        "First token",
        "Total",
        "Time",
        "Tokens/s",
        "Cassette",
    ]
    assert first == ["one@glm-4@1", "✓ passed", "stop", "250 ms", "1.50 s", "", "32.0", "HIT"]
    assert second == ["one@glm-4@2", "✓ passed", "stop", "-", "-", "", "32.0", "HIT"]


def test_what_is_sorted_by_is_the_exact_figure():
    trial = make_trial(timing=Timing(source="recorded", ttft_s=0.2500004, total_s=1.5))
    cells = draw(trial).iterfind(".//*[@id='cases-table']/tbody/tr/td[@data-value]")
    assert [cell.get("data-value") for cell in cells] == ["0.2500004", "1.5", "32.0"]


def test_an_ending_that_was_not_expected_stands_beside_the_expected_one():
    tree = draw(make_trial(status="failed", finish_reason="length", checks=(CHECK,)))
    assert rows(tree, "cases")[1][2] == "length ≠ stop"
    assert rows(tree, "finish-reasons") == [["Expected", "length"], ["stop", "✕ 1"]]


def test_a_failure_says_what_was_expected_what_came_and_how_to_see_it_again():
    tree = draw(make_trial(status="failed", checks=(CHECK,), turns=()))
    (failure,) = tree.iterfind(".//section[@aria-labelledby='failures']/article")
    assert words(failure) == (
        "✕ failed one@glm-4@1 at small.yaml:5 ✕ failedtext.contains "
        'expected"Hello" got"Bye" Again: glmbench run small.yaml --case one'
    )


def test_repeats_that_failed_alike_are_told_once_and_each_is_linked():
    alike = [make_trial(repeat=n, status="failed", checks=(CHECK,)) for n in range(1, 14)]
    tree = draw(*alike, make_trial(repeat=14, status="failed", checks=(CHECK, CHECK)))
    section = tree.find(".//section[@aria-labelledby='failures']")
    told, other = section.iterfind("article")
    assert [link.get("href") for link in told.iter("a")] == [f"#t{n}" for n in range(1, 12)]
    assert words(told).count("The same in one@glm-4@2, one@glm-4@3, ") == 1
    assert "one@glm-4@11 and 2 more Again: " in words(told)
    assert words(other).startswith("✕ failed one@glm-4@14 at ")


def test_latencies_have_their_n_and_what_they_cannot_carry_is_a_dash():
    tree = draw(*[make_trial(repeat=n) for n in range(1, 8)])
    head, *body = rows(tree, "latency")
    assert head == ["Figure", "n", "min", "median", "p95", "p99", "max"]
    assert body[1] == [
        "first token (ttft)",
        "7",
        "250 ms",
        "250 ms [250 ms – 250 ms]",
        "-",
        "-",
        "250 ms",
    ]


def test_brackets_are_explained_where_there_are_some():
    few, many = (draw(*[make_trial(repeat=n) for n in range(1, most)]) for most in (3, 8))
    captions = [
        words(tree.find(".//section[@aria-labelledby='latency']//caption")) for tree in (few, many)
    ]
    assert captions == ["2 trials.", "7 trials. In brackets the 95 % interval of the median."]


def test_failed_trials_took_for_ever():
    failed = [
        make_trial(repeat=n, status="error", verdict="LIVE", error=ErrorOutcome(type="KeyError"))
        for n in (2, 3)
    ]
    head, *body = rows(draw(make_trial(), *failed), "latency")
    assert head[-4:] == ["failed", "median with failures", "p95 with failures", "p99 with failures"]
    assert body[0][-4:] == ["2", "∞ (failed)", "-", "-"]
    assert html._adjusted(math.inf, "s") == "∞ (failed)"


def test_sources_have_tables_of_their_own():
    tree = draw(make_trial(), make_trial(repeat=2, origin="emulator"))
    section = tree.find(".//section[@aria-labelledby='latency']")
    assert [words(h3) for h3 in section.iter("h3")] == [
        "Recorded from the emulator, not measured now",
        "Recorded, not measured now",
    ]


def test_thresholds_have_their_notes():
    gate = GateResult(
        suite="small",
        text="p50(ttft) < 1s",
        status="ignored",
        got="",
        n=0,
        severity="warn",
        note="gates live figures only",
        tag="zh",
    )
    assert rows(draw(make_trial(), gates=(gate,)), "thresholds")[1] == [
        "p50(ttft) < 1s tag zh gates live figures only",
        "small",
        "-",
        "0",
        "– ignored (only a warning)",
    ]


def test_a_warning_names_its_trials_and_one_about_the_run_names_none():
    caveats = (Caveat(trials=("small/a",), words="weak"), Caveat(trials=(), words="no baseline"))
    section = draw(make_trial(), warnings=caveats).find(".//section[@aria-labelledby='warnings']")
    assert [words(item) for item in section.iter("li")] == ["weak: small/a.", "no baseline."]


def test_a_stream_is_a_drawing_in_words_too_and_a_list_of_its_reads():
    tree = draw(make_trial(turns=(replace(TURN, timing=Timing(source="recorded", total_s=0.5)),)))
    details = tree.find(".//details[@id='t1']")
    strip = details.find(".//div[@data-span]")
    assert (strip.get("data-span"), strip.get("aria-label")) == ("500000", "4 reads, end at 500 ms")
    listed = [[words(cell) for cell in row] for row in details.iterfind(".//tr[@data-us]")]
    assert listed == [
        ["100 ms", "100 ms", "9", "1", ""],
        ["200 ms", "100 ms", "9", "1", "Hm"],
        ["250 ms", "50 ms", "9", "1", "Hello"],
        ["450 ms", "200 ms", "9", "2", r"\n<b>you</b>finish stop"],
    ]
    paths = [path.get("class") for path in strip.iter(f"{SVG}path")]
    assert paths == ["text", "reasoning", "silent"]


def test_the_texts_of_every_turn_are_there_with_their_lines():
    tree = draw(make_trial(turns=(TURN, make_turn(text="\nsecond"))))
    details = tree.find(".//details[@id='t1']")
    assert [words(h4) for h4 in details.iter("h4")] == ["Turn 1", "Turn 2"]
    texts = ["".join(pre.itertext()) for pre in details.iter("pre")]
    assert texts == ["Hm", "Hello\n<b>you</b>", "\nsecond"]


def test_a_page_without_room_says_whose_streams_it_shows(monkeypatch):
    monkeypatch.setattr(trials, "MOST_DETAILS", 1)
    tree = draw(make_trial(), make_trial(repeat=2, status="failed"))
    (notice,) = tree.iterfind(".//p[@class='notice']")
    assert words(notice).startswith("1 of 2 trials are here: ")
    assert [each.get("id") for each in tree.iterfind(".//details[@class='trial']")] == ["t2"]
    table = tree.find(".//*[@id='cases-table']")
    assert [link.get("href") for link in table.iter("a")] == ["#t2"]


def test_where_most_trials_failed_a_page_tells_as_many_as_it_has_room_for(monkeypatch):
    monkeypatch.setattr(trials, "MOST_DETAILS", 2)
    tree = draw(*[make_trial(case=f"c{n}", status="failed", checks=(CHECK,)) for n in range(5)])
    section = tree.find(".//section[@aria-labelledby='failures']")
    assert words(section.find("p")).startswith("2 of 5 different failures are told here")
    assert len(section.findall("article")) == 2
    assert len(rows(tree, "cases")) == 1 + 5


def test_a_run_of_nothing_is_a_page():
    tree = draw()
    assert [words(h1) for h1 in tree.iter("h1")] == ["? Not measured"]
    assert [h2.get("id") for h2 in tree.iter("h2")] == ["environment"]


def test_a_comparison_shows_what_counts_first_and_draws_both_sides():
    def run(ttft_s, finish="stop"):
        def timing(n):
            return Timing(source="live", ttft_s=ttft_s + n / 1000, total_s=2 + n / 1000)

        turns = (replace(TURN, finish_reason=finish),)
        return make_result([make_trial(repeat=n, timing=timing(n), turns=turns) for n in range(20)])

    tree = parse(render_html(run(0.5, "length"), run(0.2)))
    section = tree.find(".//section[@aria-labelledby='comparison']")
    first, second = rows(tree, "comparison")[1:3]
    assert (first[1], first[2], first[5]) == (
        "▼ regressed",
        "first token (ttft)",
        "+300 ms +143.5%",
    )
    assert second[1] != "▼ regressed"
    others = [[words(cell) for cell in row] for row in section.findall(".//table")[1].iter("tr")]
    assert others[1][3:5] == ["stop 20", "length 20"]
    plot = tree.find(".//figure[@class='plot']")
    assert [words(side) for side in plot.iterfind(".//span[@class='side']")] == ["base", "head", ""]


def test_a_comparison_of_nothing_says_so_and_finds_no_absence_of_regressions():
    section = draw(make_trial(case="new"), base=make_result([make_trial(case="old")])).find(
        ".//section[@aria-labelledby='comparison']"
    )
    assert words(section.find("p")) == "Nothing to compare: no case was run in both results."


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (html._change(0.1, "s"), "+100 ms"),
        (html._change(-2.0, "per_s"), "−2.00"),
        (html._change(0.0, "s"), "0.00 ms"),
        (html._change(None, "s"), "-"),
        (html._relative(-0.125), "−12.5%"),
        (html._relative(None), ""),
        (html._adjusted(1.0, "s"), duration(1.0)),
    ],
)
def test_changes_have_a_sign(shown, expected):
    assert shown == expected


# Python calls them not printable; they are blanks, and nothing else.
BLANKS = "\t\u00a0\u3000"

# What a page may consist of. Nothing here loads, runs or submits anything.
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "script"),
    *("header", "nav", "main", "section", "article", "footer", "h1", "h2", "h3", "h4"),
    *("p", "ul", "li", "dl", "dt", "dd", "div", "pre", "figure", "figcaption"),
    *("a", "b", "i", "q", "em", "bdi", "code", "span", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("form", "label", "input", "select", "option", "output"),
    *(SVG + name for name in ("svg", "path", "rect", "line", "text", "circle", "title")),
}


@cache
def hostile_page(text):
    """Render a result that has the text everywhere, beside a base that has it too; and parse it."""
    page = render_html(make_hostile_result(text), make_hostile_result(text))
    return page, parse(page)


def all_texts():
    return pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


@all_texts()
def test_no_text_becomes_markup_or_is_invisible(text):
    page, tree = hostile_page(text)
    page.encode("utf-8")
    assert {char for char in page if not char.isprintable()} <= {"\n", *BLANKS}
    assert {element.tag for element in tree.iter()} <= ELEMENTS
    assert len(list(tree.iter("script"))) == len(list(tree.iter("style"))) == 1
    for element in tree.iter():
        attributes = {name.lower() for name in element.attrib}
        assert not {name for name in attributes if name.startswith("on")}
        assert attributes.isdisjoint(
            {"src", "srcset", "style", "action", "formaction", "xlink:href"}
        )
        assert element.get("href", "#").startswith("#")


@all_texts()
def test_every_text_can_be_read(text):
    _, tree = hostile_page(text)
    answers = ["".join(pre.itertext()) for pre in tree.iter("pre")]
    if not text:
        assert answers == []
        return
    kept = text[: trials.MOST_CHARACTERS]
    lines = [line.replace("\t", " ") for line in kept.split("\n")]
    expected = "\n".join("".join(visible(char) for char in line) for line in lines)
    assert expected in [answer.replace("\t", " ") for answer in answers]


def visible(char):
    """Say how a character is shown, without the code under test."""
    seen = char.isprintable() or char in BLANKS
    return char if seen else char.encode("unicode_escape").decode("ascii")


def test_no_address_is_anywhere_but_in_texts():
    page = render_html(make_result([make_trial(turns=(TURN,))]))
    assert re.findall(r"https?:|//[a-z]|url\(|@import|javascript:", page) == []


def test_the_policy_allows_this_style_and_this_script_and_nothing_else():
    tree = draw(make_trial())
    (policy,) = [
        meta.get("content")
        for meta in tree.iter("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]

    def digest(name):
        (element,) = tree.iter(name)
        return b64encode(hashlib.sha256(element.text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest('style')}'; "
        f"script-src 'sha256-{digest('script')}'; base-uri 'none'; form-action 'none'"
    )


def test_headings_are_in_order_and_ids_are_unique_and_links_lead_somewhere():
    tree = draw(make_trial(turns=(TURN, TURN)), make_trial(repeat=2, status="failed"))
    levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch("h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {link.get("href")[1:] for link in tree.iter("a")} <= set(ids)


def test_every_table_has_a_caption_or_a_name_and_every_head_a_scope():
    tree = draw(make_trial(turns=(TURN,)))
    assert {th.get("scope") for th in tree.iter("th")} == {"col", "row"}
    regions = [e for e in tree.iter("div") if e.get("class") == "scroll"]
    assert all(region.get("aria-label") for region in regions)
    assert len(regions) == len(list(tree.iter("table")))


def test_equal_results_give_equal_pages():
    result = make_result([make_trial(turns=(TURN,))])
    assert render_html(result) == render_html(result)
