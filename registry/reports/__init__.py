"""What the register shows of a year: readiness, plan, progress, targets, consequences."""
