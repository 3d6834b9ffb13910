"""The displays of the power spectrum."""
