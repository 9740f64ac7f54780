"""What came of the time after exit: samples, rates and alarms, by the files of the cases."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.alarms import Alarm
from models.case.ledger import EntryKind
from models.ratios import Ratio
from models.supervision.messages import SupervisionResult
from models.supervision.sampling import Sample
from operators.rehearsal.course import CaseCourse
from operators.rehearsal.season_after import AlarmExpected, RatesExpected


def sample_of(course: CaseCourse) -> Sample | None:
    """What a supervision has drawn."""
    found = _all(course, EntryKind.SAMPLE, "sample")
    return Sample.model_validate(found[0]) if found else None


def result_of(course: CaseCourse) -> SupervisionResult | None:
    """What a supervision has found in the end; None of a case that was told of another's."""
    for content in _all(course, EntryKind.SUPERVISION, "supervision"):
        result = SupervisionResult.model_validate(content)
        if result.supervision == course.case_id:
            return result
    return None


def drawn_by(sample: Sample) -> list[str]:
    """Codes of the households, then of the villages, in the order of their rank."""
    return [each.code for each in sample.households] + [each.code for each in sample.villages]


def alarms_of(course: CaseCourse) -> list[Alarm]:
    """The alarms that a case gave."""
    return [Alarm.model_validate(each) for each in _all(course, EntryKind.ALARM, "alarm")]


def _all(course: CaseCourse, kind: EntryKind, name: str) -> list[Any]:
    return [entry.data[name] for entry in course.entries if entry.kind is kind]


def compared(
    key: str,
    course: CaseCourse,
    drawn: Mapping[str, tuple[str, ...]],
    rates: Mapping[str, RatesExpected],
    alarms: Mapping[str, tuple[AlarmExpected, ...]],
) -> Iterator[tuple[str, str, str]]:
    """What a file expects of a case, by its key, beside what came of it; first the field's name."""
    sample, result = sample_of(course), result_of(course)
    who = drawn_by(sample) if sample else []
    yield f"drawn.{key}", " ".join(drawn.get(key, ())) or "nobody", " ".join(who) or "nobody"
    yield f"rates.{key}", _rates(rates.get(key)), _rates(None if result is None else _found(result))
    given = [_given(each) for each in alarms_of(course)]
    yield f"alarms.{key}", _alarms(alarms.get(key, ())), _alarms(given)


def _found(result: SupervisionResult) -> RatesExpected:
    rates = {name: _part(ratio) for name, ratio in result.rates}
    return RatesExpected(failed=result.failed, **rates)


def _part(ratio: Ratio) -> str:
    return f"{ratio.part}/{ratio.whole}"


def _given(alarm: Alarm) -> AlarmExpected:
    counted = alarm.incidence
    return AlarmExpected(
        kind=alarm.kind, poor=counted.poor, population=counted.population, tell=alarm.tell
    )


def _rates(rates: RatesExpected | None) -> str:
    if rates is None:
        return "none"
    said = [f"{name} {value}" for name, value in rates if name != "failed"]
    return f"{', '.join(said)}, failed {' '.join(rates.failed) or 'none'}"


def _alarms(alarms: Iterable[AlarmExpected]) -> str:
    said = (
        f"{each.kind} {each.poor}/{each.population} to {' '.join(map(str, each.tell))}"
        for each in alarms
    )
    return "; ".join(said) or "none"
