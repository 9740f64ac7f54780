"""What checking the installation looks at and finds (G7)."""
