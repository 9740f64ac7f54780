"""`make vulnerabilities`: what was not looked up is never taken for sound."""

import json
from typing import Any

import pytest

from docs.vulnerabilities import judged

SOUND: dict[str, Any] = {"name": "rich", "version": "15.0.0", "vulns": []}
KNOWN = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-0", "aliases": ["CVE-0"], "fix_versions": ["3.1.9"]}],
}
SKIPPED = {"name": "uv", "skip_reason": "not found: uv (0.13.9)"}
KNOWN_SAID = "jinja2 3.1.0: PYSEC-0 CVE-0; mended in 3.1.9"
NOTHING_OF_UV = (
    "packages were looked up, and nothing is known of the others: not found: uv (0.13.9)"
)


@pytest.mark.parametrize(
    ("packages", "status", "lines"),
    [
        ([SOUND], 0, ["no vulnerability is known of 1 packages"]),
        ([SOUND, KNOWN], 1, [KNOWN_SAID]),
        ([SOUND, SKIPPED], 2, [f"1 of 2 {NOTHING_OF_UV}"]),
        ([SKIPPED, KNOWN], 1, [KNOWN_SAID, f"1 of 2 {NOTHING_OF_UV}"]),
        (
            [],
            2,
            ["0 of 0 packages were looked up, and nothing is known of the others: there are none"],
        ),
    ],
)
def test_only_what_was_looked_up_is_sound(
    packages: list[dict[str, Any]], status: int, lines: list[str]
) -> None:
    assert judged(json.dumps({"dependencies": packages, "fixes": []}), "") == (status, lines)


@pytest.mark.parametrize("said", ["", "error: Failed to fetch\n\n  Caused by: no route\n"])
def test_an_answer_that_did_not_come_says_so(said: str) -> None:
    status, (line,) = judged("", said)
    assert status == 2
    assert line.startswith("nothing was looked up, as pip-audit did not answer: ")
    assert line.endswith("no route" if said else "no reason given")
