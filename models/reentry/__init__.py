"""A household that enters the register, or enters it again (F5)."""
