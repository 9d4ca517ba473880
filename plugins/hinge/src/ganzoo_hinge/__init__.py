"""The hinge loss for ganzoo (Lim & Ye 2017)."""
