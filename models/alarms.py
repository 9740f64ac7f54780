"""An exited village or county whose incidence has passed the threshold again (F5): an alarm.

It tells the body above, and changes nothing by itself. So does its end (预警解除, F13): should the
incidence pass the threshold once more, that is another alarm.
"""

from typing import Literal

from models.base import Line, Record
from models.offices import Office
from models.policy import Standards
from models.register.villages import Incidence
from models.standards import incidence_finding


class Alarm(Record):
    """What the register counts of an exited unit, and who has to hear it.

    Attributes:
        ended: The incidence has come down again.
        tell: The offices above it: of a village the county and who approves villages, of a county
            the city and the province (a directly administered one: the province alone).
    """

    kind: Literal["village", "county"]
    code: str
    name: Line
    incidence: Incidence
    ended: bool = False
    tell: tuple[Office, ...]

    def sentence(self, standards: Standards) -> str:
        """What it says, in Chinese: the counts and the threshold (S5)."""
        id = "S2.incidence" if self.kind == "village" else "S3.incidence"
        counted = incidence_finding(id, self.incidence, standards)
        unit = "村" if self.kind == "village" else "县"
        said = f"已退出的贫困{unit}{self.name}，{counted.zh}"
        if self.ended:
            now = "恢复达标" if counted.met else "已降至批准退出时的水平"
            return f"预警解除：{said}，{now}"
        return f"预警：{said}，再次不达标；预警本身不改变其退出状态"
