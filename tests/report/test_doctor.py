"""A diagnosis as text: every section, within 80 columns."""

from __future__ import annotations

from dataclasses import replace

from wcwidth import wcswidth

from glmbench.inspection.calibration import Load, LoopLag, TimerLag, Uncalibrated
from glmbench.inspection.doctor import (
    Diagnosis,
    Installation,
    Library,
    OptionalPart,
    ProviderKeys,
    Variable,
)
from glmbench.measure.stats import summarize
from glmbench.report.doctor import render_diagnosis

SOCKS = OptionalPart(
    library=Library(name="aiohttp-socks", version=None),
    good_for="SOCKS proxies",
    install="glmbench[socks]",
)
BROTLI = OptionalPart(
    library=Library(name="brotli", version="1.2.1"), good_for="small answers", install="brotli"
)
FOUND = Installation(
    glmbench="0.1.0",
    python="CPython 3.11.7",
    platform="Linux x86_64",
    libraries=(Library(name="aiohttp", version="3.14.5"), Library(name="rich", version=None)),
    parts=(SOCKS, BROTLI),
    keys=(
        ProviderKeys(provider="chatglm", variables=()),
        ProviderKeys(
            provider="glm",
            variables=(
                Variable(name="ZHIPUAI_API_KEY", is_set=False),
                Variable(name="ZAI_API_KEY", is_set=True),
            ),
        ),
    ),
    proxies=(Variable(name="HTTP_PROXY", is_set=True), Variable(name="NO_PROXY", is_set=False)),
)
LAG = LoopLag(
    loop="asyncio", timers=(TimerLag(delay_s=0.01, late=summarize([0.0001, 0.0002, 0.0123])),)
)
ONE = Load(
    streams=1,
    ttft_error=summarize([0.0002, 0.0003, 0.0019]),
    gap_error=summarize([0.0001] * 30),
    client_lag=summarize([0.00005] * 42),
)
MANY = Load(
    streams=20,
    ttft_error=summarize([0.0012] * 20),
    gap_error=summarize([0.0015] * 200),
    client_lag=summarize([0.0021] * 280),
)
WHOLE = Diagnosis(installation=FOUND, loop_lag=LAG, calibration=(ONE, MANY))

DRAWN = """\
Versions
what      version
--------  --------------
glmbench  0.1.0
Python    CPython 3.11.7
platform  Linux x86_64
aiohttp   3.14.5
rich      missing

Optional parts
part           version  for
-------------  -------  --------------------------------------------
aiohttp-socks  missing  SOCKS proxies: pip install "glmbench[socks]"
brotli         1.2.1    small answers

API keys
provider  variable         key
--------  ---------------  ----------
chatglm   -                needs none
glm       ZHIPUAI_API_KEY  not set
glm       ZAI_API_KEY      set

Proxies (used only where a provider has the option trust_env)
variable    proxy
----------  -------
HTTP_PROXY  set
NO_PROXY    not set

Event-loop lag (asyncio): how late a timer fires when nothing else happens
timer  n   median  p95    max
-----  -  -------  ---  -----
10 ms  3  0.20 ms    -  12 ms

Calibration: glmbench's own emulator on 127.0.0.1, measured against its log
streams  what           n   median      p95      max
-------  -----------  ---  -------  -------  -------
      1  TTFT error     3  0.30 ms        -   1.9 ms
      1  |gap error|   30  0.10 ms  0.10 ms  0.10 ms
      1  client lag    42  0.05 ms  0.05 ms  0.05 ms
     20  TTFT error    20   1.2 ms   1.2 ms   1.2 ms
     20  |gap error|  200   1.5 ms   1.5 ms   1.5 ms
     20  client lag   280   2.1 ms   2.1 ms   2.1 ms

Below about 0.30 ms (one stream at a time) and 1.5 ms (20 at once) a time, or
the difference of two, is this machine's own noise and says nothing of a
service.
"""


def test_every_section_is_drawn():
    assert render_diagnosis(WHOLE) == DRAWN


def test_what_is_missing_and_no_extra_is_installed_by_its_own_name():
    bare = replace(BROTLI, library=Library(name="brotli", version=None))
    drawn = render_diagnosis(replace(WHOLE, installation=replace(FOUND, parts=(bare,))))
    assert "\nbrotli  missing  small answers: pip install brotli\n" in drawn


def test_without_a_calibration_its_reason_is_said_and_the_rest_is_drawn():
    reason = "the emulator did not start: cannot listen on 127.0.0.1:0: Permission denied"
    drawn = render_diagnosis(replace(WHOLE, calibration=Uncalibrated(reason=reason)))
    before = DRAWN.partition("Calibration:")[0]
    assert drawn == (
        f"{before}There is no calibration: the emulator did not start: cannot listen on\n"
        "  127.0.0.1:0: Permission denied\n"
    )


def test_long_versions_stay_within_80_columns():
    odd = "0.1.dev123+g0123456789abcdef.d20260101" * 3
    long = replace(
        FOUND,
        platform=odd,
        libraries=(Library(name="aiohttp", version=odd),),
        parts=(replace(SOCKS, library=Library(name="aiohttp-socks", version=odd)), SOCKS),
    )
    drawn = render_diagnosis(replace(WHOLE, installation=long))
    assert [line for line in drawn.splitlines() if wcswidth(line) > 80] == []
