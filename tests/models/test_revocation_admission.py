"""Whether an exit can be revoked, by whom, and on what ground (F7)."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from models.offices import Household, Office
from models.policy_file import parse_policy
from models.revocation.admission import RULES, ExitRecord, FiledAct, RevocationFacts, signed_on
from models.revocation.messages import RevocationApplication
from tests.models.document_samples import PROOF
from tests.models.samples import HENAN, NOW, POLICY_TEXT, beijing_time, county
from tests.models.village_samples import village

pytestmark = pytest.mark.clause("F7")

CASE = "village-exit/411523100901/2016"
EXITED_ON = date(2016, 12, 20)
ACT = FiledAct(
    case_id=CASE,
    seq=4,
    kind="act",
    text="V1 同意",
    hash="ab" * 32,
    office=Office.parse("A5/411523"),
    officer="某乙",
)


def values(**changes: Any) -> dict[str, Any]:
    """The city revokes a village's exit of 2016, as JSON."""
    return {
        "subject": "411523100901",
        "kind": "village",
        "year": 2016,
        "office": "A6/411500",
        "officer": "某己",
        "document_number": "合成〔X1〕号",
        "reason": "弄虚作假（合成）",
        "responsible": [{"seq": 4}],
        "evidence": [PROOF],
    } | changes


def application(**changes: Any) -> RevocationApplication:
    """The same, read."""
    return RevocationApplication.model_validate(values(**changes))


def exit_record(**changes: Any) -> ExitRecord:
    """The exit as the register has it."""
    given: dict[str, Any] = {
        "exited_on": EXITED_ON,
        "case_id": CASE,
        "document": "合成〔V3〕号",
        "approved_by": "A6/411500",
        "approved_at": NOW,
    }
    return ExitRecord.model_validate(given | changes)


def facts(**changes: Any) -> RevocationFacts:
    """What the register knows, with nothing against it."""
    given: dict[str, Any] = {"subject": village(), "exit": exit_record(), "named": (ACT,)}
    return RevocationFacts(**(given | changes))


def test_the_body_that_approved_may_revoke() -> None:
    assert RULES.fault(application(), facts(), HENAN, NOW) is None


NOBODYS = ACT.model_copy(update={"office": None, "kind": "notified"})


@pytest.mark.parametrize(
    ("said", "given", "known"),
    [
        ("village 411523100901: unknown", {}, {"subject": None, "code_note": "unknown"}),
        (
            "合成村 (411523100901) has an open case on the same: "
            "revocation/x/2016; it has to end first (G9)",
            {},
            {"open_case": "revocation/x/2016"},
        ),
        (
            "the exit of 合成村 (411523100901) in 2016 was revoked already: revocation/x/2016 (F7)",
            {},
            {"revoked_by": "revocation/x/2016"},
        ),
        (
            "合成村 (411523100901) never left; there is no exit of 2016 to revoke (F7)",
            {},
            {"exit": None},
        ),
        (
            "合成村 (411523100901) did not leave in 2016 but in 2014, 2017; "
            "name the exit's own year",
            {},
            {"exit": None, "other_years": (2014, 2017)},
        ),
        (
            "合成村 (411523100901) left in 2016 and fell back since: it is in "
            "the register again from 2017-05-01 (F5); there is no exit to revoke",
            {},
            {"back_since": date(2017, 5, 1)},
        ),
        (
            "village-exit/411523100901/2016 has not ended; the exit can be revoked when it has",
            {},
            {"exit": exit_record(case_ended=False)},
        ),
        (
            "the register has no case file with the approval of the exit of 合成村 "
            "(411523100901) in 2016, so nobody can say who may revoke it",
            {},
            {"exit": exit_record(approved_by=None)},
        ),
        (
            "the register has no case file with the approval of the exit of 合成村 "
            "(411523100901) in 2016, so nobody can say who may revoke it",
            {},
            {"exit": exit_record(case_id=None)},
        ),
        (
            "applied_at: 2018-01-05 09:05:01+08:00 lies in the future",
            {"applied_at": "2018-01-05T09:05:01+08:00"},
            {},
        ),
        (
            "applied_at: 2016-12-20 does not lie after 2016-12-20, the day of the "
            "exit that is revoked",
            {"applied_at": "2016-12-20T23:59:59+08:00"},
            {},
        ),
        (
            "document_number: 合成〔V3〕号 is the document by which it left; "
            "a revocation is a separate act and has a number of its own (F7)",
            {"document_number": "合成〔V3〕号"},
            {},
        ),
        (
            "supervision: supervision/411523/2017-q1 is no supervision that the "
            "registry knows (F6)",
            {"supervision": "supervision/411523/2017-q1"},
            {},
        ),
        (
            "supervision: supervision/411524/2017-q1 was held in 411524, not where "
            "新县合成乡合成村 lies",
            {"supervision": "supervision/411524/2017-q1"},
            {"supervision_county": "411524"},
        ),
        (
            "responsible: village-exit/411523100901/2016 has no entry 4; `exitflow "
            "case village-exit/411523100901/2016 --ledger` numbers them",
            {},
            {"named": ()},
        ),
        (
            "responsible: entry 4 of village-exit/411523100901/2016 (notified) is "
            "nobody's act; name an application, an act, consents, an amendment, a "
            "resolution or a document",
            {},
            {"named": (NOBODYS,)},
        ),
        (
            "responsible: county-exit/411524/2016 is neither the case of the exit "
            "(village-exit/411523100901/2016) nor a case of one of its villages",
            {"responsible": [{"seq": 4, "case_id": "county-exit/411524/2016"}]},
            {"strangers": ("county-exit/411524/2016",)},
        ),
    ],
)
def test_what_cannot_be_revoked_so(said: str, given: dict[str, Any], known: dict[str, Any]) -> None:
    found = RULES.fault(application(**given), facts(**known), HENAN, NOW)
    assert found == said


