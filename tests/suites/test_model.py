from __future__ import annotations

from pathlib import Path

from glmbench.suites.model import CassetteSettings, ProviderSpec, Suite


def test_cassettes_lie_relative_to_the_suite_file():
    suite = Suite(
        version=1,
        name="s",
        path=Path("prompts/s.yaml"),
        provider=ProviderSpec(name="chatglm"),
        cassettes=CassetteSettings(dir="../cassettes/s"),
        cases=(),
    )
    assert suite.cassettes_path == Path("prompts/../cassettes/s")
