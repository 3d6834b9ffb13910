"""Spikeboard beside other packages (`python -m benchmarks`), and in the browser as recordings grow."""
