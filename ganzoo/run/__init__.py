"""Runs: training one into a run directory, and opening it again."""

from ganzoo.run.resuming import resume as resume
from ganzoo.run.run import Run as Run
from ganzoo.run.starting import train as train
