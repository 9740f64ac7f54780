"""How far a supervision is and what it counts, read from its file."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from models.base import Record
from models.case.ledger import Entry, EntryKind
from models.case.messages import Finding, Resolution
from models.ratios import ExactRates, Ratio
from models.standards import RateFinding
from models.supervision.messages import Findings, Plea
from models.supervision.rules import drawn_codes
from models.supervision.sampling import Sample

_FINDINGS = TypeAdapter(tuple[RateFinding, ...])


class RateView(Record):
    """One rate: exactly, and how it stands against its threshold.

    Attributes:
        id: The criterion, ``S4.wrong``.
        computed: False where there was nothing to count it from.
    """

    id: str
    part: int
    whole: int
    met: bool
    computed: bool
    zh: str
    en: str


class SupervisionView(Record):
    """A supervision at a glance.

    Attributes:
        checked: Drawn items with a finding that counts.
        aside: Drawn items whose finding an upheld plea has set aside; a new one is awaited.
        stage: ``drawn``, ``preliminary`` (before the hearing has ended) or ``final``.
    """

    case_id: str
    stage: str
    sample: Sample | None
    drawn: int
    checked: int
    aside: tuple[str, ...]
    pleas: int
    rates: tuple[RateView, ...]
    document: str | None = None


def view_of(case_id: str, entries: Sequence[Entry]) -> SupervisionView:
    """Read a file from its beginning."""
    sample: Sample | None = None
    checked: set[str] = set()
    rates: tuple[RateView, ...] = ()
    stage, document = "begun", None
    pleas: dict[str, str] = {}
    aside: set[str] = set()
    for entry in entries:
        match entry.kind:
            case EntryKind.SAMPLE:
                sample = Sample.model_validate(entry.data["sample"])
                stage = "drawn"
            case EntryKind.CHECKS:
                findings = Findings.model_validate(entry.data["checks"])
                found = {each.household for each in findings.households}
                found |= {each.village for each in findings.villages}
                checked, aside = checked | found, aside - found
            case EntryKind.OBJECTION:
                plea = Plea.model_validate(entry.data["objection"])
                pleas[plea.id] = plea.about
            case EntryKind.RESOLUTION:
                result_of = Resolution.model_validate(entry.data["resolution"])
                if result_of.finding is Finding.UPHELD:
                    checked -= {pleas[result_of.objection_id]}
                    aside |= {pleas[result_of.objection_id]}
            case EntryKind.RATES:
                rates, stage = _rates(entry.data["rates"], entry), "preliminary"
            case EntryKind.SUPERVISION:
                result = entry.data["supervision"]
                assert isinstance(result, dict)
                rates, stage = _rates(result["rates"], entry), "final"
                document = str(result.get("document"))
            case _:
                pass
    return SupervisionView(
        case_id=case_id,
        stage=stage,
        sample=sample,
        drawn=len(drawn_codes(sample)) if sample else 0,
        checked=len(checked),
        aside=tuple(sorted(aside)),
        pleas=len(pleas),
        rates=rates,
        document=document,
    )


def _rates(said: object, entry: Entry) -> tuple[RateView, ...]:
    rates = ExactRates.model_validate(said)
    pairs: tuple[Ratio, ...] = (
        rates.incidence,
        rates.wrongly_exited,
        rates.omitted,
        rates.recognition,
    )
    findings = _FINDINGS.validate_python(entry.data["findings"])
    return tuple(
        RateView(part=pair.part, whole=pair.whole, **finding.model_dump())
        for pair, finding in zip(pairs, findings, strict=True)
    )
