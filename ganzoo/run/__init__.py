"""Runs: trains a GAN into a run directory, resumes it and opens it."""

from ganzoo.run.resuming import resume as resume
from ganzoo.run.run import Run as Run
from ganzoo.run.starting import train as train
