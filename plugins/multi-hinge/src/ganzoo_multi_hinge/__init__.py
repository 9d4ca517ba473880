"""The multi-hinge loss of MHGAN for ganzoo (Kavalerov et al. 2019)."""
