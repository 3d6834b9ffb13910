"""The displays of the spike train comparison."""
