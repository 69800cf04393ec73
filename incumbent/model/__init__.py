"""Models: how one is fitted, evaluated on held-out rows, and checked before it is promoted."""
