"""Pure functions over data handed in: prices, throughput, estimates, the chooser."""
