"""The displays of the weight matrix."""
