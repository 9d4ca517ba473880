"""Evaluation: two sets of images compared by metrics, each number beside its floor."""

from ganzoo.evaluation.results import Evaluation as Evaluation
from ganzoo.evaluation.results import Result as Result
