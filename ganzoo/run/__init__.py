"""Runs: trains a GAN into a run directory, resumes it and opens it.

Each name is imported on first use: reading the files of a run imports no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
