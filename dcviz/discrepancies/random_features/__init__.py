"""The random-feature regime: samples compared after an untrained network."""
