"""`exitflow check` without a server: whatever is changed in the registry is found, once, by place.

The registry is one in which cases of every kind were played to their end.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from models.base import canonical
from models.case.ledger import Entry, EntryKind, Ledger
from models.checks.findings import Finding
from models.checks.journal import JournalHead
from registry.checks.contradictions import note
from registry.checks.values import place, table_of
from registry.tables import CaseRow, EntryRow, JournalRow
from tests.played import Home, copied, play
from tests.unguarded import unguarded

pytestmark = pytest.mark.clause("G7")


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home, and in it the head of its journal."""
    folder = await play(tmp_path_factory.mktemp("played") / "home")
    Home(folder).check()
    return folder


@pytest.fixture
def home(played: Path, tmp_path: Path) -> Iterator[Home]:
    """A copy of it."""
    home = copied(played, tmp_path / "home")
    yield home
    home.engine.dispose()


@pytest.fixture(scope="module")
def before(played: Path) -> set[Finding]:
    """What the stage put into the register past the product, which is found, too."""
    return Home(played).findings()


STAGED = {
    "household_episodes",
    "county_status",
    "village_status",
    "plans",
    "villages",
    "counties",
    "village",
}
"""Where stages put an exit that no case made, a plan, a listing; also as a part of the register."""


def test_what_cases_have_done_is_no_finding(before: set[Finding], home: Home) -> None:
    assert {finding.where.split()[0].partition("/")[0] for finding in before} <= STAGED
    report = home.check()
    assert report.cases > 12
    assert report.entries > 300
    assert report.under_way == 0


ALL = (
    "SELECT case_id FROM cases WHERE procedure = '{}' AND outcome IS NOT NULL ORDER BY entries DESC"
)


def case_of(home: Home, procedure: str) -> str:
    """The longest file of a kind."""
    return home.one(ALL.format(procedure))


