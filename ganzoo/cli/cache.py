"""`ganzoo cache`: what is in the cache directory, and what of it can go."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ganzoo.cli.output import cells, say, table_console
from ganzoo.errors import UsageError, setting

if TYPE_CHECKING:
    from ganzoo.data.cache import Entry


@click.group(short_help="List or prune cached images and features.")
def cache() -> None:
    """List or prune the cache directory: decoded images, features, downloads.

    GANZOO_CACHE_DIR sets the directory. All of it may be deleted: what is missing is decoded,
    computed or downloaded again.
    """


@cache.command("list", short_help="List datasets with sizes and dates.")
def list_entries() -> None:
    """List the decoded images of each dataset, with size and date of the last use.

    Other files are listed by folder.
    """
    from rich.table import Table

    from ganzoo.data.cache import cache_dir, entries

    # Columns.
    table = Table("content", "shape", box=None)
    for name in ("images", "size", "last used"):
        table.add_column(name, justify="right", no_wrap=True)
    table.columns[0].overflow = "fold"

    # Stores by themselves, other files by folder.
    folder = cache_dir()
    found = entries(folder)
    stores = [entry for entry in found if entry.kind == "stores"]
    for entry in stores:
        images = f"{entry.images:,}" if entry.images else ""
        table.add_row(*cells(entry.title, entry.shape, images, *_size_and_date([entry])))
    others = sorted((e for e in found if e.kind != "stores"), key=lambda entry: entry.kind)
    for kind, group in groupby(others, key=lambda entry: entry.kind):
        files = list(group)
        table.add_row(*cells(f"{kind} ({len(files)})", "", "", *_size_and_date(files)))

    # Print; lines of a file are wide.
    if found:
        table_console(160).print(table)
    say(f"{_size(found)} in {folder}")


@cache.command(short_help="Remove decoded images and features.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Remove what was not used for this many days.",
)
@click.option("--all", "everything", is_flag=True, help="Remove all of it.")
def prune(older_than: float | None, everything: bool) -> None:
    """Remove decoded images and features: they are made again when they are needed.

    Downloads and trained networks stay. A run that uses images keeps them until it ends.
    """
    from ganzoo.data.cache import cache_dir, entries
    from ganzoo.data.cache import prune as prune_entries

    if everything == (older_than is not None):
        raise UsageError(
            f"choose what to remove: {setting('older_than', 30)} (days) or {setting('all', True)}"
        )
    removed = prune_entries(entries(cache_dir()), older_than or 0.0)
    for entry in removed:
        if entry.kind == "stores":
            say(f"removed {entry.title}")
    say(f"{_size(removed)} removed from {cache_dir()}")


def _size_and_date(entries: list[Entry]) -> tuple[str, str]:
    """Size of entries, and date of their last use (UTC)."""
    latest = datetime.fromtimestamp(max(entry.used for entry in entries), UTC)
    return _size(entries), f"{latest:%Y-%m-%d}"


def _size(entries: list[Entry]) -> str:
    """`"1.2 GB"`."""
    from rich.filesize import decimal

    return decimal(sum(entry.size for entry in entries))
