"""How a batch, a decision and a comparison are shown to people."""
