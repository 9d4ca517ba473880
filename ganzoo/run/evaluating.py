"""Evaluating what a user names: a run, a checkpoint, a folder of images, a dataset's split, images.

Both sides become sources of images of one shape, which `ganzoo.evaluation` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch.utils.data
from PIL import Image
from torch import Tensor

from ganzoo.data.store import ImageStore
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import DataError, UsageError, setting
from ganzoo.evaluation import Evaluation
from ganzoo.evaluation.comparing import Tell, compare_sources
from ganzoo.evaluation.components import Choice, choose_metrics, unused
from ganzoo.evaluation.sources import Source, Split, Stored, checked_uint8, store_of
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.metric import ImageSet, Metric
from ganzoo.randomness import derive
from ganzoo.run.run import Run
from ganzoo.sampling import resolve_labels

Given = Run | ImageStore | Tensor | str | Path | Mapping[str, Any]
"""What can be compared: see `ganzoo.evaluate`."""


def evaluate(
    a: Given,
    b: Given | None = None,
    *,
    metrics: Choice | Metric | Iterable[Choice | Metric] | None = None,
    n: int = 10_000,
    extractor: Choice | Extractor | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    floor: bool = True,
    device: str = "auto",
    host: PluginHost | None = None,
    tell: Tell | None = None,
) -> Evaluation:
    """Compare two sets of images.

        ganzoo.evaluate("runs/00001-dcgan-bce-fashion-mnist")
        ganzoo.evaluate(run, "fashion-mnist:test", metrics=["frechet"], n=5000)
        ganzoo.evaluate("pictures", "emoji", extractor={"name": "efficientnet-lite0", "size": 64})

    Beside each number stands its floor: the same comparison with real images that were held out
    in place of the sample, at the same n. They are those of the test split where the dataset has
    one, and else half of its images; n is lowered to what there is. Results of a run are appended
    to `evaluations.jsonl` in its directory.

    Args:
        a: what is judged: a run or a checkpoint (the averaged generator), a folder of images, a
            dataset (`"name"`, `"name:split"` or a dict of `name`, `split`, `skip_bad_images` and
            options), or
            images `(N, C, H, W)`, uint8 or in [-1, 1].
        b: what it is judged by, likewise; the images a run was trained on where None.
        metrics: names, dicts of `name` and options, or `ganzoo.Metric`s; those that offer
            themselves where None, less those that these images mean nothing to.
        n: images of each, at most.
        extractor: a name, a dict of `name` and options, or a `ganzoo.Extractor`; the one that
            offers itself where None.
        seed: of the choice of images, of z, and of what is random in a metric.
        options: more options by dotted key: `{"metric.kernel.subsets": 50}`.
        floor: measure it; it takes the time again.
        device: where networks run.
        host: the plugins to choose from; the installed ones where None.
        tell: called with what is being done.

    Raises:
        UsageError: something that cannot be compared or measured, and was asked for.
        DataError: images are missing or unreadable.
    """
    tell = tell or (lambda message: None)
    metric_options, extractor_options = _sections(options or {})
    chosen = choose_metrics(metrics, metric_options, host)
    unused(metric_options, chosen)
    sample, reference = open_both(a, b, device=device, host=host)
    evaluation = compare_sources(
        sample,
        reference,
        chosen,
        n=n,
        extractor=extractor,
        extractor_options=extractor_options,
        seed=seed,
        floor=floor,
        device=resolve_device(device),
        host=host,
        tell=tell,
    )
    if isinstance(sample, Generated):
        evaluation.append_to(sample.run.directory.evaluations)
    return evaluation


def _sections(options: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Options of metrics by name, and those of the extractor."""
    metrics: dict[str, dict[str, Any]] = {}
    extractor: dict[str, Any] = {}
    for key, value in options.items():
        match key.split("."):
            case ["metric", name, option]:
                metrics.setdefault(name, {})[option] = value
            case ["extractor", option]:
                extractor[option] = value
            case _:
                raise UsageError(
                    f"'{key}' is no option of an evaluation; there are metric.NAME.KEY and "
                    "extractor.KEY"
                )
    return metrics, extractor


class Generated(Source):
    """Images of a run's averaged generator; those held out are of other z."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.step = run.manifest.step
        self.title = f"{run.path} at step {self.step:,}"
        self.held_out_as = f"other images of {self.title}"

    @property
    def spec(self) -> ImageSpec:
        """What the generator was built for."""
        return self.run.manifest.image

    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """As `ganzoo sample` draws them, but for the classes, which follow the reference."""
        conditional = bool(self.run.num_classes)
        asked = like if conditional and like is not None and len(like) == n else None
        labels = resolve_labels(asked, n, self.run.num_classes)
        images = checked_uint8(self.run.sample(n, seed=seed, labels=labels))
        return ImageSet(images=images, labels=labels, num_classes=self.run.num_classes)

    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Of z from another seed."""
        return self.draw(n, seed=derive(seed, "held out"), like=like)


