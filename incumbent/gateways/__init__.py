"""The only gateways to the outside: registry, validation runtime, batches, ledger, predictions."""
