"""What follows from the measurements: the decision, its limits, and the gate for a challenger."""
