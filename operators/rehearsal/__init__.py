"""Rehearsals: scenarios and seasons played on a real server."""
