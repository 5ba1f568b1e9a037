"""The trained-feature regime: samples compared after a network that has learned something."""
