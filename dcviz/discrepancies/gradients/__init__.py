"""The gradient regime: samples compared by the gradients they give a network."""