ROWS = [
    # table, what is changed, the column that is named, how many findings
    ("cases", "outcome = 'withdrawn'", "outcome", "procedure = 'county'"),
    ("cases", "step = 'C9'", "step", "procedure = 'county'"),
    ("cases", "deadline = '2031-01-01 00:00:00.000000'", "deadline", "procedure = 'county'"),
    ("cases", "waiting_for = 'A5/413121'", "waiting_for", "procedure = 'village'"),
    ("cases", "subject_name = '某县'", "subject_name", "procedure = 'household'"),
    ("cases", "region = '/410000/'", "region", "procedure = 'supervision'"),
    ("cases", "overdue = 1", "overdue", "procedure = 'county' AND overdue = 0"),
    ("cases", "open_objections = 7", "open_objections", "procedure = 'county'"),
    ("cases", "year = 2020", "year", "procedure = 'village'"),
    ("county_status", "document = '伪〔9〕号'", "document", "status = 'exited' AND seq > 0"),
    ("county_status", "exit_year = 2020", "exit_year", "status = 'exited' AND seq > 0"),
    ("county_status", "seq = 3", "seq", "status = 'exited' AND seq > 5"),
    ("village_status", "document = '伪〔9〕号'", "document", "status = 'exited' AND seq > 4"),
    ("village_status", "exit_year = 2020", "exit_year", "status = 'exited' AND seq > 4"),
    ("household_episodes", "document = '伪〔9〕号'", "document", "case_id IS NOT NULL AND seq > 3"),
    (
        "household_episodes",
        "exited_on = '2027-01-01'",
        "exited_on",
        "case_id IS NOT NULL AND seq > 3",
    ),
    ("household_episodes", "seq = seq - 1", "seq", "case_id IS NOT NULL AND seq > 3"),
    (
        "household_episodes",
        "opening_document = 'X'",
        "opening_document",
        "opened_by LIKE 'reentry%'",
    ),
    ("household_episodes", "cause = 'registered'", "cause", "opened_by LIKE 'revocation%'"),
    ("objections", "text = '没有异议'", "text", "1"),
    ("objections", "finding = 'dismissed'", "finding", "finding = 'upheld'"),
    ("objections", "resolved_at = NULL", "resolved_at", "finding = 'upheld'"),
    ("objections", "contact = '别人'", "contact", "1"),
    ("notices", "title = '关于某某的公示'", "title", "1"),
    ("notices", "closes_at = '2027-12-01 00:00:00.000000'", "closes_at", "1"),
    ("notices", "html = '<p>没有</p>'", "html", "1"),
    ("notices", "replaces = 'x'", "replaces", "1"),
    ("indicators", "poor = poor - 1", "poor", "1"),
    ("indicators", "income_growth_percent = '99.9'", "income_growth_percent", "1"),
    ("roster_households", "state = 'out'", "state", "state = 'struck_off' AND since > 4"),
    ("roster_households", "since = since - 1", "since", "since > 4"),
    ("follow_up_checks", "stable = 1 - stable", "stable", "stable IS NOT NULL"),
    ("follow_up_checks", "due_on = '2030-01-01'", "due_on", "1"),
    ("household_risks", "reason = '无'", "reason", "1"),
    ("supervision_results", "failed = '[]'", "failed", "failed <> '[]'"),
    ("supervision_results", "decided_at = '2020-01-01 00:00:00.000000'", "decided_at", "1"),
    ("revocations", "reason = '无'", "reason", "1"),
    ("revocations", "responsible = '[]'", "responsible", "1"),
    ("case_documents", "text = '无'", "text", "1"),
    ("case_documents", "belongs_to = 'county-exit/413121/2027'", "belongs_to", "1"),
    ("incidence_alarms", "poor = poor + 1", "poor", "1"),
    ("samples", "seed = 'a'", "seed", "1"),
    ("samples", "county_code = '411523'", "county_code", "1"),
    ("village_years", "clinic = 1 - clinic", "clinic", "source LIKE 'village-exit%'"),
    ("plans", "reason = '另有原因'", "reason", "addition = 1"),
    ("outbox", "topic = '其他'", "topic", "1"),
    ("outbox", "at = '2027-01-01 00:00:00.000000'", "at", "1"),
    ("outbox", "recipient = 'A5/413121'", "recipient", "1"),
    ("outbox", 'content = replace(content, \'"topic":"\', \'"topic":"伪\')', "content", "1"),
]


@pytest.mark.parametrize(("table", "change", "column", "where"), ROWS)
def test_a_row_that_was_changed_is_found(
    home: Home, before: set[Finding], table: str, change: str, column: str, where: str
) -> None:
    here = f"rowid = (SELECT rowid FROM {table} WHERE {where} ORDER BY rowid LIMIT 1)"
    assert home.meddle(f"UPDATE {table} SET {change} WHERE {here}") == 1
    found = {each for each in home.findings() - before if each.part != "notices"}
    (finding,) = [each for each in found if each.where.endswith(f"column {column}")]
    assert finding.where.split()[0] == table
    assert len(found) <= change.count("=")
    assert all(each.what and each.mend.endswith(".") for each in found)


DELETED = [
    ("county_status", "status = 'exited' AND seq > 5"),
    ("village_status", "status = 'exited' AND seq > 4"),
    ("household_episodes", "opened_by LIKE 'reentry%'"),
    ("objections", "1"),
    ("notices", "1"),
    ("indicators", "1"),
    ("roster_households", "since > 4"),
    ("follow_up_checks", "1"),
    ("household_risks", "1"),
    ("supervision_results", "1"),
    ("revocations", "1"),
    ("case_documents", "1"),
    ("incidence_alarms", "1"),
    ("samples", "1"),
    ("plans", "addition = 1"),
    ("village_years", "1"),
]


@pytest.mark.parametrize(("table", "where"), DELETED)
def test_a_row_that_was_taken_out_is_found(
    home: Home, before: set[Finding], table: str, where: str
) -> None:
    here = f"rowid = (SELECT rowid FROM {table} WHERE {where} ORDER BY rowid LIMIT 1)"
    assert home.meddle(f"DELETE FROM {table} WHERE {here}") == 1
    found = home.findings() - before
    assert any("missing" in each.what or "does not have it" in each.what for each in found), found
    assert {each.where.split()[0] for each in found} == {table}


