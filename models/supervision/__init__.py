"""Supervision: samples, findings, rates (F6)."""
