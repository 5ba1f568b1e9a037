"""Robust objectives: networks trained on S shall withstand perturbed inputs."""
