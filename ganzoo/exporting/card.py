"""The model card: Markdown with the front matter of model hubs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit

from ganzoo.errors import GanzooError, listed
from ganzoo.exporting.languages import other_languages
from ganzoo.exporting.snippets import packages, snippet
from ganzoo.exporting.subject import Subject
from ganzoo.interfaces.dataset import Picture
from ganzoo.run import Run

SETTINGS = ("arch", "loss", "data", "penalty", "image", "training")
"""Sections of the config that the card shows."""


def model_card(
    run: Run | str | Path,
    *,
    lead: str,
    use: str,
    tags: Iterable[str] = (),
    **metadata: str | Sequence[str],
) -> str:
    """Write a model card: front matter, lead, use, inputs and outputs, metrics, provenance.

    Args:
        run: with the checkpoint that the card describes, or a run directory: its latest.
        lead: Markdown below the title.
        use: Markdown of the section "Use".
        tags: of the front matter, beside those of the run's components.
        metadata: more of the front matter, such as `license`.

    Raises:
        UsageError: the run has no checkpoint, or a plugin of it is not installed.
        GanzooError: a file of the run is damaged.
    """
    run = run if isinstance(run, Run) else Run(run)
    subject, config = Subject(run), run.config
    return "\n".join(
        [
            *_front_matter(subject, tags, metadata),
            f"# {config.arch.name} trained with {config.loss.name} on {config.data.name}",
            "",
            f"{lead}\n\n## Use\n\n{use.rstrip()}\n",
            *_inputs_and_outputs(subject),
            *_metrics(subject),
            *_provenance(subject),
        ]
    )


def export_card(subject: Subject, format_name: str, file: str) -> str:
    """Write the card of an exported file."""
    lead = (
        f"The generator of a generative adversarial network, after "
        f"{subject.run.manifest.step:,} updates: the moving average of its weights, in "
        f"float32, as `{file}`. Made with ganzoo (`pip install gan-zoo`)."
    )
    if subject.run.manifest.refines:
        lead += (
            "\n\nImages of the run, and those of its metrics, are other ones: for them, the "
            "discriminator moved z, which is not in this export."
        )
    use = [*_use(subject, format_name, file)]
    if format_name == "onnx":
        use += ["", *other_languages(subject, file)]
    return model_card(subject.run, lead=lead, use="\n".join(use), tags=[format_name])


def _use(subject: Subject, format_name: str, file: str) -> Iterator[str]:
    if format_name == "page":
        yield f"Open `{file}` in a browser. The generator runs in the page, by ONNX Runtime, which"
        yield "is inlined; it needs no network and no other file. It also takes a truncation and a"
        yield "shift of the latent."
        return
    yield f"```sh\npip install {packages(subject, format_name)}\n```"
    yield ""
    yield f"```python\n{snippet(subject, format_name, file)}```"


def _front_matter(
    subject: Subject, tags: Iterable[str], metadata: Mapping[str, str | Sequence[str]]
) -> Iterator[str]:
    config = subject.run.config
    components = [config.arch.name, config.loss.name, *config.named("penalty")]
    tags = ["gan", "image-generation", "ganzoo", *listed(tags), *components]
    yield from ("---", "library_name: ganzoo")
    if not subject.is_conditional:
        yield "pipeline_tag: unconditional-image-generation"
    elif isinstance(subject.run.manifest.image.condition, Picture):
        yield "pipeline_tag: image-to-image"
    values = {"tags": [*dict.fromkeys(tags)], **metadata}
    yield from (f"{key}: {json.dumps(value)}" for key, value in values.items())  # YAML, too
    if "license" not in metadata:
        yield "# license: yours to choose, and to name here before you share it"
    yield from ("---", "")


def _inputs_and_outputs(subject: Subject) -> Iterator[str]:
    image, classes = subject.run.manifest.image, subject.run.num_classes

    # z.
    rows = [("`z`, in", f"(n, {subject.latent.length})", "float32", subject.latent.description)]

    # Labels.
    if classes:
        names = subject.run.manifest.class_names
        listing = "; ".join(f"{k} {name}" for k, name in enumerate(names))
        meaning = f"The class of each image, 0 to {classes - 1}"
        meaning += f": {listing}." if listing else "."
        rows.append(("`labels`, in", "(n,)", "int64", meaning))

    # Vectors and pictures.
    elif subject.is_conditional:
        meaning = "The vector that each image is made for"
        if isinstance(image.condition, Picture):
            meaning = f"The picture that each image is made of, {_pixels(image.condition.channels)}"
        meaning += "; some of training images are in `conditions.npy`."
        rows.append(("`labels`, in", _shape(image.condition_shape), "float32", meaning))

    # Images.
    meaning = _pixels(image.channels).capitalize() + "."
    rows.append(("`images`, out", _shape(image.shape), "float32", meaning))

    yield from ("## Inputs and outputs", "")
    yield from _table(("name", "shape", "type", "what it is"), rows)
    yield from ("n is any number of at least 1.", "")


def _shape(shape: tuple[int, ...]) -> str:
    return "(n, " + ", ".join(map(str, shape)) + ")"


def _pixels(channels: int) -> str:
    colours = {1: "grey", 3: "red, green, blue"}.get(channels, f"{channels} channels")
    return f"in [-1, 1], channels first: {colours}"


def _metrics(subject: Subject) -> Iterator[str]:
    manifest = subject.run.manifest

    # Evaluations.
    yield from ("## Metrics", "")
    results = _latest(subject.run.evaluations(), manifest.step)
    if results:
        head = ("metric", "value", "floor", "images", "extractor", "against")
        yield from _table(head, map(_result_cells, results))
        yield from ("The floor is the score of real images that were held out.", "")
    else:
        yield from ("The run was not evaluated at this checkpoint.", "")

    # Log.
    if manifest.metrics:
        yield from ("The training log at this checkpoint:", "")
        rows = [(f"`{name}`", _number(value)) for name, value in manifest.metrics.items()]
        yield from _table(("", "value"), rows)


def _result_cells(result: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(result["name"]),
        _number(result["value"]) + _deviation(result.get("std")),
        _number(result.get("floor")),
        str(result.get("n", "")),
        str(result.get("extractor") or ""),
        str(result.get("reference") or ""),
    )


def _latest(results: Sequence[Mapping[str, Any]], step: int) -> list[Mapping[str, Any]]:
    """Results of a checkpoint; of repeated measurements, the latest."""
    keys = ("name", "reference", "extractor_hash", "n", "seed")
    latest = {
        tuple(str(result.get(key)) for key in keys): result
        for result in results
        if result.get("step", step) == step
    }
    return list(latest.values())


def _provenance(subject: Subject) -> Iterator[str]:
    run = subject.run

    # Facts.
    try:
        provenance = run.provenance
    except GanzooError:
        provenance = {}
    versions = provenance.get("versions", run.manifest.versions)
    facts = {
        "steps": f"{run.manifest.step:,} of {run.config.training.length}",
        "checkpoint": f"SHA-256 of its weights {run.manifest.checksums.get('ema.safetensors')}",
        "dataset": f"{run.config.data.name}, fingerprint {provenance.get('dataset', 'unknown')}",
        "seed": str(run.config.training.seed),
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "Python": provenance.get("python", "unknown"),
        "commit": provenance.get("git") or "not in a repository",
        "device": provenance.get("device", "unknown"),
        "exported": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    yield from ("## How it was made", "")
    yield from _table(("", ""), facts.items())

    # Settings.
    values = run.config.model_dump(mode="json", exclude_none=True)
    shown = {key: _without_paths(values[key]) for key in SETTINGS if values.get(key)}
    yield from ("The settings of the run, for `ganzoo train --config`:", "", "```toml")
    yield from (tomlkit.dumps(shown).rstrip(), "```", "")


def _without_paths(value: Any) -> Any:
    """Remove absolute paths: they are private, and mean nothing on another machine."""
    if isinstance(value, Mapping):
        return {k: _without_paths(v) for k, v in value.items() if not _is_path(v)}
    return value


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and Path(value).is_absolute()


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""


def _deviation(std: Any) -> str:
    return f" ± {std:.2g}" if isinstance(std, int | float) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(("---",) * len(head))
    yield from map(_row, rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
