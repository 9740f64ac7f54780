"""The database itself: engine and transactions, its errors, roles and version."""
