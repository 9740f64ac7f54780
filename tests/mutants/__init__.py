"""Mutants of the rules: one place of the code is broken, and a test has to find it."""
