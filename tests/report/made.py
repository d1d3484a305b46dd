"""Texts and results for the tests of files: any text there is, and runs of every outcome."""

from __future__ import annotations

from hypothesis import strategies as st
from results.support import make_result, make_trial

from glmbench.checks.result import CheckResult
from glmbench.results.model import STATUSES, Caveat, GateResult, Leak

# Lone surrogates too: JSON can bring them.
ANY_TEXT = st.text(st.characters(exclude_categories=[]))

UNMET = CheckResult(name="finish_reason", status="failed", expected="stop", got="length")


def gate(status="passed", severity="error", **changes):
    usual = {"suite": "small", "text": "max(ttft) < 2s", "got": "1.24s", "n": 20}
    return GateResult(**{**usual, "status": status, "severity": severity, **changes})


trials = st.lists(
    st.builds(
        lambda case, status, verdict, min_pass: {
            "case": case,
            "status": status,
            "verdict": verdict,
            "min_pass": min_pass,
        },
        case=st.sampled_from("ab"),
        status=st.sampled_from(["passed", "passed", "passed", *STATUSES]),
        verdict=st.sampled_from(["HIT", "HIT", "HIT", "HIT", "MISS", "LIVE"]),
        min_pass=st.sampled_from([None, 1, 2]),
    ),
    max_size=5,
).map(lambda made: [make_trial(repeat=number, **each) for number, each in enumerate(made, start=1)])
gates = st.lists(
    st.builds(
        gate,
        status=st.sampled_from(["passed", "failed", "unmeasured", "ignored"]),
        severity=st.sampled_from(["error", "warn"]),
    ),
    max_size=2,
)
rarely = st.sampled_from([False, False, False, True])
results = st.builds(
    make_result,
    trials,
    strict=st.booleans(),
    interrupted=rarely,
    gates=gates.map(tuple),
    warnings=rarely.map(lambda has: (Caveat(trials=("small/a",), words="weak"),) if has else ()),
    leaks=rarely.map(lambda has: (Leak(place="c.yaml", words="a key"),) if has else ()),
    regressions=rarely.map(lambda has: ("a: ttft 1 s, now 2 s",) if has else ()),
)
