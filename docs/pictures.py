"""Takes the pictures of the guides from a running demo: `python docs/pictures.py UI_ADDRESS`.

Needs Chromium (Debian: chromium) and, for the Chinese text, fonts-noto-cjk. The columns are set the
way docs/offices.md tells operators to set them.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright

FOLDER = Path(__file__).parent / "pictures"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
COLUMNS = (
    "Status",
    "Workflow ID",
    "ExitProcedure",
    "ExitSubject",
    "ExitStep",
    "ExitWaitingFor",
    "ExitDeadline",
    "ExitOverdue",
    "ExitOutcome",
)
TOWNSHIP = "419821"
"""The county of the demo's second part."""
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


async def main(ui: str) -> None:
    """Open lists of cases, one county's case and one roster's, and keep what is shown."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        context = await browser.new_context(
            viewport={"width": 1560, "height": 640}, timezone_id="Asia/Shanghai"
        )
        columns = json.dumps({"default": [{"label": name} for name in COLUMNS]})
        await context.add_init_script(
            f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(columns)})"
        )
        cases = f"{ui}/namespaces/default/workflows"
        await _take(context, cases, "cases", "county-exit", height=820)
        overdue = f"{cases}?query=ExitOverdue%3Dtrue"
        link = await _take(context, overdue, "overdue", "county-exit")
        city = f"{cases}?query=ExitRegion%3D%22411600%22"
        await _take(context, city, "city", "county-exit")
        case = link.rsplit("/", 1)[0]
        await _take(context, f"{case}/user-metadata", "details", "Current", height=1150)
        await _take(context, f"{case}/timeline", "timeline", "write_ledger", height=1000)
        township = f"{cases}?query=ExitRegion%3D%22{TOWNSHIP}%22"
        await _take(context, township, "township", "village-exit", height=680)
        rosters = f"{township}%20AND%20ExecutionStatus%3D%22Running%22"
        link = await _take(context, rosters, "", "household-exit")
        roster = link.rsplit("/", 1)[0]
        await _take(context, f"{roster}/user-metadata", "roster", "Current", height=1060)
        await browser.close()


async def _take(
    context: BrowserContext, address: str, name: str, awaited: str, height: int = 640
) -> str:
    """Photograph a page, where it has a name, once a text stands on it.

    Returns:
        The first link to a case.
    """
    page = await context.new_page()
    await page.set_viewport_size({"width": 1560, "height": height})
    await page.goto(address)
    await page.get_by_text(awaited).first.wait_for()
    if name:
        await page.wait_for_timeout(4000)  # the UI polls for ever: there is no quiet to wait for
        await page.screenshot(path=FOLDER / f"{name}.png")
    links: list[str] = await page.eval_on_selector_all("a", "all => all.map(one => one.href)")
    await page.close()
    return next((link for link in links if "-exit%2F" in link), "")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/pictures.py http://127.0.0.1:PORT")
    asyncio.run(main(sys.argv[1].rstrip("/")))
