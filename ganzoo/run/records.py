"""Records: what the files of a run say of it. Imports no torch, so that `ganzoo runs` is quick."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig, load_config
from ganzoo.errors import GanzooError, UsageError, reading
from ganzoo.run import journal
from ganzoo.run.directory import RunDirectory


def run_title(config: RunConfig) -> str:
    """Name what is trained: `"dcgan + hinge on emoji at 32 px, conditional"`."""
    added = [n for s in ("penalty", "augment", "constraint") for n in config.named(s)]
    title = " + ".join([config.arch.name, config.loss.name, *added])
    title += f" on {config.data.name}"
    if config.image.size:
        title += f" at {' by '.join(map(str, dict.fromkeys(config.image.size)))} px"
    if config.training.conditional:
        title += ", conditional"
    return title


def short_term(name: str) -> str:
    """Shorten `discriminator/real` to `D real`."""
    side, _, term = name.partition("/")
    return f"{side[:1].upper()} {term}"


def short_terms(line: Mapping[str, Any], most: int = 3) -> str:
    """The first few terms of a line of the log: `"D real 0.693, D fake 0.7"`."""
    terms = [
        f"{short_term(name)} {value:.3g}"
        for name, value in line.items()
        if name not in ("step", "images_per_second") and journal.is_number(value)
    ]
    return ", ".join(terms[:most])


class Records:
    """The records of a run: config, state, log, journal and results of evaluations.

    Raises:
        UsageError: there is no run.
    """

    def __init__(self, path: str | Path) -> None:
        if isinstance(path, Records):
            raise UsageError(f"{path!r} is open already; a run is named by its directory, run.path")
        self.directory = RunDirectory(Path(path))
        with reading(f"the run {path}"):
            if not self.directory.config.is_file():
                raise UsageError(f"{path} is no run directory: it has no config.toml")

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @cached_property
    def config(self) -> RunConfig:
        """The resolved config."""
        return load_config(self.directory.config)

    @property
    def steps(self) -> list[int]:
        """Steps of all checkpoints, in order."""
        return self.directory.checkpoint_steps()

    def metrics(self) -> list[dict[str, Any]]:
        """Read the log: one dict every `log_every` steps."""
        return journal.read_log(self.directory.metrics)

    def evaluations(self) -> list[dict[str, Any]]:
        """Read the results of all evaluations, the oldest first, as in `ganzoo.Evaluation`."""
        return journal.read_evaluations(self.directory.evaluations)

    def events(self) -> list[journal.Event]:
        """Read the journal, the oldest event first: see `ganzoo.run.journal`."""
        return journal.read(self.directory.journal)

    @property
    def state(self) -> str:
        """`"running"`, `"finished"`, `"stopped"` (Ctrl-C), `"failed"` or `"killed"`.

        A killed run has ended without writing so: SIGKILL, out of memory, a power cut.
        """
        if self.directory.writer() is not None:
            return "running"
        return journal.end_of_latest_session(self.events()) or "killed"

    @property
    def provenance(self) -> dict[str, Any]:
        """Command, versions, device, commit, dataset and seed of the latest session.

        Raises:
            GanzooError: the journal has lost them.
        """
        session = journal.latest_beginning(self.events())
        provenance = session and session.get("provenance")
        if not isinstance(provenance, dict):
            raise GanzooError(f"{self.directory.journal} does not say how the run was started")
        return provenance
