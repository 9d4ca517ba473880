"""An observer that writes the log of a run as a CSV table."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ganzoo

WITHOUT_RUN = "the observer 'csv' writes nothing without a run directory; train with `ganzoo.train`"


class Table(ganzoo.Observer):
    """A row for each line of the log, a column for each name, in `csv/metrics.csv`.

    Rows are appended. Where a name is new, the table is replaced by a wider one, so that a
    reader, and a crash at any moment, finds a whole table.
    """

    def __init__(self, options: ganzoo.Options | None = None) -> None:
        super().__init__(options)
        self._run_dir: Path | None = None
        self._table = Path()
        self._columns: list[str] = []

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Keep the run directory and the place of the table."""
        self._run_dir, self._table = run_dir, run_dir / "csv" / "metrics.csv"

    def started(self, trainer: ganzoo.TrainerState, steps: int) -> None:
        """Write the lines that the log has, which a run that resumes has cut to its checkpoint.

        Without a run directory (`Trainer.fit`) there is no place for a table.
        """
        if self._run_dir is None:
            warnings.warn(ganzoo.GanzooWarning(WITHOUT_RUN), stacklevel=2)
            return
        lines = ganzoo.Run(self._run_dir).metrics()
        if lines or self._table.exists():
            self._replace(lines)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row; widen the table if a name is new, or if the table was removed."""
        if self._run_dir is None:
            return
        if values.keys() <= set(self._columns) and self._table.exists():
            with self._table.open("a", encoding="utf-8", newline="") as stream:
                stream.write(self._text([values]))
        else:
            self._replace([*self._rows(), values])

    def _rows(self) -> list[dict[str, str]]:
        """The rows of the table, as they are written there."""
        if not self._table.exists():
            return []
        with self._table.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def _replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the table; its columns are the names of all rows, in order."""
        rows = list(rows)
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        header = dict(zip(self._columns, self._columns, strict=True))
        with ganzoo.replacing_file(self._table) as stream:
            stream.write(self._text([header, *rows] if rows else []).encode())

    def _text(self, rows: Iterable[Mapping[str, Any]]) -> str:
        """Rows as text; a number that a row does not have is an empty cell."""
        text = io.StringIO()
        csv.DictWriter(text, self._columns, lineterminator="\n").writerows(rows)
        return text.getvalue()
