"""What every case shares: messages, ledger, state, limits, reception, status."""
