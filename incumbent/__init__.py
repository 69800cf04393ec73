"""Incumbent keeps the best model you have in production, and can prove it."""
