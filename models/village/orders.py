"""What a village's case orders from the world outside it.

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.case.orders import OnFile
from models.notices import Announcement, Left
from models.offices import Office, Village, VillageCode
from models.register.villages import Incidence


class VillageCount(OnFile[Incidence]):
    """A village whose poor are to be counted as of a day (S5)."""

    activity = "village_incidence"
    village: VillageCode
    on: date

    @property
    def summary(self) -> str:
        return f"S5 核对贫困发生率 {self.on}"


class VillageRegisterChange(Announcement[Left]):
    """Announcing the exit of a village, and taking it off the list of poor villages (V3).

    Attributes:
        told: The register's count as it was told to who approved, by the file: households may have
            come into the register since (S2, S6, F5, F7).
    """

    activity = "strike_off_village"
    village: Village
    approved_by: Office
    told: Incidence

    @property
    def summary(self) -> str:
        return f"V3 {self.village.name}退出销号"
