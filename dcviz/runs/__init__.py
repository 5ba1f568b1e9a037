"""Runs: what is kept of them, who works on them, and what a page or the command line asks for."""
