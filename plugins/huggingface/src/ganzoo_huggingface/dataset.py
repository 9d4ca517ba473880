"""A dataset of the Hugging Face library as images of ganzoo."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import ganzoo
from ganzoo_huggingface.columns import chosen_image, chosen_label, listing
from ganzoo_huggingface.loading import Loaded, loaded
from ganzoo_huggingface.options import HuggingFaceOptions
from ganzoo_huggingface.rows import Rows, Seen


class HuggingFace(ganzoo.Dataset):
    """Rows with an image and, if there is one, a label."""

    options: HuggingFaceOptions

    def __init__(self, options: HuggingFaceOptions) -> None:
        super().__init__(options)

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """Open a split; `"train"` is the one that is trained on.

        Raises:
            DataError: the dataset is missing, or its images or labels are not clear.
            UsageError: it has no such split, or the package datasets is not installed.
        """
        # Split.
        options = self.options
        if split != "train" and options.format != "hub" and not Path(options.path).exists():
            raise ganzoo.UsageError(f"no split '{split}': there is no {options.path}")
        data = loaded(options)
        name = _split(options, data.splits, split)
        data.splits[name] = chosen = data.splits[name].flatten()

        # Columns and classes.
        path = str(options.path)
        image = chosen_image(chosen.features, options.image, path)
        label = chosen_label(chosen.features, image, options.label, path, data.format)
        names, numbers = _classes(data.splits, chosen, label)

        # Rows.
        rows = Rows(chosen, image, label, numbers, place=f"{path} ({name})")
        seen = rows.look()
        return ganzoo.ImageSource(
            rows,
            ganzoo.ImageSpec(*seen.shape, num_classes=len(names)),
            class_names=names,
            fingerprint=_fingerprint(data, name, rows, names),
            locate=rows.locate,
            description=_description(options, data, name, rows, seen),
        )


def _split(options: HuggingFaceOptions, splits: Mapping[str, Any], wanted: str) -> str:
    """The dataset's name of a split of ganzoo.

    Raises:
        DataError: it is not clear which split is trained on.
        UsageError: there is no such split.
    """
    # The split that is trained on.
    there = f"{options.path} has the splits {', '.join(splits)}"
    trained = options.split or ("train" if "train" in splits else next(iter(splits)))
    if options.split is None and trained != "train" and len(splits) > 1:
        raise ganzoo.DataError(f"{there}, and none is called train; choose one by data.split")
    if trained not in splits:
        raise ganzoo.UsageError(f"no split '{trained}': {there}")

    # Another split.
    if wanted == "train":
        return trained
    if wanted not in splits:
        raise ganzoo.UsageError(f"no split '{wanted}': {there}")
    if wanted == trained:
        raise ganzoo.UsageError(f"no other split '{wanted}': it is trained on, as train")
    return wanted


def _classes(
    splits: Mapping[str, Any], chosen: Any, label: str | None
) -> tuple[tuple[str, ...], dict[Any, int] | None]:
    """The names of the classes, and the number of each value; None if values are numbers already.

    The values of all splits are counted, so that a class has one number in each.
    """
    if label is None:
        return (), None
    feature = chosen.features[label]
    if hasattr(feature, "names"):
        return tuple(feature.names), None
    tables = [split.flatten() for split in splits.values()]
    columns = [set(table.unique(label)) for table in tables if label in table.features]
    values = sorted(reduce(set.union, columns) - {None})
    return tuple(map(str, values)), {value: number for number, value in enumerate(values)}


def _fingerprint(data: Loaded, split: str, rows: Rows, names: tuple[str, ...]) -> str:
    """A hash of the files that hold the rows, and of the names of classes.

    The fingerprint that the library keeps is not used: it tells how a dataset was made, so it
    stays when a file is edited, and differs between equal copies.
    """
    files = data.files.get(split) or [file["filename"] for file in rows.table.cache_files]
    outside = [path for path in rows.outside() if Path(path).is_file()]
    return ganzoo.content_fingerprint([*files, *outside], names)


def _description(
    options: HuggingFaceOptions, data: Loaded, split: str, rows: Rows, seen: Seen
) -> str:
    """What was found and chosen, in a line."""
    others = [name for name in data.splits if name != split]
    unused = f" (not used: {', '.join(others)})" if others else ""
    label = f"labels in '{rows.label}'" if rows.label else "no labels"
    return (
        f"{options.path}: {data.found}; split '{split}'{unused}; {len(rows):,} images in "
        f"'{rows.image}', {label}; {seen}; {listing(rows.whole.features)}"
    )
