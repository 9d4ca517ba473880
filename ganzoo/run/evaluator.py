"""Evaluation during training: metrics of the averaged generator, every `eval_every` steps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooWarning, Unsupported
from ganzoo.evaluation.results import Evaluation, not_measured
from ganzoo.evaluation.sources import Source, Stored, store_of
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.run.directory import RunDirectory
from ganzoo.run.evaluating import check_metrics, evaluate
from ganzoo.run.image_sources import Sampled, generated_uint8


def check_evaluation(config: RunConfig, host: PluginHost | None = None) -> list[str] | None:
    """Make the metrics and the extractor of `eval_every` once, to refuse before the first step.

    Returns:
        the names of the metrics; None for the default ones of an evaluation.

    Raises:
        UsageError: a metric or the extractor is unknown, or its extra is not installed.
        DataError: weights of the extractor are missing or unreadable.
    """
    defaults = registry.offering("metric", "tracks_training", host=host)
    names = config.logging.eval_metrics or [metric.qualified_name for metric in defaults]
    check_metrics(names or None, config.logging.eval_extractor, host)
    return list(names) or None


class Evaluator(Observer):
    """Evaluates at the first line of the log, and at the first line after every `eval_every` steps.

    The results go into the line, and with all details into `evaluations.jsonl`.

    Args:
        config: of the run; `logging.eval_every` is set.
        host: the plugins that provide metrics and extractor; the installed ones if None.
        trained_with: see `Source`.

    Raises:
        UsageError: a metric or the extractor is unknown, or its extra is not installed.
    """

    def __init__(
        self,
        directory: RunDirectory,
        config: RunConfig,
        host: PluginHost | None = None,
        trained_with: frozenset[str] = frozenset(),
    ) -> None:
        self.directory = directory
        self.logging = config.logging
        self.reference: dict[str, Any] = {
            "name": config.data.name,
            **config.data.options,
            "skip_bad_images": config.image.skip_bad_images,
        }
        self.metric_names = check_evaluation(config, host)
        self.host, self.trained_with = host, trained_with
        self._missing: set[str] = set()

    def measure(self, trainer: TrainerState) -> Mapping[str, float]:
        """Evaluate if it is due at this step."""
        if not self._is_due(trainer.step):
            return {}

        # Evaluate. Defaults that do not apply to these images give way to those that do.
        try:
            evaluation = self._evaluate(trainer)
        except Unsupported:
            if self.logging.eval_metrics:
                raise
            self.metric_names = None
            evaluation = self._evaluate(trainer)

        # Say once what is not measured.
        for name, line in not_measured(evaluation).items():
            if self.logging.eval_metrics and name not in self._missing:
                self._missing.add(name)
                message = f"evaluation during training: {line.marked}"
                warnings.warn(GanzooWarning(message), stacklevel=2)

        # Write, with the run in place of the images in memory.
        title = f"{self.directory.path} at step {trainer.step:,}"
        results = (replace(result, sample=title, step=trainer.step) for result in evaluation)
        replace(evaluation, results=tuple(results)).append_to(self.directory.evaluations)
        return evaluation.values()

    def _evaluate(self, trainer: TrainerState) -> Evaluation:
        n, title = self.logging.eval_images, f"the generator at step {trainer.step:,}"
        images: Source = Sampled(title, trainer.image, trainer.sample, conditional=True)
        if not trainer.conditional or trainer.image.condition is None:
            images = Stored(title, store_of(generated_uint8(trainer.sample(n), title)))
        images.trained_with = self.trained_with
        return evaluate(
            images,
            self.reference,
            metrics=self.metric_names,
            extractor=self.logging.eval_extractor,
            n=n,
            device=str(trainer.device),
            host=self.host,
        )

    def _is_due(self, step: int) -> bool:
        """Whether a step is due: depends on the step alone, so a resumed run evaluates the same."""
        every, before = self.logging.eval_every, step - self.logging.log_every
        return every is not None and (before <= 0 or step // every > before // every)
