"""The columns of the files for the register, as models of their rows."""

from registry.files.columns import Header

VILLAGE = Header("行政村代码", "村代码", "村编码", "行政村编码", key=True, wide=True)
HOUSEHOLD = Header("户编号", "户编码", "户号", "贫困户编号", key=True, wide=True)
