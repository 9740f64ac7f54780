"""Whether the registry still says what files and journal say (G7)."""