def test_who_was_told_by_a_file_and_not_by_the_outbox_is_found(
    home: Home, before: set[Finding]
) -> None:
    told = "case_id = '{}' AND seq = {} AND number = 1"
    of = [home.one(f"SELECT {name} FROM outbox ORDER BY case_id") for name in ("case_id", "seq")]
    for table in ("outbox", "deliveries"):
        home.meddle(f"DELETE FROM {table} WHERE {told.format(*of)}")
    (finding,) = home.findings() - before
    assert finding.where == f"outbox {of[0]} {of[1]} 1"
    assert finding.what == f"the row is missing: entry {of[1]} says that somebody was told this"


def test_what_a_round_tells_stands_in_no_file(home: Home, before: set[Finding]) -> None:
    columns = "seq, number, channel, topic, recipient, content, at, until"
    round = "'round/watch/henan-2018-01-05T00:00:00Z'"
    assert home.meddle(f"INSERT INTO outbox SELECT {round}, {columns} FROM outbox LIMIT 1") == 1
    assert home.findings() == before


FOREIGN = [
    # what is put there, and the table that is named
    (
        "INSERT INTO county_status (code, since, status, exit_year, document, case_id, seq) SELECT "
        "'411523', '2027-12-01', 'exited', 2027, '伪〔1〕号', '{county}', 9",
        "county_status",
    ),
    (
        "INSERT INTO objections (case_id, objection_id, kind, text, received_at) VALUES "
        "('{county}', 'x', 'objection', 'x', '2027-12-01 00:00:00.000000')",
        "objections",
    ),
    (
        "INSERT INTO objections (case_id, objection_id, kind, text, received_at) VALUES "
        "('county-exit/411523/2029', 'x', 'objection', 'x', '2027-12-01 00:00:00.000000')",
        "objections",
    ),
    (
        "INSERT INTO notices (id, case_id, seq, title, markdown, html, sha256, posted_at, "
        "closes_at) SELECT 'x', '{county}', 3, title, markdown, html, sha256, posted_at, "
        "closes_at FROM notices LIMIT 1",
        "notices",
    ),
    (
        "INSERT INTO roster_households (case_id, household_code, year, state, since) VALUES "
        "('{household}', 'H999999', 2027, 'drafted', 0)",
        "roster_households",
    ),
    (
        "INSERT INTO plans (year, subject_code, kind, source, addition, reason, document) VALUES "
        "(2027, '411523100001', 'village', '{county}, entry 2', 1, 'x', 'y')",
        "plans",
    ),
    (
        "INSERT INTO household_risks (case_id, seq, household_code, risk, since, reason, office) "
        "SELECT '{county}', 3, household_code, 'marginal', '2027-12-01', 'x', 'A5/411523' FROM "
        "household_risks LIMIT 1",
        "household_risks",
    ),
    (
        "INSERT INTO outbox SELECT case_id, 1, number, channel, topic, recipient, content, at, "
        "until FROM outbox WHERE case_id = '{county}' LIMIT 1",
        "outbox",
    ),
    (
        "INSERT INTO outbox SELECT 'county-exit/411523/2029', seq, number, channel, topic, "
        "recipient, content, at, until FROM outbox LIMIT 1",
        "outbox",
    ),
    (
        "INSERT INTO deliveries SELECT case_id, seq, number, 'other', at, error FROM deliveries "
        "LIMIT 1",
        "deliveries",
    ),
    (
        "INSERT INTO cases SELECT 'county-exit/411523/2029', procedure, '411523', subject_name, "
        "2029, region, step, round, waiting_for, deadline, overdue, open_objections, NULL, "
        "0, head, updated, NULL FROM cases LIMIT 1",
        "cases",
    ),
    (
        "UPDATE household_episodes SET exited_on = '2027-12-30', exit_year = 2027 WHERE rowid = "
        "(SELECT rowid FROM household_episodes WHERE exited_on IS NULL LIMIT 1)",
        "household_episodes",
    ),
    (
        "UPDATE household_episodes SET exited_on = '2027-12-30', exit_year = 2027, document = 'x', "
        "case_id = '{household}', seq = 9 WHERE rowid = "
        "(SELECT rowid FROM household_episodes WHERE exited_on IS NULL LIMIT 1)",
        "household_episodes",
    ),
    (
        "UPDATE household_episodes SET exited_on = '2027-12-30', exit_year = 2027, document = 'x', "
        "case_id = 'household-exit/411523100201/2025/1', seq = 9 WHERE rowid = "
        "(SELECT rowid FROM household_episodes WHERE exited_on IS NULL LIMIT 1)",
        "household_episodes",
    ),
]


