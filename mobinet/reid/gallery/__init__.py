"""Known objects."""
