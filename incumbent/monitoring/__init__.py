"""What is measured about a batch: validation, drift, harm, estimates, causes and label faults."""
