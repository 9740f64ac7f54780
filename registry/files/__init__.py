"""Tables as offices keep them: workbooks and CSV, read within bounds, and written."""
