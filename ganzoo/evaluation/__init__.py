"""Evaluation: two sets of images compared, and how good a number could be written beside it."""

from ganzoo.evaluation.results import Evaluation as Evaluation
from ganzoo.evaluation.results import Result as Result
