"""Objectives of fairness: one file each."""
