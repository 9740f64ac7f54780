"""What happens in which order. A procedure file reads like the regulation."""
