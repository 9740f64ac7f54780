"""Tables of the registry (SQLModel).

Rows are written by activities after plain pydantic records were validated: table classes do not
validate. Nothing is ever overwritten where the regulation wants a file kept (G7): statuses and
divisions are closed by a date and followed by a new row.

All ends of validity (``until``, ``valid_until``) are exclusive: the first day it no longer holds.
"""

from registry.tables.afterwards import AlarmRow as AlarmRow
from registry.tables.afterwards import CheckRow as CheckRow
from registry.tables.afterwards import DocumentRow as DocumentRow
from registry.tables.afterwards import RevocationRow as RevocationRow
from registry.tables.afterwards import RiskRow as RiskRow
from registry.tables.afterwards import SampleRow as SampleRow
from registry.tables.afterwards import SupervisionRow as SupervisionRow
from registry.tables.cases import CaseRow as CaseRow
from registry.tables.cases import EntryRow as EntryRow
from registry.tables.cases import IndicatorRow as IndicatorRow
from registry.tables.cases import LimitRow as LimitRow
from registry.tables.cases import NoticeRow as NoticeRow
from registry.tables.cases import ObjectionRow as ObjectionRow
from registry.tables.cases import RosterRow as RosterRow
from registry.tables.columns import ON_THE_LIST as ON_THE_LIST
from registry.tables.columns import DayInBeijing as DayInBeijing
from registry.tables.columns import Source as Source
from registry.tables.columns import Standing as Standing
from registry.tables.columns import Table as Table
from registry.tables.columns import storable as storable
from registry.tables.households import EpisodeRow as EpisodeRow
from registry.tables.households import HouseholdPastRow as HouseholdPastRow
from registry.tables.households import HouseholdRow as HouseholdRow
from registry.tables.households import HouseholdYearRow as HouseholdYearRow
from registry.tables.households import MemberRow as MemberRow
from registry.tables.households import PovertyLineRow as PovertyLineRow
from registry.tables.households import RegisterEntryRow as RegisterEntryRow
from registry.tables.installation import ContradictionRow as ContradictionRow
from registry.tables.installation import EndedRunRow as EndedRunRow
from registry.tables.installation import InstallationRow as InstallationRow
from registry.tables.journal import CheckResultRow as CheckResultRow
from registry.tables.journal import JournalRow as JournalRow
from registry.tables.outbox import DeliveryRow as DeliveryRow
from registry.tables.outbox import OutboxRow as OutboxRow
from registry.tables.register import DivisionRow as DivisionRow
from registry.tables.register import OfficeRecordRow as OfficeRecordRow
from registry.tables.register import PlanRow as PlanRow
from registry.tables.register import ProvincialMeanRow as ProvincialMeanRow
from registry.tables.register import StatusRow as StatusRow
from registry.tables.register import VillagePastRow as VillagePastRow
from registry.tables.register import VillageRow as VillageRow
from registry.tables.register import VillageStatusRow as VillageStatusRow
from registry.tables.register import VillageYearRow as VillageYearRow
