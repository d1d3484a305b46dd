"""The JSON Schema of a suite file, for editors: what they complete, explain and underline.

A table of its own beside the readers, which judge a suite: a schema sees keys, types and words, but
no template, no file, no threshold and nothing that two places say of each other. Each mapping has
as its title what messages call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.suites.durations import MAX_DURATION_S
from glmbench.suites.expectschema import expect_definitions
from glmbench.suites.faults import CUT_KINDS
from glmbench.suites.model import ON_TURN_FAILURE, ROLES
from glmbench.suites.profiles import MODES
from glmbench.suites.schemaparts import (
    boolean,
    choice,
    either,
    mapping,
    mapping_of,
    ref,
    text,
    texts,
    whole,
)
from glmbench.suites.thresholds import SEVERITIES, WHENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.suites.schemaparts import Schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
_IMPORT = "^[^:]+:[^:]+$"
# `skip: no` would be a reason of two letters.
_NO_YAML_1_1 = "^(?!([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$)"


def suite_schema() -> Schema:
    """Build the schema of a whole suite file, as plain data for JSON."""
    return {
        "$schema": _DIALECT,
        **mapping(
            "the suite",
            "A suite of glmbench: a provider, and the cases that are put to it.",
            _suite(),
            required=("version", "provider", "cases"),
        ),
        "$defs": {
            **_words(),
            **_cases(),
            **_runs(),
            **expect_definitions(),
        },
    }


def _suite() -> Mapping[str, Schema]:
    return {
        "version": {"const": 1, "description": "The version of the format."},
        "name": text("Names the suite and its cassettes; by default the file's name."),
        "description": text("For people."),
        "secrets": _secrets(),
        "env": texts("Variables that templates may use.", pattern=_VARIABLE),
        "provider": _provider(),
        "cassettes": _cassettes(),
        "matrix": _matrix(),
        "defaults": _defaults(),
        "cases": {
            "type": "array",
            "minItems": 1,
            "items": ref("case"),
            "description": "What is asked, and what is expected of the answers.",
        },
        "profiles": mapping_of("Named ways to run the suite, for --profile.", ref("profile")),
        "thresholds": {
            "type": "array",
            "minItems": 1,
            "items": either(ref("check"), ref("threshold")),
            "description": "What figures of many trials must be.",
        },
    }


def _secrets() -> Schema:
    names = texts("Variables whose values are written nowhere.", pattern=_VARIABLE)
    return either(
        names,
        mapping(
            "secrets",
            "Variables whose values are written nowhere, and texts that are no secrets.",
            {"env": names, "allow": texts("Texts that look like credentials and are none.")},
        ),
    )


def _provider() -> Schema:
    properties = {
        "name": text("A provider that comes with glmbench."),
        "import": text("A provider from elsewhere: package.module:ClassName.", pattern=_IMPORT),
        "kwargs": mapping_of("Arguments of every call; texts are templates.", {}),
        "template": boolean("Whether texts in kwargs are templates; true by default."),
    }
    spec = mapping("provider", "The provider, and how it is called.", properties)
    exactly_one = {"oneOf": [{"required": ["name"]}, {"required": ["import"]}]}
    return either(text("A provider that comes with glmbench."), {**spec, **exactly_one})


def _cassettes() -> Schema:
    properties = {
        "dir": text("Their folder, relative to this file; cassettes/<name> by default."),
        "timing": ref("timing"),
        "max_age": text("Older recordings warn: 12h, 90d or 4w.", pattern=r"^[0-9.]+\s*[hdw]$"),
        "ignore": texts("Paths in JSON bodies that do not count when requests are compared."),
    }
    none = {"const": "none", "description": "The provider makes no HTTP."}
    return either(
        none, mapping("cassettes", "Where recordings are and how they are used.", properties)
    )


def _matrix() -> Schema:
    values = {
        "type": "array",
        "minItems": 1,
        "items": {"type": ["string", "number", "boolean"]},
    }
    return {
        **mapping_of("Every case runs with every combination of these values.", values),
        "properties": {"model": texts("The models, for cases that name none.")},
        "propertyNames": {"pattern": _VARIABLE, "not": {"const": "env"}},
    }


# --- words and values -----------------------------------------------------------------------


def _words() -> Mapping[str, Schema]:
    """What several keys take."""
    return {
        "duration": {
            "description": "A number of seconds, or a text with a unit: 500ms, 3s, 2min.",
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_DURATION_S},
                {"type": "string", "pattern": r"^\s*[0-9.]+\s*(ms|s|min)\s*$"},
            ],
        },
        "wait": {
            "description": "A number of seconds, or a text with a unit; it may be 0.",
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\s*[0-9.]+\s*(ms|s|min)\s*$"},
            ],
        },
        "timing": text(
            "The pace of a replay: recorded, instant, or a speed such as 1x or 4x.",
            pattern=r"^(recorded|instant|[0-9.]+x)$",
        ),
        "tags": texts("Words to select cases by.", pattern=_ID),
        "vars": {
            **mapping_of("Values for templates.", {}),
            "propertyNames": {"pattern": _VARIABLE, "not": {"enum": ["env", "model"]}},
        },
        "options": mapping_of("Arguments of the provider, over its kwargs.", {}),
        "said": text("A text, by default a template; or file://NAME, a text beside this file."),
    }


# --- defaults and cases ---------------------------------------------------------------------


def _shared() -> Mapping[str, Schema]:
    """What a case and the defaults both say."""
    return {
        "model": text("The model; by default the provider's own."),
        "options": ref("options"),
        "tags": ref("tags"),
        "vars": ref("vars"),
        "timeout": ref("duration"),
        "repeat": whole("How often each trial runs.", least=1),
        "min_pass": whole("How many of the repeats must pass; by default all.", least=1),
        "template": boolean("Whether texts are templates; true by default."),
        "expect": ref("expect"),
    }


def _defaults() -> Schema:
    return mapping("defaults", "What every case starts from.", _shared())


def _cases() -> Mapping[str, Schema]:
    case = mapping("a case", "What is said, and what the answer must show.", _case(), ("id",))
    said = [{"required": [key]} for key in ("prompt", "messages", "turns")]
    turn = mapping(
        "a turn",
        "A user message and what its answer must show.",
        {"prompt": ref("said"), "expect": ref("expect")},
        required=("prompt",),
    )
    message = mapping(
        "a message",
        "One message of a history.",
        {"role": choice("Who says it.", ROLES), "content": ref("said")},
        required=("role", "content"),
    )
    dependent = {"dependentRequired": {"on_turn_failure": ["turns"]}}
    return {"case": {**case, "oneOf": said, **dependent}, "turn": turn, "message": message}


def _case() -> Mapping[str, Schema]:
    return {
        "id": text("Unique in the suite; it names files.", pattern=_ID),
        "description": text("For people."),
        "prompt": ref("said"),
        "messages": {"type": "array", "minItems": 1, "items": ref("message")},
        "turns": {"type": "array", "minItems": 1, "items": either(ref("said"), ref("turn"))},
        "on_turn_failure": choice("What follows a turn that failed.", ON_TURN_FAILURE),
        "dataset": text("A CSV, JSON or JSONL file beside this one: one trial for each row."),
        "skip": either(
            boolean("Whether to leave the case out."),
            text("Why it is left out.", pattern=_NO_YAML_1_1),
        ),
        "fault": ref("fault"),
        **_shared(),
    }


# --- faults, profiles and thresholds --------------------------------------------------------


def _runs() -> Mapping[str, Schema]:
    threshold = {
        "check": ref("check"),
        "where": mapping("where", "Which cases count.", {"tag": text("A tag.")}, ("tag",)),
        "when": choice("Which figures are meant; live by default.", WHENS),
        "severity": choice("What it costs to break it; error by default.", SEVERITIES),
    }
    return {
        "fault": _fault(),
        "profile": mapping("a profile", "How a run goes.", _profile()),
        "check": text("STATISTIC(METRIC) OPERATOR VALUE: p95(ttft) < 2s, rate(passed) == 100%."),
        "threshold": mapping("a threshold", "A threshold with conditions.", threshold, ("check",)),
    }


def _fault() -> Schema:
    properties = {
        "cut_after": whole("The body ends after so many chunks.", least=0),
        "kind": choice("How it ends; reset by default.", CUT_KINDS),
        "refuse": {"const": True, "description": "The connection is refused."},
        "status": {**whole("The server answers with this error.", least=400), "maximum": 599},
        "retry_after": ref("wait"),
        "delay_first": ref("duration"),
        "corrupt": mapping(
            "corrupt",
            "One byte of a chunk is wrong.",
            {"chunk": whole("Counted from 1.", least=1)},
            required=("chunk",),
        ),
    }
    names = ("cut_after", "refuse", "status", "delay_first", "corrupt")
    return {
        **mapping("a fault", "What goes wrong in the replay.", properties),
        "oneOf": [{"required": [name]} for name in names],
        "dependentRequired": {"kind": ["cut_after"], "retry_after": ["status"]},
    }


def _profile() -> Mapping[str, Schema]:
    return {
        "mode": choice("What is done with cassettes.", MODES),
        "timing": ref("timing"),
        "tags": texts("Only cases with one of these tags."),
        "not_tags": texts("No case with one of these tags."),
        "repeat": whole("How often each trial runs.", least=1),
        "concurrency": whole("How many trials run at a time.", least=1),
        "rate": text("How many trials start in a time: 10/m, 2/s or 100/h."),
        "max_requests": whole("Skip what would ask for more; a trial counts its turns.", least=1),
        "max_time": {**ref("duration"), "description": "Start nothing after this time."},
        "timeout": {**ref("duration"), "description": "The deadline of each trial."},
        "retries": whole("How often a turn is asked again after an error that can pass.", least=0),
        "warmup": whole("Requests before those that count.", least=0),
        "fail_fast": boolean("Whether the first failure ends the run."),
        "strict": boolean("Whether warnings are failures."),
    }
