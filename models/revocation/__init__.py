"""Revoking an exit (F7)."""
