"""The only doors to the outside: registry, validation runtime, batches, ledger, predictions."""
