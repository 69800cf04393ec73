"""Measurements, without assertions: `python -m benchmarks` runs the main ones, `.NAME` one."""
