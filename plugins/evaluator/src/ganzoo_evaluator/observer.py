"""An observer that evaluates the averaged generator while it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ganzoo
from ganzoo_evaluator.options import EvaluatingOptions


class Evaluating(ganzoo.Observer):
    """Measures at the first line of the log, and at the line after every so many steps."""

    def __init__(self, options: EvaluatingOptions | None = None) -> None:
        self.options = options or EvaluatingOptions()
        self._run_dir = Path()
        self._reference: dict[str, Any] = {}
        self._log_every = 1

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Remember what the run is trained on."""
        self._run_dir = run_dir
        self._log_every = settings.get("logging", {}).get("log_every", 1)
        if "data" in settings:
            skip_bad = settings.get("image", {}).get("skip_bad", False)
            self._reference = {**settings["data"], "skip_bad": skip_bad}

    def measure(self, trainer: Any) -> dict[str, float]:
        """The numbers, where they are due."""
        if not self._reference or not self._due(trainer.step):
            return {}
        done = ganzoo.evaluate(
            trainer.sample(self.options.n, seed=self.options.seed),
            self._reference,
            metrics=self.options.metrics,
            extractor=self.options.extractor,
            n=self.options.n,
            seed=self.options.seed,
            device=str(trainer.device),
        )
        title = f"{self._run_dir} at step {trainer.step:,}"
        results = (replace(result, sample=title, step=trainer.step) for result in done)
        replace(done, results=tuple(results)).append_to(self._run_dir)
        found: dict[str, float] = done.values()
        return found

    def _due(self, step: int) -> bool:
        """Of the step alone, so that a resumed run measures where one that was not stopped does."""
        before = step - self._log_every
        return before <= 0 or step // self.options.every > before // self.options.every
