"""Trains the sweeps of docs/sweeps and writes the tables and pictures of docs/zoo.md.

    python tests/benchmarks/zoo.py SWEEPS --jobs 2      # hours on a CPU; goes on where it was
    python tests/benchmarks/zoo.py SWEEPS --no-sweep    # only write

SWEEPS/NAME is the folder of the sweep docs/sweeps/NAME.toml. Its table stands between the markers
`<!-- NAME -->` and `<!-- end -->` of docs/zoo.md, and its pictures in docs/images: zoo-NAME.webp
has a column of each animal, and zoo/NAME a picture of each.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw

import ganzoo
from ganzoo.reporting.comparing import Comparison, Row
from ganzoo.run.pictures import pil_image

DOCS = Path(__file__).parents[2] / "docs"
SIDE = 2
"""Pixels of the picture for each pixel of an image, along each side."""

GAP, LABEL = 8, 50

MOST = 20
"""Columns of a line of the picture."""

LONG = 11
"""Letters that fit over a column."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sweeps", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-sweep", action="store_true", help="write what there is")
    parser.add_argument("--files", type=Path, default=DOCS / "sweeps", help="the sweeps' files")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder of zoo.md and images")
    parser.add_argument("--images", type=int, default=6, help="of each animal")
    asked = parser.parse_args()
    for file in sorted(asked.files.glob("*.toml")):
        folder = asked.sweeps / file.stem
        if not asked.no_sweep:
            sweep(file, folder, asked.jobs)
        comparison = ganzoo.compare(folder)
        rows = comparison.ranked()
        write_table(asked.out / "zoo.md", file.stem, table(comparison))
        images = asked.out / "images"
        picture(rows, asked.images).save(images / f"zoo-{file.stem}.webp", quality=85)
        (images / "zoo" / file.stem).mkdir(parents=True, exist_ok=True)
        for row in rows:
            target = images / "zoo" / file.stem / f"{label(row).replace(' + ', '-')}.webp"
            grid(row, columns=12, count=36).save(target, quality=85)


def sweep(file: Path, folder: Path, jobs: int) -> None:
    """Train what is not trained yet."""
    program = [sys.executable, "-m", "ganzoo", "sweep", str(file)]
    subprocess.run([*program, "--dir", str(folder), "--jobs", str(jobs)], check=True)


def table(comparison: Comparison) -> str:
    """The best first, with its floor in the last line."""
    rows = comparison.ranked()
    heads = ["", "settings", *(f"{name} ({comparison.better(name)})" for name in METRICS), "steps"]
    lines = [heads, ["---"] * len(heads)]
    for row in rows:
        scores = [score(row, name) for name in METRICS]
        lines.append([f"**{label(row)}**", f"`{settings(row)}`", *scores, f"{row.step:,}"])
    lines.append(["*real images*", "", *(floor(rows, name) for name in METRICS), ""])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


METRICS = ("Classifier-FD", "Classifier-classes", "Classifier-class-KL")


def floor(rows: list[Row], name: str) -> str:
    """The value of held-out real images, where it was measured."""
    found = [row.metrics[name].floor for row in rows if name in row.metrics]
    known = [value for value in found if value is not None]
    return f"*{known[0]:.3g}*" if known else ""


def score(row: Row, name: str) -> str:
    """A metric, with its standard deviation over seeds and their number."""
    if name not in row.metrics:
        return ""
    found = row.metrics[name]
    if found.std is None or len(row.seeds) < 2:
        return f"{found.value:.3g}"
    return f"{found.value:.3g} ± {found.std:.2g} ({len(row.seeds)} seeds)"


def settings(row: Row) -> str:
    """The flags that choose the cell of a run."""
    run = Path(row.runs[0])
    text = (run.parent / "cells" / f"{run.name}.toml").read_text()
    if recipe := re.search(r'with the recipe "(.+)"', text):
        return f"--recipe {recipe[1]}"
    chosen = tomllib.loads(text)
    flags = f"--arch {chosen['arch']['name']} --loss {chosen['loss']['name']}"
    flags += "".join(f" --penalty {name}" for name in chosen.get("penalty", {}))
    conditional = chosen.get("training", {}).get("conditional") is True
    return f"{flags} --conditional" if conditional else flags


def label(row: Row) -> str:
    """A few words for the head of a column: an architecture and a loss, or a recipe."""
    words = settings(row).replace(" --conditional", " + labels")
    return re.sub(r" --\w+ ", " + ", f" {words}").removeprefix(" + ")


def picture(rows: list[Row], count: int) -> Image.Image:
    """A column of images for each run, below its name, in lines of at most MOST columns."""
    columns = [grid(row, columns=1, count=count) for row in rows]
    width = max(column.width for column in columns) * SIDE
    height = max(column.height for column in columns) * SIDE
    lines = ceil(len(columns) / MOST)
    across = ceil(len(columns) / lines)
    size = (across * (width + GAP), lines * (LABEL + height + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    names = short([label(row) for row in rows])
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        line, place = divmod(number, across)
        left, top = place * (width + GAP), line * (LABEL + height + GAP)
        draw.text((left, top + 2), wrapped(name), "black", font_size=12)
        scale = width // column.width
        size = (scale * column.width, scale * column.height)
        large = column.resize(size, Image.Resampling.NEAREST)
        sheet.paste(large, (left, top + LABEL))
    return sheet


def short(labels: list[str]) -> list[str]:
    """Labels without the architecture, if it is the same in all."""
    parts = [name.partition(" + ") for name in labels]
    shared = len({first for first, _, _ in parts}) == 1 and all(rest for _, _, rest in parts)
    return [rest for _, _, rest in parts] if shared else labels


def wrapped(words: str) -> str:
    """A label in short lines: each component its own, long names broken at a hyphen."""
    parts = words.replace(" + ", "\n+ ").splitlines()
    return "\n".join(part.replace("-", "-\n", 1) if len(part) > LONG else part for part in parts)


def grid(row: Row, columns: int, count: int) -> Image.Image:
    """Images of a run, class by class where it has labels."""
    run = ganzoo.Run(row.runs[0], device="cpu")
    return pil_image(run.picture(run.sample(count), columns=columns)).convert("RGB")


def write_table(page: Path, name: str, text: str) -> None:
    """Replace what stands between the markers of a sweep."""
    old = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
    new, found = re.subn(pattern, lambda match: match[1] + text + match[2], old, flags=re.DOTALL)
    if found != 1:
        sys.exit(f"{page} has no markers <!-- {name} --> and <!-- end -->")
    page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