@pytest.mark.parametrize(("statement", "table"), FOREIGN)
def test_a_row_that_no_file_leads_to_is_found(
    home: Home, before: set[Finding], statement: str, table: str
) -> None:
    cases = {each: case_of(home, each) for each in ("county", "household")}
    assert home.meddle(statement.format(**cases)) == 1
    (finding,) = [each for each in home.findings() - before if each.part != "notices"]
    assert finding.where.split()[0] == table
    # Whoever follows it takes out no row of a household that was there before.
    assert " back" in finding.mend or statement.startswith("INSERT")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("county_status", "status = 'anything'"),
        ("county_status", "until = 'anything'"),
        ("household_episodes", "cause = 'anything'"),
        ("household_risks", "risk = 'anything'"),
        ("notices", "posted_at = 'anything'"),
        ("cases", "deadline = 'anything'"),
        ("plans", "kind = 'anything'"),
        ("indicators", "population = 'anything'"),
        ("divisions", "tier = 'anything'"),
        ("outbox", "content = 'anything'"),
        ("outbox", "at = 'anything'"),
        ("journal", "content = 'anything'"),
        ("journal", "content = '{}'"),
        ("journal", "at = 'anything'"),
        ("ledger_entries", "at = 'anything'"),
    ],
)
def test_whatever_stands_in_a_column_the_check_goes_to_its_end(
    home: Home, before: set[Finding], table: str, change: str
) -> None:
    assert home.meddle(f"UPDATE {table} SET {change}") > 0
    named = {"divisions": "counties"}.get(table, table)
    assert named in {each.where.split()[0] for each in home.findings() - before}


def test_an_exit_that_was_taken_back_is_found(home: Home, before: set[Finding]) -> None:
    household = home.one("SELECT household_code FROM household_episodes WHERE seq > 3")
    home.meddle(
        "UPDATE household_episodes SET exited_on = NULL, exit_year = NULL, document = NULL, "
        f"case_id = NULL, seq = NULL WHERE household_code = '{household}' AND seq > 3"
    )
    (finding,) = home.findings() - before
    assert finding.where == f"household_episodes {household}"
    assert "the register does not have it" in finding.what


@pytest.mark.parametrize("id", ["zz", "", "county-exit/411523/x", "anything/411523/2027", "案\n卷"])
def test_a_row_whose_id_no_case_has_is_found(home: Home, before: set[Finding], id: str) -> None:
    home.meddle(another_case(id))
    (finding,) = home.findings() - before
    assert finding.where == place(table_of(CaseRow), [id])
    assert finding.what == "no case has such an id"
    assert finding.mend.endswith(".")


def another_case(id: str) -> str:
    """Puts a row of the list there under an id of its own."""
    return (
        f"INSERT INTO cases SELECT '{id}', procedure, subject_code, subject_name, year, region, "
        "step, round, waiting_for, deadline, overdue, open_objections, NULL, 0, head, "
        "updated, NULL FROM cases LIMIT 1"
    )


def test_a_standing_that_ends_on_another_day_is_found(home: Home, before: set[Finding]) -> None:
    home.meddle(
        "UPDATE county_status SET until = '2027-01-01' WHERE rowid = (SELECT rowid FROM "
        "county_status WHERE until IS NOT NULL AND code = (SELECT subject_code FROM cases WHERE "
        "procedure = 'county' AND outcome = 'exited' LIMIT 1))"
    )
    (finding,) = home.findings() - before
    assert finding.where.endswith("column until")