@pytest.mark.parametrize(
    "at",
    ["2016-12-21T00:00:00+08:00", "2018-01-05T09:00:00+08:00", "2018-01-05T09:05:00+08:00"],
    ids=["the day after the exit", "this very moment", "by a clock that is five minutes ahead"],
)
def test_when_it_may_be_signed(at: str) -> None:
    assert RULES.fault(application(applied_at=at), facts(), HENAN, NOW) is None


@pytest.mark.clause("H4")
@pytest.mark.parametrize("at", ["2016-12-20T00:00:00+08:00", "2016-12-20T23:59:59+08:00"])
def test_a_household_is_not_revoked_on_the_day_of_its_exit(at: str) -> None:
    subject = Household(code="H-01", village=village())
    known = facts(subject=subject, exit=exit_record(approved_by="A5/411523"))
    given = {"kind": "household", "subject": "H-01", "office": "A5/411523"}
    assert RULES.fault(application(applied_at=at, **given), known, HENAN, NOW) == (
        "applied_at: 2016-12-20 does not lie after 2016-12-20, the day of the exit that is revoked"
    )


@pytest.mark.clause("F6")
def test_what_the_supervision_of_its_county_found() -> None:
    named = application(supervision="supervision/411523/2017-q1")
    assert RULES.fault(named, facts(supervision_county="411523"), HENAN, NOW) is None


COUNTY_EXIT = exit_record(case_id="county-exit/411523/2016", approved_by="A9/410000")
DIRECT = village(direct=True)


@pytest.mark.clause("C7", "V3", "H4", "A5", "A6", "A7", "A9")
@pytest.mark.parametrize(
    ("kind", "subject", "exit", "right", "named", "wrong"),
    [
        ("county", county(), COUNTY_EXIT, "A9/410000", "河南省人民政府", "A7/410000"),
        ("village", village(), exit_record(), "A6/411500", "信阳市扶贫开发领导小组", "A5/411523"),
        (
            "village",
            DIRECT,
            exit_record(approved_by="A7/410000"),
            "A7/410000",
            "河南省扶贫开发领导小组",
            "A6/411500",
        ),
        # By the policy of its case the city approved still: it is the city that revokes.
        ("village", DIRECT, exit_record(), "A6/411500", "信阳市扶贫开发领导小组", "A7/410000"),
        (
            "household",
            Household(code="H-01", village=village()),
            exit_record(approved_by="A5/411523"),
            "A5/411523",
            "新县扶贫开发领导小组",
            "A1/411523100901",
        ),
    ],
)
def test_no_other_body_than_the_one_that_decided(
    kind: str, subject: Any, exit: ExitRecord, right: str, named: str, wrong: str
) -> None:
    act = ACT.model_copy(update={"case_id": exit.case_id})
    known = facts(subject=subject, exit=exit, named=(act,))
    given = {"kind": kind, "subject": subject.code}
    assert RULES.fault(application(office=right, **given), known, HENAN, NOW) is None
    assert RULES.fault(application(office=wrong, **given), known, HENAN, NOW) == (
        f"{wrong} may not revoke the exit of {subject.name} ({subject.code}) in 2016: {named} "
        f"({right}) approved it (合成〔V3〕号), and may revoke it (F7)"
    )


def test_it_is_of_the_policys_own_province() -> None:
    other = parse_policy(POLICY_TEXT.replace('province = "410000"', 'province = "420000"'))
    said = RULES.fault(application(), facts(), other, NOW)
    assert said is not None
    assert "is not in the province of the policy" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"responsible": []}, "at least 1 item"),
        ({"evidence": []}, "at least 1 item"),
        ({"responsible": [{"seq": 4}, {"seq": 4, "why": "合成"}]}, "entry 4 is named twice"),
        ({"responsible": [{"seq": 2**70}]}, "less than or equal to 1000000"),
        ({"responsible": [{"seq": 4, "case_id": "village\0exit"}]}, "is no id of a case"),
        ({"supervision": "supervision/\0"}, "is no id of a case"),
        ({"reason": " "}, "at least 1 character"),
        ({"document_number": None}, "valid string"),
    ],
)
def test_what_is_no_revocation(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        application(**changes)


def test_it_counts_from_the_day_of_signing_in_beijing() -> None:
    # 16:00 in London is midnight in Beijing: the day after.
    assert signed_on(application(applied_at="2018-01-04T16:00:00Z"), NOW) == date(2018, 1, 5)
    assert signed_on(application(), beijing_time("2018-01-05 00:00")) == date(2018, 1, 5)
    earlier = beijing_time("2018-01-05 00:00") - timedelta(seconds=1)
    assert signed_on(application(), earlier) == date(2018, 1, 4)
