"""Measured, never asserted on: `python -m benchmarks` runs everything, `-m benchmarks.NAME` one."""
