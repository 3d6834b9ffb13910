"""The displays of the cross-correlogram."""
