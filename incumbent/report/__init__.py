"""Reports on a batch, a decision, a comparison of tables and a replay."""
