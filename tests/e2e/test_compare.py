"""`glmbench compare`, as a user types it, in this process."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from results.support import make_result, make_trial
from wcwidth import wcswidth

from glmbench.cli.main import cli
from glmbench.errors import UsageError
from glmbench.measure.timing import Timing
from glmbench.results.document import to_json


def write(path, ttft, n=8, **changes):
    trials = [
        make_trial(repeat=i, timing=Timing(source="live", ttft_s=ttft + i / 1000), **changes)
        for i in range(1, n + 1)
    ]
    path.write_bytes(to_json(make_result(trials)))
    return path


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.json", 0.4)


@pytest.fixture
def slow(tmp_path):
    return write(tmp_path / "slow.json", 0.6)


def run(*args):
    """Return what the verb returned, which is the exit code, and what it printed where."""
    runner = CliRunner()
    # Not the verb alone: click keeps the help option that a command is first asked with.
    done = runner.invoke(cli, ["compare", *map(str, args)], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout, done.stderr


def test_a_result_beside_itself_has_no_change(base):
    code, out, err = run(base, base, "--fail-on", "regression")
    assert (code, err) == (0, "")
    assert out == "1 case compared, 2 figures: 2 no change.\n"


def test_a_regression_is_shown_and_fails_nothing_by_itself(base, slow):
    code, out, err = run(base, slow)
    assert (code, err) == (0, "")
    assert out.splitlines()[:5] == [
        "First token (ttft)",
        "case  n    base    head  delta     interval       p  verdict",
        "----  -  ------  ------  -----  -----------  ------  ---------",
        "one   8  404 ms  604 ms   +50%  +49 to +50%  <0.001  regressed",
        "",
    ]
    assert "Regressed: small/one@glm-4: first token (ttft) 404 ms, now 604 ms (+50%)\n" in out
    assert out.endswith("\n1 regression: nothing fails without --fail-on regression.\n")
    assert max(map(wcswidth, out.splitlines())) <= 80


def test_a_regression_can_fail(base, slow):
    code, out, _ = run(base, slow, "--fail-on", "regression")
    assert code == 4
    assert out.endswith("\n--fail-on regression: 1 regression.\n")


def test_an_improvement_never_fails(base, slow):
    code, out, _ = run(slow, base, "--fail-on", "regression")
    assert code == 0
    assert "Improved: small/one@glm-4: first token (ttft) 604 ms, now 404 ms (-33%)\n" in out


def test_too_few_repeats_fail_nothing_and_say_so(tmp_path):
    few = write(tmp_path / "few.json", 0.4, n=3)
    slow = write(tmp_path / "slow.json", 0.9, n=3)
    code, out, _ = run(few, slow, "--fail-on", "regression")
    assert code == 0
    note = "cannot be significant with n = 3 and 3 among 2 comparisons; 5 repeats could."
    assert note in out.replace("\n  ", " ")


def test_a_case_that_fails_now_is_a_regression_at_any_number_of_repeats(tmp_path):
    good = write(tmp_path / "good.json", 0.4, n=1)
    bad = write(tmp_path / "bad.json", 0.4, n=1, status="failed")
    code, out, _ = run(good, bad, "--fail-on", "regression")
    assert code == 4
    assert "Regressed: small/one@glm-4: passed 1 of 1, now 0 of 1\n" in out


def test_what_did_not_change_is_drawn_when_asked_for(base):
    _, out, _ = run(base, base, "--verbose")
    assert "one   8  404 ms  404 ms     0%  -1 to +1%  1.000  no change\n" in out


def test_a_missing_base_warns_and_fails_nothing(tmp_path, base):
    missing = tmp_path / "missing.json"
    code, out, err = run(missing, base, "--fail-on", "regression")
    assert (code, out) == (0, "")
    assert err == (
        f"Warning: there is no {missing} to compare with. A copy of {base} would be one.\n"
    )


def test_a_file_is_written_also_where_there_is_no_base_yet(tmp_path, base):
    code, _, _ = run(tmp_path / "missing.json", base, "-o", tmp_path / "c.md")
    assert code == 0
    assert (tmp_path / "c.md").read_text(encoding="utf-8").startswith("## ✅ glmbench: passed\n")


def test_a_base_that_is_a_link_to_nothing_is_an_error(tmp_path, base):
    (tmp_path / "link.json").symlink_to(tmp_path / "gone.json")
    with pytest.raises(UsageError, match=r"link\.json cannot be read: No such file or directory$"):
        run(tmp_path / "link.json", base)


def test_a_missing_head_is_an_error(tmp_path, base):
    missing = tmp_path / "missing.json"
    with pytest.raises(UsageError, match=f"^{missing} cannot be read: No such file or directory$"):
        run(base, missing)


def test_a_head_that_is_no_result_is_an_error_even_without_a_base(tmp_path):
    (tmp_path / "head.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^.*head\.json"):
        run(tmp_path / "missing.json", tmp_path / "head.json")


def test_a_base_that_is_no_result_is_an_error(tmp_path, base):
    foreign = tmp_path / "foreign.json"
    foreign.write_text('{"schema": "somebody.else/1"}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"^.*foreign\.json"):
        run(foreign, base)
