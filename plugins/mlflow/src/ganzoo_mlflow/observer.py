"""An observer that logs a run to MLflow, on a server or in a local store."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from torch import Tensor

import ganzoo
from ganzoo_mlflow.options import MLflowOptions

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT_TIMEOUT = 10
"""Seconds that a server has to answer."""

PARAMS_PER_REQUEST = 100
LONGEST_KEY = 250
LONGEST_VALUE = 6000
"""Limits of MLflow: of a request, of names, and of a parameter's value."""

WITHOUT_RUN = (
    "the observer 'mlflow' writes nothing without a run directory; train with `ganzoo.train`"
)


class MLflow(ganzoo.Observer):
    """Metrics, sample grids and settings of a run, as one run of MLflow.

    `mlflow/run.json` in the run directory keeps the id of the run, so that a run that resumes
    continues it. Steps that it repeats are skipped if the store has them.

    Raises:
        ganzoo.UsageError: a package is not installed.
    """

    options: MLflowOptions

    def __init__(self, options: MLflowOptions | None = None) -> None:
        super().__init__(options or MLflowOptions())
        self._uri = self.options.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        with ganzoo.importing("the observer 'mlflow'", "gan-zoo[mlflow]"):
            import mlflow  # noqa: F401

            if self._uri is None or self._uri.startswith("sqlite:"):
                import alembic  # noqa: F401
                import sqlalchemy  # noqa: F401
        self._run_dir: Path | None = None
        self._settings: Mapping[str, Any] = {}
        self._client: MlflowClient | None = None
        self._run_id = ""
        self._last_steps: dict[str, int] = {}

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Keep the run directory and the settings."""
        self._run_dir, self._settings = run_dir.resolve(), settings

    def started(self, trainer: ganzoo.TrainerState, steps: int) -> None:
        """Start the run of MLflow, or resume it, and log the settings.

        Without a run directory (`Trainer.fit`) its id could not be kept.
        """
        if self._run_dir is None:
            warnings.warn(ganzoo.GanzooWarning(WITHOUT_RUN), stacklevel=2)
            return
        from mlflow import MlflowClient
        from mlflow.entities import Param

        # Store and run.
        run_dir = self._run_dir
        self._file = run_dir / "mlflow" / "run.json"
        self._file.parent.mkdir(exist_ok=True)
        uri = self._uri or _database(run_dir / "mlflow" / "mlflow.db")
        _check_server(uri)
        with _without_notes():
            client = MlflowClient(tracking_uri=uri)
            self._run_id = self._resumed(client) or self._created(client, run_dir)

        # Settings. Parameters cannot change: the file has what a run that resumes has now.
        known = client.get_run(self._run_id).data.params
        new = [Param(*pair) for pair in _params(self._settings) if pair[0] not in known]
        for first in range(0, len(new), PARAMS_PER_REQUEST):
            client.log_batch(self._run_id, params=new[first : first + PARAMS_PER_REQUEST])
        client.log_dict(self._run_id, dict(self._settings), "settings.json")
        self._client = client

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Log the numbers of a line that the store does not have."""
        if self._client is None:
            return
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        new = [
            Metric(key, float(value), now, step)
            for key, value in ((_key(name), value) for name, value in values.items())
            if key != "step" and step > self._last_step(key)
        ]
        self._client.log_batch(self._run_id, metrics=new)

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Log the sample grid as an artifact; of the same step it replaces the earlier one."""
        if self._client is not None and self.options.images:
            self._client.log_artifact(self._run_id, str(path), "samples")

    def finished(self, trainer: ganzoo.TrainerState) -> None:
        """End the run as FINISHED."""
        self._end("FINISHED")

    def failed(self, trainer: ganzoo.TrainerState, error: BaseException) -> None:
        """End the run as FAILED, after Ctrl-C as KILLED."""
        self._end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")

    def _resumed(self, client: MlflowClient) -> str | None:
        """Set the run of earlier sessions to RUNNING; None if this store does not have it."""
        from mlflow.exceptions import MlflowException

        if not self._file.exists():
            return None
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        if kept["tracking_uri"] != self._uri:
            return None
        run_id: str = kept["run_id"]
        try:
            client.update_run(run_id, status="RUNNING")
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return run_id

    def _created(self, client: MlflowClient, run_dir: Path) -> str:
        """Create a run, and its experiment if it is the first one there; keep its id."""
        # Experiment. A database of the run's own has the artifacts beside it.
        name = self.options.experiment
        if (experiment := client.get_experiment_by_name(name)) is not None:
            experiment_id = experiment.experiment_id
        else:
            artifacts = None if self._uri else (run_dir / "mlflow" / "artifacts").as_uri()
            experiment_id = client.create_experiment(name, artifact_location=artifacts)

        # Run.
        run = client.create_run(
            experiment_id,
            run_name=self.options.run_name or run_dir.name,
            tags={"ganzoo.run_dir": str(run_dir)} | self.options.tags,
        )
        run_id: str = run.info.run_id
        with ganzoo.replacing_file(self._file) as stream:
            stream.write(json.dumps({"run_id": run_id, "tracking_uri": self._uri}).encode())
        return run_id

    def _last_step(self, key: str) -> int:
        """The last step of a metric in the store; -1 if it has none."""
        if key not in self._last_steps:
            history = self._client.get_metric_history(self._run_id, key) if self._client else []
            self._last_steps[key] = max((metric.step for metric in history), default=-1)
        return self._last_steps[key]

    def _end(self, status: str) -> None:
        """Set the status of the run and its end."""
        if self._client is not None:
            with redirect_stdout(sys.stderr):  # MLflow prints the address of the run
                self._client.set_terminated(self._run_id, status)
            self._client = None


def _check_server(uri: str) -> None:
    """Refuse a server that does not answer: MLflow would try for minutes without a word.

    Raises:
        UsageError: names its address.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), CONNECT_TIMEOUT).close()
    except OSError as error:
        raise ganzoo.UsageError(
            f"the server of MLflow at {parts.hostname}:{port} does not answer ({error}); start it, "
            "or name another store by observer.mlflow.tracking_uri or MLFLOW_TRACKING_URI"
        ) from None


def _database(file: Path) -> str:
    """The URI of an SQLite database."""
    return "sqlite:///" + re.sub("[%?#]", lambda found: quote(found[0]), str(file))


def _params(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings by dotted name, as text, cut to the lengths that MLflow takes."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _params(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            yield _key(f"{prefix}{name}"), text[:LONGEST_VALUE]


def _key(name: str) -> str:
    """A name of a parameter or metric in the characters and the length that MLflow takes."""
    return re.sub(r"[^\w\-. /]", "_", name)[:LONGEST_KEY]


@contextmanager
def _without_notes() -> Iterator[None]:
    """Leave out what MLflow prints when it makes the tables of a database."""
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
