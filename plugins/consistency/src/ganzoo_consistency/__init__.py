"""Consistency regularization for ganzoo (CR, bCR and zCR)."""
