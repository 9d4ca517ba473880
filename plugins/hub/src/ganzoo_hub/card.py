"""The model card of a repository, and the picture that it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import ganzoo
from ganzoo_hub.private import without_folders

IMAGES, LARGE_IMAGES, LARGE = 64, 16, 64
"""Images of the picture, and those of more than so many pixels a side."""


_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A valid name (PEP 508), and so a safe one in a command of the shell."""


def draw_samples(run: ganzoo.Run, folder: Path) -> str:
    """Write a sample grid of seed 0 into `samples/`, and return its name."""
    large = max(run.manifest.image.height, run.manifest.image.width) > LARGE
    n = LARGE_IMAGES if large else IMAGES
    picture = run.picture(run.sample(n), run.columns(n))
    name = f"samples/{run.checkpoint.name}.png"
    ganzoo.save_grid(ganzoo.from_uint8(picture)[None], folder / name, scale=None)
    return name


def card_of(
    run: ganzoo.Run,
    repo: str,
    picture: str,
    *,
    license: str | None = None,  # noqa: A002  # as in the front matter
    datasets: Sequence[str] = (),
) -> str:
    """Write the card of a run that is pushed.

    Args:
        run: the copy that is pushed.
        repo: `"owner/name"`.
        picture: name of the sample grid.
        license: for the front matter.
        datasets: likewise; by default the name of the dataset that ganzoo provides.
    """
    # Front matter.
    data, metadata = run.config.data, dict[str, str | Sequence[str]]()
    is_named = ":" not in data.name and not any(key in data.options for key in ("path", "root"))
    if datasets or is_named:
        metadata["datasets"] = [*datasets] or [data.name]
    if license:
        metadata["license"] = license

    # What it is, and what it needs.
    lead = [
        f"![Samples]({picture})",
        "",
        f"A generative adversarial network after {run.manifest.step:,} updates, as a run of "
        "ganzoo. Images are made by the moving average of the generator's weights, "
        f"`checkpoints/{run.checkpoint.name}/ema.safetensors`. No file of the run is a pickle.",
    ]
    if run.manifest.refines:
        lead += [
            "",
            "The discriminator moves z before images are made, so its weights are here too.",
        ]
    return ganzoo.model_card(
        run, lead="\n".join(lead), use=_use(run, repo), tags=["safetensors"], **metadata
    )


def _use(run: ganzoo.Run, repo: str) -> str:
    """How to install what the run needs, pull it and sample it."""
    # Distributions, with the versions of training.
    versions = {k: v for k, v in run.versions().items() if _DISTRIBUTION.fullmatch(k)}
    others = [name for name in versions if name not in ("gan-zoo", "torch")]
    trained_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    folder = f"runs/{repo.rpartition('/')[2]}"
    arch = run.config.arch.name
    own = arch.replace(":", ".").rpartition(".")[2] if ":" in arch else None

    # At the shell.
    lines = ["```sh", " ".join(['pip install "gan-zoo[hub]"', *others]), f"ganzoo pull {repo}"]
    lines += [f"ganzoo {'show' if own else 'sample'} {folder}", "```", ""]

    # In Python.
    lines += ["```python", "import ganzoo", "import ganzoo_hub", ""]
    lines += [f'run = ganzoo_hub.pull("{repo}")']
    if own:
        networks = f"generator={own}()"
        if run.manifest.refines:
            networks += f", discriminator={type(run.own['discriminator']).__name__}()"
        lines += [f"run = ganzoo.Run(run.path, {networks})  # your class"]
    lines += ['ganzoo.save_grid(run.sample(64), "grid.png", scale=None)', "```", ""]
    return "\n".join([*lines, f"It was trained with {without_folders(trained_with)}."])
