"""Telling people: channels, deliveries and what is logged of them."""
