"""Prints the software bill of materials (CycloneDX 1.6) of what an installation runs.

    python -m docs.materials > exitflow.cdx.json

The packages that the project needs, and all that they need in turn, as they are installed here:
version, licence, and the hashes that requirements.lock demands of the files. Tools of development
are no part of it. Nothing is asked of the internet; a scanner of known vulnerabilities takes the
file as it is (``grype sbom:…``, ``osv-scanner --sbom …``, Dependency-Track).
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_LOCKED = re.compile(
    r"^(?P<package>\S+==.+) \\\n(?P<hashes>(?: +--hash=\S+(?: \\)?\n)+)", re.MULTILINE
)


@dataclass(frozen=True)
class Material:
    """A package that an installation runs.

    Attributes:
        licence: As the package says it itself: an expression, its classifiers, or its own words.
        needs: Names of packages that it needs in turn.
    """

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its address as a package (purl)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def materials() -> tuple[Material, ...]:
    """Everything that the project needs to run, by name."""
    found: dict[str, Material] = {}
    open_ = list(_needs(_PROJECT["dependencies"], frozenset()))
    while open_:
        name, extras = open_.pop()
        there = distribution(name)
        needed = list(_needs(there.requires or (), extras))
        known = found.get(name)
        needs = sorted({each for each, _ in needed} | set(known.needs if known else ()))
        made = Material(name, there.version, _licence(there), tuple(needs))
        if made != known:
            found[name] = made
            open_ += needed
    return tuple(found[name] for name in sorted(found))


def locked(text: str) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Version and SHA-256 hashes by name, as requirements.lock demands them on this machine."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for each in _LOCKED.finditer(text):
        package = Requirement(each["package"])
        if package.marker is None or package.marker.evaluate():
            digests = re.findall(r"sha256:([0-9a-f]{64})", each["hashes"])
            version = str(package.specifier).removeprefix("==")
            found[canonicalize_name(package.name)] = (version, tuple(digests))
    return found


def bill() -> dict[str, object]:
    """The bill, as CycloneDX has it."""
    demanded = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    own = _PROJECT["version"]
    found = materials()
    refs = {each.name: each.purl for each in found}
    root = f"pkg:pypi/exitflow@{own}"
    direct = sorted({name for name, _ in _needs(_PROJECT["dependencies"], frozenset())})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "exitflow",
                "version": own,
                "purl": root,
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": each.purl,
                "name": each.name,
                "version": each.version,
                "purl": each.purl,
                "licenses": [{"license": {"name": each.licence}}],
                # One of them is that of the file that was installed: a package has one a platform.
                "properties": [
                    {"name": "exitflow:lock:sha256", "value": digest}
                    for digest in demanded[each.name][1]
                ],
            }
            for each in found
        ],
        "dependencies": [
            {"ref": root, "dependsOn": [refs[name] for name in direct]},
            *(
                {"ref": each.purl, "dependsOn": [refs[name] for name in each.needs]}
                for each in found
            ),
        ],
    }


def _needs(lines: Iterable[str], extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for line in lines:
        needed = Requirement(line)
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield canonicalize_name(needed.name), frozenset(needed.extras)


def _licence(of: Distribution) -> str:
    said = of.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    classified = [
        each.rpartition(" :: ")[2]
        for each in said.get_all("Classifier") or ()
        if each.startswith("License :: ") and not each.endswith("OSI Approved")
    ]
    own = "".join((said.get_all("License") or [""])[:1])
    return " AND ".join(classified) or own.partition("\n")[0].strip()


if __name__ == "__main__":
    print(json.dumps(bill(), ensure_ascii=False, indent=1))
