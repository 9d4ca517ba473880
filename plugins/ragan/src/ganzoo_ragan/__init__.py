"""Relativistic average losses for ganzoo (Jolicoeur-Martineau 2019)."""
