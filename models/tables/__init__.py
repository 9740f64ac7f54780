"""Tables of the registry (SQLModel). The one part of ``models`` that workflows may not import.

Rows are written by activities after plain pydantic records were validated: table classes do not
validate. Nothing is ever overwritten where the regulation wants a file kept (G7): statuses and
divisions are closed by a date and followed by a new row.

All ends of validity (``until``, ``valid_until``) are exclusive: the first day it no longer holds.
"""

from models.tables.afterwards import AlarmRow as AlarmRow
from models.tables.afterwards import CheckRow as CheckRow
from models.tables.afterwards import DocumentRow as DocumentRow
from models.tables.afterwards import RevocationRow as RevocationRow
from models.tables.afterwards import RiskRow as RiskRow
from models.tables.afterwards import SampleRow as SampleRow
from models.tables.afterwards import SupervisionRow as SupervisionRow
from models.tables.cases import CaseRow as CaseRow
from models.tables.cases import EntryRow as EntryRow
from models.tables.cases import IndicatorRow as IndicatorRow
from models.tables.cases import NoticeRow as NoticeRow
from models.tables.cases import NotificationRow as NotificationRow
from models.tables.cases import ObjectionRow as ObjectionRow
from models.tables.cases import RosterRow as RosterRow
from models.tables.columns import ON_THE_LIST as ON_THE_LIST
from models.tables.columns import Source as Source
from models.tables.columns import Standing as Standing
from models.tables.columns import SubjectKind as SubjectKind
from models.tables.columns import Table as Table
from models.tables.columns import storable as storable
from models.tables.households import EpisodeRow as EpisodeRow
from models.tables.households import HouseholdRow as HouseholdRow
from models.tables.households import HouseholdYearRow as HouseholdYearRow
from models.tables.households import MemberRow as MemberRow
from models.tables.households import PovertyLineRow as PovertyLineRow
from models.tables.installation import ContradictionRow as ContradictionRow
from models.tables.installation import EndedRunRow as EndedRunRow
from models.tables.installation import InstallationRow as InstallationRow
from models.tables.journal import CheckResultRow as CheckResultRow
from models.tables.journal import JournalRow as JournalRow
from models.tables.register import DivisionRow as DivisionRow
from models.tables.register import PlanRow as PlanRow
from models.tables.register import StatusRow as StatusRow
from models.tables.register import VillageRow as VillageRow
from models.tables.register import VillageStatusRow as VillageStatusRow
from models.tables.register import VillageYearRow as VillageYearRow
