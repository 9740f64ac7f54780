"""What is printed: tables, sheets and pictures."""
