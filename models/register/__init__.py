"""Villages and households as a case sees them."""
