"""How Prefect runs a step: with which retry, timeout, artifact. The rules are in incumbent/."""
