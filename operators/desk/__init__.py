"""The desk: the typed interface that scripts and commands use."""
