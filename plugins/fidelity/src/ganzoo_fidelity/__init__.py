"""Metrics of torch-fidelity, and the Inception network of the FID."""
