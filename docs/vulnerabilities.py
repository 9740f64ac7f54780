"""Looks for known vulnerabilities of all that requirements.lock names, in the lists of the day.

    make vulnerabilities

pip-audit asks the package index: that needs the internet. It says "none found" also where it could
not ask about a package; here such a package is not taken for a sound one. Status 0: all were looked
up, and none is known. 1: some are known. 2: some or all could not be looked up.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = "pip-audit==2.10.1"
LOCK = str(Path(__file__).parent.parent / "requirements.lock")


def asked() -> tuple[str, str]:
    """What pip-audit answers of the lock file as JSON, and what it says beside it.

    It runs in an environment of its own: no installation needs it.
    """
    words = ["--disable-pip", "--require-hashes", "--requirement", LOCK, "--format", "json"]
    uv = str(Path(sys.executable).with_name("uv"))
    done = subprocess.run(
        [uv, "tool", "run", "--quiet", "--from", PROGRAM, "pip-audit", *words],
        capture_output=True,
        text=True,
    )
    return done.stdout, done.stderr


def judged(answer: str, said: str) -> tuple[int, list[str]]:
    """The status, and what to print, a line each."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except ValueError:
        last = (said.split("\n\n")[-1].splitlines() or ["no reason given"])[-1]
        return 2, [f"nothing was looked up, as pip-audit did not answer: {last}"]
    lines = [
        f"{each['name']} {each['version']}: {known['id']} {' '.join(known['aliases'])}; "
        f"mended in {', '.join(known['fix_versions']) or 'no version yet'}"
        for each in packages
        for known in each.get("vulns", ())
    ]
    skipped = [each["skip_reason"] for each in packages if "skip_reason" in each]
    many = len(packages) - len(skipped)
    if skipped or not packages:
        lines.append(
            f"{many} of {len(packages)} packages were looked up, and nothing is known of the "
            f"others: {(skipped or ['there are none'])[0]}"
        )
        return 1 if len(lines) > 1 else 2, lines
    return (1, lines) if lines else (0, [f"no vulnerability is known of {many} packages"])


if __name__ == "__main__":
    status, lines = judged(*asked())
    print("\n".join(lines), file=sys.stderr if status else sys.stdout)
    sys.exit(status)
