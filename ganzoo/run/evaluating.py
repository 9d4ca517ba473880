"""Evaluating: compares a run, checkpoint, folder, dataset or images with another of these.

Both sides are opened as sources of images of one shape, which `ganzoo.evaluation` compares.
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
from ganzoo.evaluation.comparing import Notify, compare_sources
from ganzoo.evaluation.components import Choice, choose_metrics, unused
from ganzoo.evaluation.sources import Source, Split, Stored, checked_uint8, store_of
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.metric import ImageSet, Metric
from ganzoo.randomness import derive
from ganzoo.run.run import Run
from ganzoo.sampling import resolve_labels

Images = Run | ImageStore | Tensor | str | Path | Mapping[str, Any]
"""Images that can be compared: see `ganzoo.evaluate`."""


def evaluate(
    images: Images,
    against: Images | None = None,
    *,
    metrics: Choice | Metric | Iterable[Choice | Metric] | None = None,
    n: int = 10_000,
    extractor: Choice | Extractor | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    floor: bool = True,
    device: str = "auto",
    host: PluginHost | None = None,
    notify: Notify | None = None,
) -> Evaluation:
    """Compare two sets of images.

        ganzoo.evaluate("runs/00001-dcgan-bce-fashion-mnist")
        ganzoo.evaluate(run, "fashion-mnist:test", metrics=["frechet"], n=5000)
        ganzoo.evaluate("pictures", "emoji", extractor={"name": "efficientnet-lite0", "size": 64})

    Each value comes with its floor: the value of held-out real images in place of the sample, at
    the same n. They are those of the test split if the dataset has one, else half of its images; n
    is lowered to the number of images. Results of a run are appended to its `evaluations.jsonl`.

    Args:
        images: the sample: a run or a checkpoint (its averaged generator), a folder of images, a
            dataset (`"name"`, `"name:split"`, or a dict of `name`, `split`, `skip_bad_images` and
            options), or images `(N, C, H, W)`, uint8 or in [-1, 1].
        against: the reference, likewise; the training images of a run if None.
        metrics: names, dicts of `name` and options, or `ganzoo.Metric` objects; if None, the
            default metrics that apply to these images.
        n: number of images on each side, at most.
        extractor: a name, a dict of `name` and options, or a `ganzoo.Extractor`; the default one
            if None.
        seed: random seed of the choice of images, of z and of metrics.
        options: by dotted key: `{"metric.kernel.subsets": 50}`.
        floor: whether to measure it, which takes as long again.
        device: of the networks.
        host: the plugins to choose from; the installed ones if None.
        notify: called with a message at each stage.

    Raises:
        UsageError: something cannot be compared, or a metric was named that cannot be measured.
        DataError: images are missing or unreadable.
    """
    # Metrics and sources.
    metric_options, extractor_options = _sections(options or {})
    chosen = choose_metrics(metrics, metric_options, host)
    unused(metric_options, chosen)
    sample, reference = open_both(images, against, device=device, host=host)

    # Compare.
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
        notify=notify or (lambda message: None),
    )

    # Append to the run.
    if isinstance(sample, Generated):
        evaluation.append_to(sample.run.directory.evaluations)
    return evaluation


def _sections(options: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return the options of metrics by name, and those of the extractor."""
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
                    f"'{key}' is no option of an evaluation; use metric.NAME.KEY or extractor.KEY"
                )
    return metrics, extractor


