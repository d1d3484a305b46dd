"""What a service breaks off is a failure in every figure, however politely it ended."""

from __future__ import annotations

import json
import math

import pytest
from running.runs import plans, run, served
from running.test_attempts import SUITE, answer
from streamserver import CUT, LAST, chunked, head

from glmbench.report.outcomes import list_items, red_items
from glmbench.results.judge import decide
from glmbench.results.statistics import latency_statistics

TWO = SUITE + "  - {id: one, prompt: Hello}\n  - {id: two, prompt: Hello}\n"
MODES = ["live", "record"]


def without_finish_reason(text, *, done):
    """Answer with text and a clean end of the body, perhaps also `[DONE]`, and no finish reason."""
    chunk = {"choices": [{"index": 0, "delta": {"content": text}}]}
    body = f"data: {json.dumps(chunk)}\n\n" + ("data: [DONE]\n\n" if done else "")
    return [head("Content-Type: text/event-stream"), chunked(body.encode()), LAST, CUT]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("done", [False, True])
def test_a_stream_that_ends_cleanly_without_a_finish_reason_is_counted_as_failed(
    tmp_path, mode, done
):
    with served(answer("Fine."), without_finish_reason("Half", done=done)) as (_, address):
        result = run(plans(tmp_path, TWO), mode=mode, connect_to=address)
    whole, half = result.trials
    assert (whole.status, half.status) == ("passed", "error")
    assert (half.error.type, half.text) == ("IncompleteStreamError", "Half")
    assert half.finish_reason is None
    (group,) = latency_statistics(result.trials)
    assert (group.trials, group.failed) == (2, 1)
    ttft = next(each.values for each in group.statistics if each.metric == "ttft")
    assert (ttft.n, ttft.failed) == (1, 1)
    assert ttft.adjusted_p50 == ttft.p50 == whole.timing.ttft_s
    assert ttft.max < math.inf
    # A recording that was not kept goes before what the provider did: 6, not 5.
    assert decide(result) == {"live": 5, "record": 6}[mode]
    assert [item.name for item in red_items(list_items(result))] == ["two@any@1"]
