"""The batch-norm regime: samples compared by the statistics that a trained network kept of the real data."""