class Generated(Source):
    """Images of a run's averaged generator; held-out images are of other z."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.step = run.manifest.step
        self.title = f"{run.path} at step {self.step:,}"
        self.held_out_as = f"other images of {self.title}"

    @property
    def spec(self) -> ImageSpec:
        """Shape of the images and number of classes."""
        return self.run.manifest.image

    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Sample images; a conditional generator gets the labels of the reference."""
        if not self.run.num_classes or (like is not None and len(like) != n):
            like = None
        labels = resolve_labels(like, n, self.run.num_classes)
        images = checked_uint8(self.run.sample(n, seed=seed, labels=labels))
        return ImageSet(images=images, labels=labels, num_classes=self.run.num_classes)

    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Sample images of other z."""
        return self.draw(n, seed=derive(seed, "held out"), like=like)


class Folder(torch.utils.data.Dataset[Image.Image]):
    """All images below a folder, of any format and size, decoded when they are read."""

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
        """Decode the images to a shape, by default that of the first image."""
        size = None if spec is None else (spec.height, spec.width)
        channels = None if spec is None else spec.channels
        store = ImageStore.from_dataset(self, size=size, channels=channels)
        return Stored(str(self.path), store)


def open_both(
    a: Images, b: Images | None, *, device: str, host: PluginHost | None
) -> tuple[Source, Source]:
    """Open sample and reference as sources of images of one shape.

    The shape of a run or of images in memory is fixed. A dataset or a folder is decoded to the
    shape of the other side; two of these to the shape of the reference.

    Raises:
        UsageError: something cannot be compared, or the shapes differ.
    """
    # Resolve both sides.
    sample = _resolve(a, device, host)
    if b is None:
        if not isinstance(sample, Generated):
            raise UsageError(
                "only a run has images to be compared with (its training images); name a "
                f"reference: {setting('against', 'DATASET')}, a folder or a run"
            )
        reference: Source | Split | Folder = _training_images(sample.run, host)
    else:
        reference = _resolve(b, device, host)

    # Choose the shape: fixed, or that of a dataset.
    shapes = [side.spec for side in (sample, reference) if isinstance(side, Source)]
    if not shapes:
        shapes = [side.source.spec for side in (reference, sample) if isinstance(side, Split)]
    spec = shapes[0] if shapes else None

    # Decode.
    opened_b = _decoded(reference, spec)
    opened_a = _decoded(sample, spec or opened_b.spec)
    if opened_a.spec.shape != opened_b.spec.shape:
        raise UsageError(
            f"{opened_a.title} has images of {opened_a.spec}, and {opened_b.title} of "
            f"{opened_b.spec}; only images of one shape are compared"
        )
    return opened_a, opened_b


def _decoded(side: Source | Split | Folder, spec: ImageSpec | None) -> Source:
    """Decode a dataset or a folder to a shape."""
    match side:
        case Source():
            return side
        case Folder():
            return side.decoded(spec)
        case Split():
            return side.decoded(spec or side.source.spec)


def _training_images(run: Run, host: PluginHost | None) -> Split:
    data, image = run.config.data, run.config.image
    run.dataset  # noqa: B018  # if its plugin is missing, the error says what to install
    return Split(data.name, options=data.options, host=host, skip_bad_images=image.skip_bad_images)


def _resolve(images: Images, device: str, host: PluginHost | None) -> Source | Split | Folder:
    """Open one side."""
    match images:
        case Run():
            return Generated(images)
        case ImageStore():
            return Stored("images in memory", images)
        case Tensor():
            return Stored("images in memory", store_of(images))
        case Mapping():
            if "name" not in images:
                raise UsageError("a dataset is given as a name, or as a dict with a name")
            own = ("name", "split", "skip_bad_images")
            options = {key: value for key, value in images.items() if key not in own}
            return Split(
                str(images["name"]),
                str(images.get("split", "")),
                options,
                host=host,
                skip_bad_images=bool(images.get("skip_bad_images", False)),
            )
        case Path() | str():
            return _named(images, device, host)
    raise UsageError(
        f"a {type(images).__name__} cannot be compared; use a run, a checkpoint, a folder of "
        "images, the name of a dataset, or images (N, C, H, W)"
    )


def _named(name: str | Path, device: str, host: PluginHost | None) -> Source | Split | Folder:
    """Open an existing path, or else a dataset by its name."""
    # A run, a checkpoint or a folder.
    path = Path(name)
    if (path / "config.toml").is_file():
        return Generated(Run(path, device=device, host=host))
    if (path / "manifest.json").is_file():
        run = path.absolute().parents[1]
        if not path.name.isdigit() or not (run / "config.toml").is_file():
            raise UsageError(f"{path} is a checkpoint without its run; keep it inside the run")
        return Generated(Run(run, step=int(path.name), device=device, host=host))
    if path.is_dir():
        return Folder(path)
    if path.exists() or isinstance(name, Path):
        raise UsageError(f"{path} is not a folder of images or a run")

    # A dataset.
    dataset, _, split = name.partition(":")
    try:
        return Split(dataset, split, host=host)
    except registry.UnknownComponent as error:
        raise UsageError(
            f"'{name}' is no run, no checkpoint, no folder of images, and {error}"
        ) from None
