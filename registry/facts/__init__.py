"""What the register knows of a subject on a day, for its procedure."""
