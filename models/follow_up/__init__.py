"""The follow-up of exited households (F1, F5)."""
