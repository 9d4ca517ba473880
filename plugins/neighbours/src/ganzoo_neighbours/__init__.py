"""Nearest-neighbour metrics: density and coverage, copying."""
