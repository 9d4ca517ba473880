"""Evaluation during training: metrics of the averaged generator, every `eval_every` steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import Unsupported
from ganzoo.evaluation.results import Evaluation
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.run.directory import RunDirectory
from ganzoo.run.evaluating import evaluate


class Evaluator(Observer):
    """Evaluates at the first line of the log, and at the first line after every `eval_every` steps.

    The results go into the line, and with all details into `evaluations.jsonl`.

    Args:
        directory: the run directory.
        config: of the run; `logging.eval_every` is set.
        host: the plugins that provide metrics and extractor; the installed ones if None.
    """

    def __init__(
        self, directory: RunDirectory, config: RunConfig, host: PluginHost | None = None
    ) -> None:
        self.directory = directory
        self.logging = config.logging
        self.reference: dict[str, Any] = {
            "name": config.data.name,
            **config.data.options,
            "skip_bad_images": config.image.skip_bad_images,
        }
        defaults = registry.offering("metric", "tracks_training", host=host)
        names = self.logging.eval_metrics or [metric.qualified_name for metric in defaults]
        self.metric_names = names or None
        self.host = host

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

        # Write, with the run in place of the images in memory.
        title = f"{self.directory.path} at step {trainer.step:,}"
        results = (replace(result, sample=title, step=trainer.step) for result in evaluation)
        replace(evaluation, results=tuple(results)).append_to(self.directory.evaluations)
        return evaluation.values()

    def _evaluate(self, trainer: TrainerState) -> Evaluation:
        n = self.logging.eval_images
        return evaluate(
            trainer.sample(n),
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
