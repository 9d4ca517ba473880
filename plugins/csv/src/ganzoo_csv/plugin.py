"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """The CSV table."""
    yield ganzoo.ObserverSpec(
        name="csv",
        factory="ganzoo_csv.observer:Table",
        summary="The log as a table, metrics.csv, for spreadsheets and pandas.",
        reference="https://www.rfc-editor.org/rfc/rfc4180",
    )
