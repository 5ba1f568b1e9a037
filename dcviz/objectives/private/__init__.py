"""Privacy with (ε, δ): the discrepancy gives way to a noisy mechanism, the only reader of the private rows."""
