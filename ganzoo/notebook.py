"""Notebooks: HTML of results, and places in the output of a cell that are updated."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from ganzoo.errors import printable


def escaped(text: object) -> str:
    """Text as HTML, whatever it holds: names of runs, classes and files may be a stranger's."""
    return html.escape(printable(str(text)))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text."""
    lines = [("th", heads), *(("td", row) for row in rows)]
    cells = (
        "".join(f'<{tag} style="text-align: left">{escaped(text)}</{tag}>' for text in line)
        for tag, line in lines
    )
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in cells) + "</table>"


def lines(texts: Iterable[object]) -> str:
    """Lines of text."""
    return "".join(f"<div>{escaped(text)}</div>" for text in texts)


def picture(png: bytes, width: int) -> str:
    """A picture that needs no file; its pixels become squares if the page enlarges it."""
    uri = "data:image/png;base64," + base64.b64encode(png).decode()
    return f'<img src="{uri}" width="{width}" style="image-rendering: pixelated; max-width: 100%">'


class Html:
    """Shown as HTML in a notebook, and by its title where there is no HTML."""

    def __init__(self, text: str, title: str) -> None:
        self.text, self.title = text, title

    def __repr__(self) -> str:
        return self.title

    def _repr_html_(self) -> str:
        return self.text


class Place:
    """A place in the output of the cell that runs, whose content is replaced.

    rich updates a notebook only if ipywidgets is installed; this needs nothing but the kernel.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, content: object) -> None:
        """Show an object that has a `_repr_html_` or the like, in the place of the one before."""
        if self._handle is not None:
            self._handle.update(content)
            return
        display = import_module("IPython.display")  # there if a kernel runs; no dependency
        self._handle = display.display(content, display_id=True)
