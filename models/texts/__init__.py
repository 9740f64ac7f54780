"""What a text may hold: characters, notation, numbers of persons."""
