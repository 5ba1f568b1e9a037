"""Runs and published synthetic sets from elsewhere, looked through before anything is written down."""