class Folder(torch.utils.data.Dataset[Image.Image]):
    """The images below a folder, not decoded yet; any kinds and sizes."""

    def __init__(self, path: Path) -> None:
        known = {end for end, kind in Image.registered_extensions().items() if kind in Image.OPEN}
        self.path = path
        self.files = sorted(p for p in path.rglob("*") if p.suffix.lower() in known)
        if not self.files:
            raise DataError(f"there are no images in {path}")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Image.Image:
        with Image.open(self.files[index]) as image:
            image.load()
            return image

    def decoded(self, spec: ImageSpec | None) -> Stored:
        """Its images in a shape, or in that of the first."""
        size = None if spec is None else (spec.height, spec.width)
        channels = None if spec is None else spec.channels
        store = ImageStore.from_dataset(self, size=size, channels=channels)
        return Stored(str(self.path), store)


def open_both(
    a: Given, b: Given | None, *, device: str, host: PluginHost | None
) -> tuple[Source, Source]:
    """Sample and reference, as sources of images of one shape.

    A run and images that were given have the shape they have; a dataset or a folder is decoded to
    that of the other side, and of two of these to the reference's own.

    Raises:
        UsageError: something cannot be compared, or the shapes differ.
    """
    sample = _resolve(a, device, host)
    if b is None:
        if not isinstance(sample, Generated):
            raise UsageError(
                "only a run has images to be compared with (those it was trained on); name a "
                f"reference: {setting('against', 'DATASET')}, a folder or a run"
            )
        reference: Source | Split | Folder = _trained_on(sample.run, host)
    else:
        reference = _resolve(b, device, host)
    spec = next((s.spec for s in (sample, reference) if isinstance(s, Source)), None)
    if spec is None:
        own = next((s for s in (reference, sample) if isinstance(s, Split)), None)
        spec = own.source.spec if own is not None else None
    opened_b = _decoded(reference, spec)
    opened_a = _decoded(sample, spec or opened_b.spec)
    if opened_a.spec.shape != opened_b.spec.shape:
        raise UsageError(
            f"{opened_a.title} has images of {opened_a.spec}, and {opened_b.title} of "
            f"{opened_b.spec}; only images of one shape are compared"
        )
    return opened_a, opened_b


def _decoded(found: Source | Split | Folder, spec: ImageSpec | None) -> Source:
    match found:
        case Source():
            return found
        case Folder():
            return found.decoded(spec)
        case Split():
            return found.decoded(spec or found.source.spec)


def _trained_on(run: Run, host: PluginHost | None) -> Split:
    data, image = run.config.data, run.config.image
    run.dataset  # noqa: B018  # says what to install where the plugin is gone
    return Split(data.name, options=data.options, host=host, skip_bad_images=image.skip_bad_images)


def _resolve(given: Given, device: str, host: PluginHost | None) -> Source | Split | Folder:
    match given:
        case Run():
            return Generated(given)
        case ImageStore():
            return Stored("images in memory", given)
        case Tensor():
            return Stored("images in memory", store_of(given))
        case Mapping():
            own = ("name", "split", "skip_bad_images")
            options = {key: value for key, value in given.items() if key not in own}
            if "name" not in given:
                raise UsageError("a dataset is given as a name, or as a dict with a name")
            return Split(
                str(given["name"]),
                str(given.get("split", "")),
                options,
                host=host,
                skip_bad_images=bool(given.get("skip_bad_images", False)),
            )
        case Path() | str():
            return _named(given, device, host)
    raise UsageError(
        f"a {type(given).__name__} cannot be compared; give a run, a checkpoint, a folder of "
        "images, the name of a dataset, or images (N, C, H, W)"
    )


def _named(given: str | Path, device: str, host: PluginHost | None) -> Source | Split | Folder:
    """A path that is there, or else the name of a dataset."""
    path = Path(given)
    if (path / "config.toml").is_file():
        return Generated(Run(path, device=device, host=host))
    if (path / "manifest.json").is_file():
        run = path.absolute().parents[1]
        if not path.name.isdigit() or not (run / "config.toml").is_file():
            raise UsageError(f"{path} is a checkpoint without its run; keep it inside the run")
        return Generated(Run(run, step=int(path.name), device=device, host=host))
    if path.is_dir():
        return Folder(path)
    if path.exists() or isinstance(given, Path):
        raise UsageError(f"{path} is no folder: neither of images nor of a run")
    name, _, split = str(given).partition(":")
    try:
        return Split(name, split, host=host)
    except registry.UnknownComponent as error:
        raise UsageError(
            f"'{given}' is no run, no checkpoint, no folder of images, and {error}"
        ) from None
