"""Evaluation while a run is trained."""
