"""Checking the registry whole (G7): what is kept against what the files and the journal say."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session

from models.checks.findings import MOST_SHOWN, CheckReport, Finding
from models.checks.journal import JournalHead
from models.identity import file_name
from models.periods import beijing
from models.policy import Policy
from models.standards import incidence_finding
from registry.checks import contradictions, outbox, unopened
from registry.checks.cases import CaseCheck
from registry.checks.last import last_report
from registry.checks.open_files import OpenFile, file_of, files_in
from registry.checks.register import RegisterCheck, heads_in
from registry.checks.values import shown, table_of
from registry.database.engine import reading, writing
from registry.database.installation import belongs_to
from registry.database.roles import faults as guard_faults
from registry.errors import RegistryError
from registry.facts.alarms import units_due
from registry.tables import CheckResultRow, NoticeRow

HEADS = "journal.heads"
"""File of the home folder in which each check notes how far the journal went."""

Progress = Callable[[str, int, int], None]


class Checks:
    """The registry's side of `exitflow check`; methods raise ``RegistryError`` if it fails.

    Args:
        policy: Whose thresholds exited villages and counties are held against (F13).
        opener: Opens what a file keeps sealed; gives None if it cannot.
        own: Id of the installation by its keys; None if there are no keys to compute it from.
    """

    def __init__(
        self,
        engine: Engine,
        home: Path,
        notices: Path,
        policy: Callable[[], Policy],
        opener: unopened.Opener = lambda sealed: None,
        own: str | None = None,
    ) -> None:
        self._engine, self._home, self._notices = engine, home, notices
        self._opener, self._own, self._policy = opener, own, policy

    def run(
        self,
        server: tuple[str, Iterable[Finding]],
        progress: Progress = lambda what, done, total: None,
        since: Sequence[JournalHead] = (),
        on: date | None = None,
    ) -> CheckReport:
        """Look at everything at one moment.

        Args:
            on: The day in Beijing, by this machine's clock if not given.
            server: What of the server was looked at, and what is wrong there.
            since: Heads of the journal that the caller kept.
        """
        begun = datetime.now(UTC)
        older = [(f"the head {head.hash[:12]} that was given", head) for head in since]
        older += heads_in(self._home / HEADS)
        with reading(self._engine) as session:
            register, cases = RegisterCheck(session), CaseCheck(session, begun)
            looks: tuple[Callable[[], Iterable[Finding]], ...] = (
                lambda: register.journal(older),
                lambda: cases.findings(lambda done, of: progress("cases", done, of)),
                lambda: contradictions.findings(session),
                lambda: unopened.findings(session, self._opener),
                lambda: outbox.without_a_file(session),
                lambda: register.shared(cases.shared),
                register.standings,
                register.ties,
                lambda: register.parts(
                    lambda done, of: progress("parts of the register", done, of)
                ),
                lambda: self._untold(session, on or beijing(begun).date()),
                lambda: self._files(session),
                lambda: _guards(session),
                lambda: self._whose(session),
                lambda: self._noted(register.head()),
            )
            total, kept = _counted(chain(server[1], chain.from_iterable(look() for look in looks)))
            head = register.head()
        return CheckReport(
            begun=begun,
            ended=datetime.now(UTC),
            cases=cases.cases,
            entries=cases.entries,
            under_way=cases.under_way,
            server=server[0],
            journal=head,
            total=total,
            findings=kept,
        )

    def keep(self, report: CheckReport) -> None:
        """Keep what a check found, for ``last``."""
        with writing(self._engine) as session:
            row = CheckResultRow(
                at=report.begun, findings=report.total, report=report.model_dump_json()
            )
            session.merge(row)

    def last(self) -> CheckReport | None:
        """What the last check found that was kept; None before the first."""
        with reading(self._engine) as session:
            return last_report(session)

    def files(self) -> Iterator[list[OpenFile]]:
        """Every case as the registry has it, in lots."""
        return files_in(self._engine)

    def file(self, case_id: str) -> OpenFile | None:
        """One case as the registry has it; None where it has none."""
        return file_of(self._engine, case_id)

    def _untold(self, session: Session, on: date) -> Iterator[Finding]:
        """Exited villages and counties that are over their threshold, and nobody was told (F13)."""
        policy = self._policy()
        try:
            due = list(units_due(session, on, policy))
        except (LookupError, RegistryError, TypeError, ValueError):
            return  # what cannot be read is a finding of its own
        for _, alarm in due:
            counted = incidence_finding("S5", alarm.incidence, policy.standards)
            yield Finding(
                part="alarms",
                where=f"{alarm.kind}_status {alarm.code}",
                what=f"{alarm.name} has left, the register counts an {counted.en}, and the offices "
                "above it were not told (F13)",
                mend="let the round of the day tell them: exitflow begin-round "
                f"watch/{policy.province}.",
            )

    def _files(self, session: Session) -> Iterator[Finding]:
        """The notices that lie in the home folder as files (C4)."""
        table = table_of(NoticeRow)
        query = sa.select(table.c.id, table.c.sha256, table.c.html).order_by(table.c.id)
        rows = session.connection().execute(query)
        for id, text, html in rows:
            if not self._notices.is_dir():
                yield _notice_fault(
                    str(self._notices),
                    "the folder of the notices is not on this machine",
                    "run the check where the worker's home folder is.",
                )
                return
            wanted = {"md": text, "html": sha256(html.encode()).hexdigest()}
            for ending, digest in wanted.items():
                file = self._notices / f"{file_name(id)}.{ending}"
                try:
                    found = sha256(file.read_bytes()).hexdigest()
                except OSError as error:
                    what = f"the file of a notice cannot be read: {error.strerror}"
                    mend = (
                        "where it is missing, let it be written again from the registry: exitflow "
                        "mend; otherwise give read permission."
                    )
                else:
                    if found == digest:
                        continue
                    what = "the file is not the notice that the registry keeps"
                    mend = (
                        "move it away, find out who changed it, and let it be written again from "
                        "the registry: exitflow mend."
                    )
                yield _notice_fault(str(file), what, mend)

    def _whose(self, session: Session) -> Iterator[Finding]:
        """The installation's id in the registry against the one that its keys give."""
        found = belongs_to(session.connection())
        if self._own is not None and found is not None and found != self._own:
            yield Finding(
                part="journal",
                where="installation 1, column id",
                what=f"the registry says that it belongs to the installation {shown('id', found)}, "
                f"and the keys of this home are those of {self._own}",
                mend="check whether EXITFLOW_HOME and EXITFLOW_REGISTRY_URL belong together; where "
                f"they do, somebody has changed the row: put {self._own} back.",
            )

    def _noted(self, head: JournalHead) -> Iterator[Finding]:
        """Note how far the journal goes: who copies that file elsewhere can prove what was."""
        file = self._home / HEADS
        known = heads_in(file)
        if not head.number or (known and known[-1][1] == head):
            return
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as heads:
                heads.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} ")
                heads.write(f"{head.number} {head.hash}\n")
        except OSError as error:
            yield Finding(
                part="journal",
                where=str(file),
                what=f"the journal's head cannot be noted: {error.strerror}",
                mend="give write permission, and keep a copy of the file elsewhere.",
            )


def _guards(session: Session) -> Iterator[Finding]:
    for where, what, mend in guard_faults(session.connection()):
        yield Finding(part="journal", where=where, what=what, mend=mend)


def _counted(findings: Iterable[Finding]) -> tuple[int, tuple[Finding, ...]]:
    """How many there are, and the first of them."""
    every = iter(findings)
    first = tuple(islice(every, MOST_SHOWN))
    return len(first) + sum(1 for _ in every), first


def _notice_fault(where: str, what: str, mend: str) -> Finding:
    return Finding(part="notices", where=where, what=what, mend=mend)
