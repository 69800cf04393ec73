"""Formulas: distances, p-values, intervals, sequential tests, metrics. No policy."""
