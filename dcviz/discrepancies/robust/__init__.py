"""Mechanics of the robust objectives: real or synthetic samples attacked inside of a loss, and penalties of slopes."""
