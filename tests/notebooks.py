"""The notebooks of the docs: `python tests/notebooks.py` executes them and keeps their outputs.

The site shows the outputs as they are committed, so that building it trains nothing.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))

STEPS = re.compile(r"\bsteps=\d+")
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def executed(notebook: Path, folder: Path, steps: int | None = None) -> nbformat.NotebookNode:
    """Execute a notebook by a kernel of its own.

    Args:
        notebook: the file, which stays as it is.
        folder: working directory of the kernel.
        steps: in the place of those that it trains for.

    Raises:
        CellExecutionError: of the first cell that fails.
    """
    book = nbformat.read(notebook, as_version=4)
    if steps is not None:
        for cell in book.cells:
            cell.source = STEPS.sub(f"steps={steps}", cell.source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Jupyter's own libraries
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(book, kernel_name="python3", timeout=900, resources=resources).execute()
    return book


def strip(book: nbformat.NotebookNode) -> None:
    """Remove times, colours of terminals, and pictures that are there in another form too."""
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in book.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop("image/png", None)
            if "image/png" in data:
                data.pop("image/jpeg", None)
            if "text/plain" in data:
                data["text/plain"] = COLOUR.sub("", data["text/plain"])


if __name__ == "__main__":
    for file in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            made = executed(file, Path(folder))
        strip(made)
        nbformat.write(made, file)
