from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from inspection.recordings import CHATGLM, HELLO, JSON, delta, recorded
from wcwidth import wcswidth

from glmbench.inspection.compare import compare
from glmbench.inspection.inventory import CassetteFile, Checked, Entry, contents_of
from glmbench.report.cassettes import (
    age,
    file_size,
    render_checks,
    render_comparison,
    render_comparisons,
    render_inventory,
    render_orphans,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STOP = delta(finish="stop")
LONG_CHINESE = "把早上好翻译成英文和法文" * 9


def file(path):
    return CassetteFile(path=Path(path), name=Path(path).name, folder=Path(path).parent)


def entry(path, *interactions, size=1234):
    return Entry(file=file(path), size=size, contents=contents_of(interactions))


def damaged(path, reason):
    return Entry(file=file(path), size=7, damage=reason)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (86_399, "23 h"),
        (3 * 86_400, "3 d"),
        (364 * 86_400, "364 d"),
        (800 * 86_400, "2 y"),
    ],
)
def test_an_age_is_in_its_largest_unit(seconds, shown):
    assert age(NOW - timedelta(seconds=seconds), NOW) == shown


def test_an_age_that_is_not_known_is_a_dash():
    assert age(None, NOW) == "-"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (12_345, "12.3 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (64 * 1024 * 1024, "67.1 MB"),
        (2_000_000_000, "2.00 GB"),
    ],
)
def test_a_size_has_three_digits(size, shown):
    assert file_size(size) == shown


def test_an_inventory_has_a_table_for_each_folder_and_the_damages_below():
    text = render_inventory(
        [
            entry("c/one/a@m@1.yaml", recorded(*HELLO)),
            entry("c/one/b@m@1.yaml", recorded(delta("x"), end="reset")),
            damaged("c/two/a@m@1.yaml", "c/two/a@m@1.yaml is damaged: it is empty."),
            entry("c/two/notes", recorded(b"{}", url=CHATGLM, status=500, headers=[JSON])),
        ],
        NOW,
    )
    assert text == (
        "c/one: 2 cassettes\n"
        "name   age     size  req    ttft  end    finish\n"
        "-----  ---  -------  ---  ------  -----  ----------------\n"
        "a@m@1  3 d  1.23 kB    1  100 ms  eof    stop\n"
        "b@m@1  3 d  1.23 kB    1  100 ms  reset  IncompleteStream\n"
        "\n"
        "c/two: 2 cassettes\n"
        "name   age     size  req  ttft  end      finish\n"
        "-----  ---  -------  ---  ----  -------  ------------\n"
        "a@m@1    -      7 B    -     -  DAMAGED  -\n"
        "notes  3 d  1.23 kB    1     -  eof      ServerFailed\n"
        "\n"
        "c/two/a@m@1.yaml is damaged: it is empty.\n"
    )


def test_a_long_name_keeps_its_number_and_gives_way_to_the_figures():
    cut = recorded(delta("x"), end="closed-by-client")
    text = render_inventory([entry(f"c/{'很长的名字' * 9}@m@12.yaml", cut)], NOW)
    *_, row = text.splitlines()
    assert row.startswith("很长的名字很")
    assert "…@12  3 d" in row
    assert max(map(wcswidth, text.splitlines())) <= 80


def test_checks_say_ok_or_what_is_wrong_and_count():
    whole = Checked(file=file("c/a.yaml"), damage=None)
    broken = Checked(file=file("c/b.yaml"), damage="c/b.yaml is damaged: it is empty.")
    assert render_checks([whole]) == "ok c/a.yaml\n1 cassette: 1 whole\n"
    assert render_checks([whole, broken]) == (
        "ok c/a.yaml\nc/b.yaml is damaged: it is empty.\n2 cassettes: 1 whole, 1 damaged\n"
    )


def test_no_difference_is_said_in_words():
    same = compare([recorded(*HELLO)], [recorded(*HELLO)])
    assert render_comparison(same) == "no difference\n"


def test_another_timing_alone_is_no_difference_beside_it():
    later = recorded(*HELLO[:1], b": alive\n\n", *HELLO[1:])
    early = recorded(*HELLO[:1], b": alive\n\n" + HELLO[1], *HELLO[2:])
    size = len(early.body)
    assert render_comparison(compare([early], [later])) == (
        "timing    base    head    delta\n"
        "------  ------  ------  -------\n"
        "ttft    100 ms  100 ms        -\n"
        "total   400 ms  500 ms  +100 ms\n"
        "chunks       4       5       +1\n"
        f"bytes      {size}     {size}        -\n"
        "\n"
        "no difference but in timing\n"
    )


def test_drift_is_marked_and_named():
    comparison = compare(
        [recorded(delta("left"), STOP)], [recorded(delta("right"), delta(finish="length"))]
    )
    assert render_comparison(comparison).splitlines()[:6] == [
        '! frames         $.choices[].finish_reason no longer takes "stop"',
        '! frames         $.choices[].finish_reason takes "length", which it did not',
        "! finish reason  was stop, is length",
        "  content        the text differs from character 1 on",
        "                 base: “left”",
        "                 head: “right”",
    ]
    assert render_comparison(comparison).endswith("\ndrift: finish reason (1), frames (2)\n")


def test_without_drift_it_says_what_is_the_same():
    comparison = compare([recorded(delta("left"), STOP)], [recorded(delta("what"), STOP)])
    assert render_comparison(comparison) == (
        "  content        the text differs from character 1 on\n"
        "                 base: “left”\n"
        "                 head: “what”\n"
        "\n"
        "no drift: shape of frames, finish reason, status and headers are the same\n"
    )


def test_of_several_requests_each_is_named():
    one, two = recorded(*HELLO), recorded(delta("x"), STOP, seq=2)
    other = recorded(delta("y"), STOP, seq=2)
    assert render_comparison(compare([one, two], [one, other, one])).splitlines()[:4] == [
        "! requests       request 3 is new: POST",
        "                 https://api.example.com/v1/chat/completions",
        "",
        "request 2: POST https://api.example.com/v1/chat/completions",
    ]


def test_a_comparison_keeps_to_80_columns():
    text = render_comparison(
        compare([recorded(delta(LONG_CHINESE), STOP)], [recorded(delta("x" * 99, 很=1), STOP)])
    )
    assert max(map(wcswidth, text.splitlines())) <= 80


def test_folders_name_what_only_one_side_has_and_leave_out_what_is_the_same():
    same = compare([recorded(*HELLO)], [recorded(*HELLO)])
    changed = compare([recorded(delta("left"), STOP)], [recorded(delta("what"), STOP)])
    text = render_comparisons(
        [("a.yaml", same), ("b.yaml", changed)], [file("c/d.yaml")], [file("c/e.yaml")]
    )
    assert text == (
        f"b.yaml\n{render_comparison(changed)}\n"
        "only in the base: d.yaml\n"
        "only in the head: e.yaml\n"
        "2 pairs: 1 without difference, 1 without drift, 0 drifted\n"
    )


def test_orphans_are_listed_and_their_fate_is_told():
    paths = [Path("c/a.yaml"), Path("c/b.yaml")]
    assert render_orphans([], deleted=True) == "no orphans\n"
    assert render_orphans(paths, deleted=False) == (
        "c/a.yaml\nc/b.yaml\nwould delete 2 files; --yes deletes them\n"
    )
    assert render_orphans(paths[:1], deleted=True) == "c/a.yaml\ndeleted 1 file\n"
