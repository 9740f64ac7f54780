"""What supervision has found of a county while its exit is under way (F6, S4): it can block C7."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from models.policy import LEVELS
from models.ratios import ExactRates
from models.supervision.messages import SupervisionResult

RATES = {
    "S4.incidence": "incidence",
    "S4.wrong": "wrongly_exited",
    "S4.omitted": "omitted",
    "S4.recognition": "recognition",
}
"""The field of each rate, by the name of its criterion."""
LABELS = {
    "S4.incidence": "综合贫困发生率",
    "S4.wrong": "错退率",
    "S4.omitted": "漏评率",
    "S4.recognition": "群众认可度",
}


@dataclass
class Inspections:
    """Every result that the case knows, by the id of the supervision.

    For each rate the latest supervision counts that could compute it: one that could not says
    nothing of it, and lifts no block; nor does one of an office below the one that found it.

    Attributes:
        told: Supervisions whose result has come by a message, and is not looked up yet.
    """

    results: dict[str, SupervisionResult] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def take(self, result: SupervisionResult) -> bool:
        """Keep a result; False where it is known."""
        if result.supervision in self.results:
            return False
        self.results[result.supervision] = result
        return True

    def drop(self, supervision: str) -> None:
        """Forget a result that was none."""
        del self.results[supervision]

    def unharmed(self) -> Callable[[], bool]:
        """Tells later on whether nothing has come since now by which something fails.

        A failure that a later result has lifted again has come all the same: an approval from
        before it lapses. A result that was none has not.
        """
        before, failed = frozenset(self.results), bool(self.failing())

        def nothing_failed() -> bool:
            known = {name: each for name, each in self.results.items() if name in before}
            so_far = Inspections(known)
            for name, result in self.results.items():  # in the order in which they came
                if name not in known:
                    so_far.results[name] = result
                    if so_far.failing():
                        return False
            return failed or not self.failing()  # what is gone had covered one that fails

        return nothing_failed

    def failing(self) -> dict[str, SupervisionResult]:
        """The rates that are failed now, each with the supervision that found it so."""
        found: dict[str, SupervisionResult] = {}
        for name in RATES:
            known = [each for each in self.results.values() if _computed(each.rates, name)]
            standing: SupervisionResult | None = None
            for each in sorted(known, key=lambda each: each.at):
                # What the province has found, no city lifts.
                if standing is None or name not in standing.failed or _as_high(each, standing):
                    standing = each
            if standing is not None and name in standing.failed:
                found[name] = standing
        return found

    def lifted_at(self) -> datetime | None:
        """Since when nothing fails any more; None where nothing ever did, or something does."""
        so_far, lifted, failed = Inspections(), None, False
        for result in sorted(self.results.values(), key=lambda each: each.at):
            so_far.results[result.supervision] = result
            fails = bool(so_far.failing())
            if failed and not fails:
                lifted = result.at
            failed = fails
        return None if failed else lifted

    def block(self) -> str | None:
        """Why a county cannot be approved (C7), in one sentence; None where nothing fails."""
        said = [
            f"{name} failed in {result.supervision} ({_said(result.rates, name)})"
            for name, result in self.failing().items()
        ]
        if not said:
            return None
        return (
            f"{'; '.join(said)}: no approval (C7) until a later supervision finds it met; S4 "
            "cannot be overridden (F6, S4)"
        )

    def block_zh(self) -> str:
        """The same for the file and the offices, in short."""
        return "、".join(
            f"{LABELS[name]}未达标（{result.supervision}）"
            for name, result in self.failing().items()
        )


def _as_high(result: SupervisionResult, other: SupervisionResult) -> bool:
    """Whether an office of the same level, or of one above, has found it."""
    return LEVELS[result.office.body].height >= LEVELS[other.office.body].height


def _computed(rates: ExactRates, name: str) -> bool:
    return getattr(rates, RATES[name]).value is not None


def _said(rates: ExactRates, name: str) -> str:
    rate = getattr(rates, RATES[name])
    return f"{name.removeprefix('S4.')} {rate.part}/{rate.whole}"
