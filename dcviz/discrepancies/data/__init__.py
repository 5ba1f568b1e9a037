"""The data regime: samples compared as they are."""
