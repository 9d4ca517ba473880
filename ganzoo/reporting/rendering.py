"""Rendering: a page from a template, with style, script and libraries inlined."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from ganzoo.errors import UsageError, importing
from ganzoo.files import destination


def html_file(out: str | Path) -> Path:
    """The file of a page, checked before the page is made, which takes long.

    Raises:
        UsageError: it does not end in .html, or names a folder or device.
    """
    target = Path(out)
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"a report is a web page: end its name in .html, not '{target.name}'")
    destination(target)
    return target


def renderer(template: str, script: str, **libraries: Callable[[], str]) -> Callable[..., str]:
    """Load a template and the files that are inlined in it.

    Args:
        template: name of a file in `page_files`.
        script: likewise.
        libraries: text to inline, by its name in the template; loaded by a function that imports.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    # Libraries.
    with importing("a report", "gan-zoo[report]"):
        from jinja2 import Environment, StrictUndefined

        inlined = {name: load() for name, load in libraries.items()}

    # Template, style and script.
    def text_of(name: str) -> str:
        return (files("ganzoo.reporting") / "page_files" / name).read_text(encoding="utf-8")

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.from_string(text_of(template))
    inlined |= {"style": text_of("style.css"), "script": text_of(script)}
    return lambda **values: page.render(**inlined, **values)