# -- files and journal ------------------------------------------------------------------------


def file_of(home: Home, case_id: str) -> list[Entry]:
    """The entries that are kept of a case."""
    with Session(home.engine) as session:
        rows = session.exec(select(EntryRow).where(EntryRow.case_id == case_id).order_by("seq"))
        return [Entry.model_validate_json(row.content) for row in rows]


def keep_instead(home: Home, case_id: str, entries: list[Entry]) -> None:
    """Put another file in place of a case's, with a row of the list that fits."""
    with unguarded(home.engine) as connection, Session(connection) as session:
        for row in session.exec(select(EntryRow).where(EntryRow.case_id == case_id)):
            session.delete(row)
        session.flush()
        for entry in entries:
            content = canonical(entry.model_dump(mode="json"))
            fields = entry.model_dump(exclude={"data", "kind"})
            session.add(EntryRow(case_id=case_id, content=content, kind=entry.kind.value, **fields))
        session.flush()


def again(case_id: str, entries: list[Entry], **changes: str) -> list[Entry]:
    """The same file with its last entry changed, its whole chain computed anew."""
    ledger = Ledger(case_id)
    for entry in entries:
        given = entry.model_dump(exclude={"seq", "previous", "hash"})
        if entry.seq == len(entries):
            given |= changes
        kind, at = EntryKind(given.pop("kind")), given.pop("at")
        ledger.record(kind, at, **given)
    return ledger.entries


def test_a_file_that_was_cut_short_is_found(home: Home, before: set[Finding]) -> None:
    case_id = case_of(home, "county")
    entries = file_of(home, case_id)
    keep_instead(home, case_id, entries[:-3])
    found = {each for each in home.findings() - before if each.where.startswith("ledger")}
    (finding,) = found
    assert finding.where == f"ledger_entries {case_id}"
    assert "the file was cut short" in finding.what


def test_a_chain_that_was_computed_anew_is_found(home: Home, before: set[Finding]) -> None:
    case_id = case_of(home, "county")
    entries = again(case_id, file_of(home, case_id), text="另有其事")
    keep_instead(home, case_id, entries)
    home.meddle(f"UPDATE cases SET head = '{entries[-1].hash}' WHERE case_id = '{case_id}'")
    found = home.findings() - before
    assert f"ledger_entries {case_id} {len(entries)}" in {each.where for each in found}
    assert any("the file was written again" in each.what for each in found)


def test_an_entry_behind_the_end_is_found(home: Home, before: set[Finding]) -> None:
    case_id = case_of(home, "supervision")
    entries = file_of(home, case_id)
    ledger = Ledger(case_id)
    ledger.entries = list(entries)
    ledger.record(EntryKind.LATE, entries[-1].at, text="补记")
    keep_instead(home, case_id, ledger.entries)
    (finding,) = home.findings() - before
    assert finding.where == f"ledger_entries {case_id} {len(entries) + 1}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("text = 'x'", "column text"),
        ("content = replace(content, '县', '郡')", "altered"),
        ("content = replace(content, ',', ', ')", "column content"),
        ("content = '{'", "cannot be read"),
    ],
)
def test_an_entry_that_was_altered_is_found(
    home: Home, before: set[Finding], change: str, said: str
) -> None:
    case_id = case_of(home, "county")
    home.meddle(f"UPDATE ledger_entries SET {change} WHERE case_id = '{case_id}' AND seq = 4")
    found = home.findings() - before
    assert any(f"ledger_entries {case_id} 4" in each.where for each in found)
    assert any(said in each.where + each.what for each in found)


def test_a_case_that_is_gone_with_all_its_rows_is_found(home: Home, before: set[Finding]) -> None:
    case_id = case_of(home, "supervision")
    for table in (
        "ledger_entries",
        "limits_in_force",
        "samples",
        "supervision_results",
        "cases",
    ):
        home.meddle(f"DELETE FROM {table} WHERE case_id = '{case_id}'")
    assert f"cases {case_id}" in {each.where for each in home.findings() - before}


