"""An observer that logs a run to Weights & Biases, online or offline."""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from torch import Tensor

import ganzoo
from ganzoo_wandb.options import WandbOptions

if TYPE_CHECKING:
    import wandb

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for the server before the run is logged offline."""

INIT_TIMEOUT = 60.0
"""Seconds to wait for a server that answered to start the run."""

FINISH_TIMEOUT = 120.0
"""Seconds to wait for uploads at the end of a run."""

FLUSH_INTERVAL = 1.0
"""Seconds after which wandb writes lines to the disk; a killed process loses those in between."""

WITHOUT_RUN = (
    "the observer 'wandb' writes nothing without a run directory; train with `ganzoo.train`"
)
WITHOUT_KEY = (
    "the observer 'wandb' finds no key of Weights & Biases; run `wandb login`, set the variable "
    "WANDB_API_KEY, or log offline with the option observer.wandb.mode=offline"
)


class WeightsAndBiases(ganzoo.Observer):
    """Metrics, sample grids and settings of a run, as one run of Weights & Biases.

    Steps there are training steps. They can be appended but not written again, so the steps that
    a run repeats after it resumed are skipped. `wandb/ganzoo.json` in the run directory keeps the
    id of the run and the step to continue at.

    Raises:
        ganzoo.UsageError: the package `wandb` is not installed, or there is no key for the
            mode online.
    """

    options: WandbOptions

    def __init__(self, options: WandbOptions | None = None) -> None:
        super().__init__(options or WandbOptions())
        with ganzoo.importing("the observer 'wandb'", "gan-zoo[wandb]"):
            import wandb  # noqa: F401
        self._mode = self.options.mode or os.environ.get("WANDB_MODE") or "online"
        self._mode = {"run": "online", "dryrun": "offline"}.get(self._mode, self._mode)  # aliases
        if self._mode == "online":
            _check_key()
        self._run_dir: Path | None = None
        self._settings: Mapping[str, Any] = {}
        self._run: wandb.Run | None = None
        self._id, self._next_step, self._logged = "", 0, False
        self._latest: dict[str, float] = {}

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Keep the run directory and the settings."""
        self._run_dir, self._settings = run_dir.resolve(), settings

    def started(self, trainer: ganzoo.TrainerState, steps: int) -> None:
        """Start the run of Weights & Biases, or resume it; offline if no server answers.

        Without a run directory (`Trainer.fit`) there is no place for its files.
        """
        if self._run_dir is None:
            warnings.warn(ganzoo.GanzooWarning(WITHOUT_RUN), stacklevel=2)
            return
        if self._mode == "disabled":
            return

        # What earlier sessions kept.
        self._file = self._run_dir / "wandb" / "ganzoo.json"
        self._file.parent.mkdir(exist_ok=True)
        kept: dict[str, Any] = {}
        if self._file.exists():
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        self._id = kept.get("id") or secrets.token_hex(4)

        # Start. wandb 0.31 does not give back the id of a run that it could not start.
        mode = self._mode
        if mode == "online" and (reason := _unreachable()):
            mode = "offline"
            message = (
                f"Weights & Biases does not answer ({reason}), so this run is logged offline; "
                f"upload it later with `wandb sync {self._file.parent}/offline-run-*`"
            )
            warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
        run = self._start(mode)

        # Where to continue: the server knows best.
        self._run = run
        self._keep(run.step if run.resumed else kept.get("next_step", 0))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Log the numbers of a line, unless an earlier session has."""
        numbers = {name: value for name, value in values.items() if name != "step"}
        self._latest |= numbers
        self._log(step, numbers)

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Log the sample grid, unless an earlier session has."""
        if self._run is not None and self.options.images:
            import wandb

            self._log(step, {"samples": wandb.Image(picture.permute(1, 2, 0).numpy())})

    def finished(self, trainer: ganzoo.TrainerState) -> None:
        """Write the summary and finish the run."""
        self._finish(exit_code=0)

    def failed(self, trainer: ganzoo.TrainerState, error: BaseException) -> None:
        """Write the summary and mark the run as failed, after Ctrl-C as killed."""
        self._finish(exit_code=255 if isinstance(error, KeyboardInterrupt) else 1)

    def _start(self, mode: str) -> wandb.Run:
        """Start or resume a run: quietly, without console, code and git."""
        import wandb

        assert self._run_dir is not None
        options, given = self.options, os.environ.get
        return wandb.init(
            project=options.project or given("WANDB_PROJECT", "ganzoo"),
            entity=options.entity,
            name=options.run_name or given("WANDB_NAME", self._run_dir.name),
            group=options.group,
            tags=options.tags or None,
            config=dict(self._settings),
            allow_val_change=True,
            dir=self._run_dir,
            id=self._id,
            resume="allow",
            mode=cast(Literal["online", "offline"], mode),
            reinit="create_new",
            settings=wandb.Settings(
                console="off",
                silent=True,
                disable_code=True,
                save_code=False,
                disable_git=True,
                init_timeout=INIT_TIMEOUT,
                finish_timeout=FINISH_TIMEOUT,
                finish_timeout_raises=True,
                x_transaction_log_flush_interval=FLUSH_INTERVAL,
            ),
        )

    def _log(self, step: int, values: Mapping[str, Any]) -> None:
        """Log values at a step, which is complete when a later one comes."""
        if self._run is not None and step >= self._next_step:
            self._run.log(dict(values), step=step)
            self._logged = True
            self._keep(step)

    def _keep(self, next_step: int) -> None:
        """Keep the id of the run, its address and the first step that is not complete."""
        assert self._run is not None
        self._next_step = next_step
        kept = {"id": self._id, "next_step": next_step}
        if not self._run.offline:
            kept["url"] = self._run.url
        with ganzoo.replacing_file(self._file) as stream:
            stream.write(json.dumps(kept).encode())

    def _finish(self, exit_code: int) -> None:
        """Write the summary, and wait until all is uploaded."""
        if self._run is None:
            return
        self._run.summary.update(self._latest)
        try:
            self._run.finish(exit_code)
        except TimeoutError:
            message = (
                f"not all of the run was uploaded to Weights & Biases in {FINISH_TIMEOUT:g} "
                f"seconds; upload the rest with `wandb sync {self._file.parent} --include-online`"
            )
            warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
        if self._logged:
            self._keep(self._next_step + 1)  # its last step is complete
        self._run = None


def _check_key() -> None:
    """Look for a key where wandb does (environment, settings, .netrc), which would ask for one.

    Raises:
        ganzoo.UsageError: there is none, or it cannot be one.
    """
    import wandb
    from wandb.sdk import wandb_setup
    from wandb.sdk.lib import wbauth

    host = wandb_setup.singleton().settings.base_url
    try:
        key = wbauth.authenticate_session(
            host=host, source="ganzoo", prompt=False, update_session=False
        )
    except wandb.Error as error:
        raise ganzoo.UsageError(f"{WITHOUT_KEY}. The reason: {error}") from None
    if key is None:
        raise ganzoo.UsageError(WITHOUT_KEY)


def _unreachable() -> str | None:
    """Why the server cannot be reached; None if it answers, whatever it says."""
    from wandb.sdk import wandb_setup

    try:
        with urlopen(wandb_setup.singleton().settings.base_url, timeout=CONNECT_TIMEOUT):  # noqa: S310
            return None
    except HTTPError:
        return None
    except OSError as error:
        return str(error.reason if isinstance(error, URLError) else error)
