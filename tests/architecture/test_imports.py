"""What `import glmbench` costs and offers, and that the tests mirror the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import glmbench

PACKAGE = Path(glmbench.__file__).parent
TESTS = Path(__file__).parents[1]

HEAVY = ("aiohttp", "vcr", "yaml", "tabulate", "jinja2", "asyncio")


def modules_after(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    ["import glmbench", "import glmbench.wire.sse", "from glmbench import FinishReason"],
)
def test_a_light_import_pulls_in_nothing_heavy(statement):
    assert modules_after(statement).isdisjoint(HEAVY)


def test_the_decoders_pull_in_neither_aiohttp_nor_vcrpy():
    loaded = modules_after("import glmbench.wire.chatglm, glmbench.measure.timing")
    assert loaded.isdisjoint({"aiohttp", "vcr", "asyncio"})


def test_the_provider_alone_pulls_in_neither_vcrpy_nor_yaml():
    assert modules_after("from glmbench import ChatGLM").isdisjoint({"vcr", "yaml", "tabulate"})


def test_help_and_list_load_neither_vcrpy_nor_a_table_too_early():
    loaded = modules_after("from glmbench.cli.main import cli")
    assert loaded.isdisjoint({"aiohttp", "vcr", "yaml", "tabulate"})


def test_every_export_is_there_and_none_is_named_like_a_submodule():
    submodules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if path.is_dir()
    }
    for name in glmbench.__all__:
        assert getattr(glmbench, name).__class__ is not type(glmbench), name
    assert submodules.isdisjoint(glmbench.__all__)
    assert set(glmbench.__all__) <= set(dir(glmbench))


def test_an_unknown_export_is_an_attribute_error():
    with pytest.raises(AttributeError, match="^module 'glmbench' has no attribute 'ChatGML'$"):
        _ = glmbench.ChatGML


def test_only_the_top_package_has_anything_in_its_init():
    inits = [path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]
    assert [path for path in inits if path.read_text(encoding="utf-8")] == []


# Modules whose tests stand elsewhere, each with the reason.
TESTED_ELSEWHERE = {
    "__main__": "e2e runs it in every test",
    "about": "e2e compares it with --version",
    "cassettes/interaction": "data; cassettes/test_store and test_recorder",
    "cassettes/library": "cassettes/test_tape",
    "cassettes/playing_tape": "cassettes/test_tape and test_player",
    "cassettes/recording_tape": "cassettes/test_tape and test_recorder",
    "cassettes/verdict": "data; its rules are tested where they are applied, in results/test_judge",
    "cassettes/reader": "cassettes/test_recorder drives it through aiohttp",
    "cassettes/exchange": "cassettes/test_recorder drives it through aiohttp",
    "cli/carry_out": "e2e/test_reports, test_resume and test_quickstart",
    "cli/cassette": "e2e/test_cassette_verbs",
    "cli/careful": "e2e/test_control",
    "cli/compare": "e2e/test_compare",
    "cli/doctor": "e2e/test_doctor",
    "cli/drift": "e2e/test_faults_and_imports",
    "cli/files": "e2e/test_reports",
    "cli/import_": "e2e/test_faults_and_imports",
    "cli/init": "e2e/test_control",
    "cli/list_": "e2e/test_quickstart",
    "cli/main": "e2e/test_bad_input",
    "cli/options": "e2e/test_control and test_bad_input",
    "cli/output": "e2e/test_bad_input",
    "cli/report": "e2e/test_reports",
    "cli/run": "e2e/test_quickstart and test_bad_input",
    "cli/serve": "e2e/test_interruption",
    "cli/show": "e2e/test_cassette_verbs",
    "errors": "data; messages are tested where they are raised",
    "measure/observation": "data; measure/test_timing",
    "parts": "wire/test_chatglm",
    "providers/answer": "providers/test_chatglm and test_completions",
    "report/drift": "inspection/test_drift",
    "report/listing": "e2e/test_quickstart",
    "results/model": "data; results/test_document",
    "running/environment": "e2e/test_quickstart",
    "running/observe": "running/test_runner",
    "running/stand_ins": "running/test_keeping",
    "running/plan": "e2e/test_bad_input",
    "running/outcome": "running/test_runner and test_keeping",
    "running/stage": "running/test_runner and test_keeping",
    "running/take": "running/test_runner and test_keeping",
    "server/connection": "server/test_delivery and test_playback",
    "server/fields": "server/test_script_file",
    "server/listening": "server/test_emulator and test_playback",
    "server/script_options": "server/test_script_file",
    "suites/durations": "suites/test_faults and test_profiles",
    "suites/expect": "data; suites/test_expectations",
    "suites/rates": "running/test_limits",
    "suites/recordings": "suites/test_load",
}


def test_every_module_has_its_test_or_says_where_it_is():
    modules = {
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }
    tested = {
        path.relative_to(TESTS).with_suffix("").as_posix().replace("test_", "")
        for path in TESTS.rglob("test_*.py")
    }
    assert sorted(modules - tested - set(TESTED_ELSEWHERE)) == []
    assert set(TESTED_ELSEWHERE) <= modules
