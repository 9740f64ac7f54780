"""The register: counties, villages, households, plans and lines."""
