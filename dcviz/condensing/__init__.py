"""Condensing: the step, the loop around it, where S starts, how it is stored, and which steps are kept."""
