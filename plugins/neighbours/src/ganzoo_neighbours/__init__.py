"""Metrics that look at nearest neighbours."""
