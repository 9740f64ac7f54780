"""Sheets that go out of a case to be filled in, and come back."""
