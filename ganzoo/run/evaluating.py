"""Evaluating: compares a run, checkpoint, folder, dataset or images with another of these.

Both sides are opened as sources of images of one shape, which `ganzoo.evaluation` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ganzoo.data.pixels import Range
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import Unsupported, UsageError, shown, whole
from ganzoo.evaluation import Evaluation
from ganzoo.evaluation.comparing import Notify, compare_sources
from ganzoo.evaluation.components import Choice, Chosen, ExtractorChoice, choose_metrics, unused
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.metric import Metric
from ganzoo.run.image_sources import Generated, Images, open_both


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
    skip_bad_images: bool = False,
    value_range: Range | None = None,
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
    is lowered to the number of images. A metric that cannot be measured is among the result's
    `skipped`, with the reason. Results of a run are appended to its `evaluations.jsonl`, unless it
    is `Run.refined`.

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
        skip_bad_images: leave unreadable images of datasets and folders out.
        value_range: the values of black and white in images in memory, such as `(0, 1)`; by default
            they are uint8 or in [-1, 1].
        device: of the networks.
        host: the plugins to choose from; the installed ones if None.
        notify: called with a message at each stage.

    Raises:
        UsageError: something cannot be compared, a name is unknown, an option or n is out of range.
        Unsupported: no metric could be measured; the message has the reason of each.
        DataError: images are missing, unreadable or outside `value_range`.
        GanzooError: a run is damaged. Other exceptions of a `ganzoo.Metric` object pass.
    """
    # Metrics and sources.
    n, seed = whole("n", n), whole("seed", seed, least=0)
    metric_options, extractor_options = _sections({} if options is None else options)
    chosen, unavailable = choose_metrics(metrics, metric_options, host)
    if not chosen and not unavailable:
        raise UsageError("name at least one metric, or leave metrics out: then all that apply")
    unused(metric_options, chosen, extractor_options)
    sample, reference = open_both(
        images,
        against,
        skip_bad_images=skip_bad_images,
        value_range=value_range,
        device=device,
        host=host,
    )

    # Compare.
    evaluation = compare_sources(
        sample,
        reference,
        chosen,
        unavailable=unavailable,
        n=n,
        extractor=ExtractorChoice(extractor, extractor_options, host),
        seed=seed,
        floor=floor,
        device=resolve_device(device),
        notify=notify or (lambda message: None),
    )

    # Append to the run, unless its samples are others.
    if isinstance(sample, Generated) and sample.run.refined_by is None:
        evaluation.append_to(sample.run.directory.evaluations)
    return evaluation


Checked = tuple[Chosen, Chosen | None]
"""A metric, and the extractor of what it uses."""


def check_metrics(
    metrics: Choice | Metric | Iterable[Choice | Metric] | None,
    extractor: Choice | Extractor | None,
    host: PluginHost | None = None,
) -> list[Checked]:
    """Make metrics and their extractors as `evaluate` does, before the work that they evaluate.

    Weights are read as well, which may download them; not those of an extractor that is prepared
    on the reference first.

    Raises:
        UsageError: one is unknown, or its extra is not installed.
        DataError: weights are missing or unreadable.
    """
    chosen, _ = choose_metrics(metrics, {}, host)
    made, checked = ExtractorChoice(extractor, {}, host), list[Checked]()
    for metric in chosen:
        found = made.for_metric(metric.instance)
        if found is not None and not found.instance.prepares:
            with found.blame():
                _ = found.instance.fingerprint
        checked.append((metric, found))
    return checked


def check_measurable(metrics: Sequence[Checked], image: ImageSpec) -> None:
    """Refuse images that none of the metrics measures.

    Raises:
        Unsupported: the message has the reason of each.
    """
    reasons = []
    for metric, extractor in metrics:
        try:
            metric.instance.check(image)
        except Unsupported as error:
            reasons.append(error.marked)
            continue
        chosen = [metric] if extractor is None else [metric, extractor]
        needing = [part.short_name for part in chosen if part.instance.needs_labels]
        if needing and not image.num_classes:
            reasons.append(f"'{needing[-1]}' needs labels, and they have none")
    if reasons and len(reasons) == len(metrics):
        raise Unsupported(f"no metric applies to these images: {'; '.join(reasons)}")


def _sections(options: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return the options of metrics by name, and those of the extractor."""
    if not isinstance(options, Mapping):
        raise UsageError(f'options are by key, {{"extractor.size": 64}}; got {shown(options)}')
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
