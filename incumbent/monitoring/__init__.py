"""Measurements of a batch: validation, drift, harm, estimates, attribution and label faults."""
