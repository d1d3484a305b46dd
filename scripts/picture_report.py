"""Make the pictures of docs/reference/html-report.md from a result. Run by hand; needs chromium.

.venv/bin/glmbench run prompts/quickstart.yaml prompts/finish_reasons.yaml -o /tmp/r.json
.venv/bin/python scripts/picture_report.py /tmp/r.json
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import open_browser  # noqa: E402

from glmbench.report.html import render_html  # noqa: E402
from glmbench.results.read import read_result  # noqa: E402

CASE = "quickstart/long-en@glm-4@1"


async def main(result: Path) -> None:
    images = ROOT / "docs/images"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "report.html"
        path.write_text(render_html(read_result(result)), encoding="utf-8")
        async with open_browser(Path(folder) / "profile") as page:
            await page.call("Emulation.setScrollbarsHidden", hidden=True)
            await page.look(width=1120, height=1480)
            await page.open(path)
            (images / "report.png").write_bytes(await page.screenshot())

            await page.look(width=375, height=812, dark=True, mobile=True)
            await page.evaluate(
                "for (const each of document.querySelectorAll('.trial'))"
                f"if (each.querySelector('h3').textContent === {CASE!r}) each.id = 'shown';"
                "document.getElementById('shown').open = true"
            )
            await page.settle()
            await page.evaluate(
                "document.querySelector('#shown .strip').focus({focusVisible: true})"
            )
            await page.press("ArrowRight", times=8)
            await page.evaluate("document.getElementById('shown').scrollIntoView()")
            await page.settle()
            (images / "report-phone.png").write_bytes(await page.screenshot())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
