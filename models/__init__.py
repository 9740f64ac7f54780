"""What things are: policy, periods, steps, offices, messages, ledger.

Everything here is pure (no input or output, no clock, no setting) and may be imported by a
workflow.
"""
