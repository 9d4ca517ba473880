"""Showing: how a run looks in a notebook. Reads files alone, and survives damaged ones."""

from __future__ import annotations

from contextlib import suppress

from PIL import Image

from ganzoo import notebook
from ganzoo.errors import in_a_line
from ganzoo.run.journal import read_log
from ganzoo.run.pictures import png, reduced
from ganzoo.run.records import Records, run_title, short_terms

MAX_SIDE = 1024
"""Width and height up to which a sample grid is shown."""

LOG_BYTES = 2**16
"""Bytes of the log that are read, for its last line."""


def run_html(run: Records) -> str:
    """What a run trains, its step, state and latest terms, above its latest sample grid."""
    try:
        facts = _facts(run)
    except Exception as error:  # whatever is damaged, a notebook shows the cell
        facts = [f"damaged: {in_a_line(error)}"]
    text = notebook.lines([f"{run.path}: {' · '.join(facts)}"])
    with suppress(Exception):
        if (grid := _latest_grid(run)) is not None:
            text += grid_html(grid)
    return text


def grid_html(grid: Image.Image) -> str:
    """A sample grid, as large as it is, with only as many bytes as its images have."""
    grid.thumbnail((MAX_SIDE, MAX_SIDE))
    return notebook.picture(png(reduced(grid)), grid.width)


def run_png(run: Records) -> bytes | None:
    """The latest sample grid; None if there is none that can be read."""
    with suppress(Exception):
        if (grid := _latest_grid(run)) is not None:
            grid.thumbnail((MAX_SIDE, MAX_SIDE))
            return png(grid)
    return None


def _facts(run: Records) -> list[str]:
    log = read_log(run.directory.metrics, latest=LOG_BYTES) or [{"step": 0}]
    step, length = max([log[-1]["step"], *run.steps[-1:]]), run.config.training.length
    progress = f"step {step:,} of {length.removesuffix(' steps')}"
    return [run_title(run.config), progress, run.state, *filter(None, [short_terms(log[-1])])]


def _latest_grid(run: Records) -> Image.Image | None:
    for file in run.directory.sample_grids()[-1:]:
        with Image.open(file) as image:
            return image.convert("RGB")
    return None
