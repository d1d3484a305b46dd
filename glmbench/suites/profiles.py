"""Named ways to run a suite: `profiles: {smoke: {mode: live, repeat: 3, rate: 10/m}}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.suites.bounds import BoundError
from glmbench.suites.durations import read_duration
from glmbench.suites.nodes import Keys, Node, flag, integer, one_or_list, plain_mapping, text, word
from glmbench.suites.rates import parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.suites.rates import Rate

Mode: TypeAlias = Literal["replay", "record", "refresh", "live"]
MODES: tuple[Mode, ...] = ("replay", "record", "refresh", "live")

_TIMING = re.compile(r"recorded|instant|(?=.*[1-9])\d{1,6}(?:\.\d{1,6})?x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a profile says; None where it says nothing. Times are in seconds."""

    mode: Mode | None = None
    timing: str | None = None
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    repeat: int | None = None
    concurrency: int | None = None
    rate: Rate | None = None
    max_requests: int | None = None
    max_time_s: float | None = None
    timeout_s: float | None = None
    retries: int | None = None
    warmup: int | None = None
    fail_fast: bool | None = None
    strict: bool | None = None


def read_profiles(node: Node) -> Mapping[str, Profile]:
    """Read the profiles of a suite by name."""
    given = plain_mapping(node)
    return {name: _profile(node.child(name)) for name in given}


def _profile(node: Node) -> Profile:
    with Keys(node, "a profile") as keys:
        return Profile(
            mode=keys.find("mode", lambda n: word(n, MODES, "mode", "replay")),
            timing=keys.find("timing", read_timing),
            tags=keys.read("tags", one_or_list(text), ()),
            not_tags=keys.read("not_tags", one_or_list(text), ()),
            repeat=keys.find("repeat", positive),
            concurrency=keys.find("concurrency", positive),
            rate=keys.find("rate", _rate),
            max_requests=keys.find("max_requests", positive),
            max_time_s=keys.find("max_time", read_duration),
            timeout_s=keys.find("timeout", read_duration),
            retries=keys.find("retries", _count),
            warmup=keys.find("warmup", _count),
            fail_fast=keys.find("fail_fast", flag),
            strict=keys.find("strict", flag),
        )


def read_timing(node: Node) -> str:
    """Read the pace of a replay."""
    timing = text(node)
    if timing and not _TIMING.fullmatch(timing):
        node.report(f'"{timing}" is no pace of a replay', "write recorded, instant, 1x or 4x")
    return timing


def _rate(node: Node) -> Rate | None:
    written = text(node)
    if not written:
        return None
    try:
        return parse_rate(written)
    except BoundError as error:
        node.report(str(error), error.hint)
        return None


def positive(node: Node) -> int:
    """Read a whole number from 1."""
    number = integer(node)
    if type(node.value) is int and number < 1:
        node.report(f"{node.label} must be at least 1")
    return number


def _count(node: Node) -> int:
    number = integer(node)
    if number < 0:
        node.report(f"{node.label} must not be negative")
    return number