def test_the_journal_is_a_chain(home: Home, before: set[Finding]) -> None:
    home.meddle("UPDATE journal SET at = '2020-01-01 00:00:00.000000' WHERE number = 20")
    (finding,) = home.findings() - before
    assert finding.where == "journal 20"


def test_a_line_taken_out_of_the_journal_is_found(home: Home, before: set[Finding]) -> None:
    home.meddle("DELETE FROM journal WHERE number = 20")
    assert "journal 20" in {each.where for each in home.findings() - before}


def test_a_journal_that_was_cut_short_is_found_by_the_heads_in_the_home_folder(
    home: Home, before: set[Finding]
) -> None:
    last = int(home.one("SELECT max(number) FROM journal"))
    home.meddle(f"DELETE FROM journal WHERE number > {last - 2}")
    (finding,) = [each for each in home.findings() - before if each.part == "journal"]
    assert finding.where == f"journal {last}"
    assert finding.what.startswith("journal.heads, line 1 has")


def test_a_journal_that_was_written_anew_is_found_by_whoever_kept_a_head(home: Home) -> None:
    """With every file of the home folder: what remains is the head that somebody else keeps."""
    (home.folder / "journal.heads").unlink()
    kept = home.check().journal
    with unguarded(home.engine) as connection, Session(connection) as session:
        rewrite(session)
    (home.folder / "journal.heads").unlink()
    anew = home.check()
    assert not [each for each in anew.findings if each.part == "journal"]
    told = home.checks.run(("", ()), since=[kept])
    (finding,) = [each for each in told.findings if each.part == "journal"]
    assert finding.where == f"journal {kept.number}"
    assert kept.hash[:12] in finding.what


def rewrite(session: Session) -> None:
    """Another time on one line, and every line behind it bound anew."""
    from models.checks.journal import BEGINNING, line_hash

    previous = BEGINNING
    for line in session.exec(select(JournalRow).order_by("number")):
        if line.number == 5:
            line.content = line.content.replace("0", "1")
        line.previous = previous
        line.hash = line_hash(line.number, line.kind, line.subject, line.at, line.content, previous)
        previous = line.hash
        session.add(line)
    session.flush()


def test_a_head_is_found_again_as_long_as_the_journal_goes_on(home: Home) -> None:
    known = home.check().journal
    report = home.checks.run(("", ()), since=[known, JournalHead(number=0, hash="0" * 64)])
    assert not [each for each in report.findings if each.part == "journal"]


def test_a_contradiction_that_is_noted_is_found(home: Home, before: set[Finding]) -> None:
    cases = [case_of(home, "county"), case_of(home, "village")]
    for case_id in cases:
        note(home.engine, case_id, 7, "entry 7 is kept with another content")
    found = {each.where: each for each in home.findings() - before}
    assert set(found) == {f"contradictions {case_id}" for case_id in cases}
    for case_id in cases:
        finding = found[f"contradictions {case_id}"]
        assert finding.what.startswith("from entry 7 on")
        assert f"exitflow mend {case_id} --officer NAME --reason WHY" in finding.mend


def test_a_contradiction_of_no_case_is_found(home: Home, before: set[Finding]) -> None:
    home.meddle("INSERT INTO contradictions VALUES ('zz; x', 'anything', 'anything', 'x')")
    (finding,) = home.findings() - before
    assert finding.where == "contradictions zz; x"
    assert "zz" not in finding.mend
    assert finding.mend.endswith(".")


# -- files of notices -------------------------------------------------------------------------


def test_the_files_of_notices_are_the_registrys(home: Home, before: set[Finding]) -> None:
    notices = sorted((home.folder / "notices").iterdir())
    notices[0].write_text("没有", encoding="utf-8")
    notices[1].unlink()
    found = {each.where: each.what for each in home.findings() - before}
    assert set(found) == {str(notices[0]), str(notices[1])}
    assert "is not the notice" in found[str(notices[0])]
    assert "cannot be read" in found[str(notices[1])]
