"""Metrics and the Inception network of torch-fidelity."""
