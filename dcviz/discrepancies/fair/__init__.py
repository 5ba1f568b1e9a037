"""Discrepancies that serve small groups of T, too."""
