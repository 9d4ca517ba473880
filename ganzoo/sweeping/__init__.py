"""Sweeps: a grid of runs, trained by processes of their own, which resume where they were."""

from ganzoo.sweeping.runner import Sweep as Sweep
from ganzoo.sweeping.runner import sweep as sweep
