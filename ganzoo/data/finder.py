"""Finder: the images of a folder, their classes and splits. One rule for training and evaluation.

- If a folder holds nothing but one folder, that one takes its place.
- Folders called train, test and val, and none beside them, are splits.
- Labels are those of `dataset.json` or `labels.csv` in the folder. Without these, each of several
  folders is a class, to any depth; without several folders, images have no labels.
- Images beside folders are left out, unless they are at least half of all: then all images are
  taken, without labels.

What is an image at all, `search.py` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ganzoo.data.label_files import class_order
from ganzoo.data.search import Parts, Search, search, tally
from ganzoo.errors import DataError, UsageError

SPLITS = {"training": "train", "testing": "test", "valid": "val", "validation": "val"}
SPLITS |= {name: name for name in ("train", "test", "val")}
"""Splits, by the names of folders in lower case."""

ALARMING = ("unreadable folder", "broken link", ".heic", ".heif", ".jxl", ".dng", ".cr2", ".nef")
"""What is left out although it holds images; Pillow does not decode these endings."""


@dataclass(frozen=True)
class Found:
    """The images of one split of a folder.

    Attributes:
        files: paths of the images, sorted within each class.
        labels: one for each file; zeros without classes.
        class_names: in label order; empty without labels.
        notes: what was decided and left out, for people.
        warnings: decisions by which images or labels may be lost, for people.
    """

    files: tuple[str, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def find_images(root: Path, split: str = "train") -> Found:
    """Find the images of a split. Label numbers of every split are those of train.

    Raises:
        DataError: there are no images, or a label file or the classes of a split do not fit.
        UsageError: the folder has no such split.
    """
    # Search.
    if split not in SPLITS.values():
        raise UsageError(f"a folder has no split '{split}', only train, test and val")
    everything = search(root)
    left_out = tally(everything.left_out)
    if not everything.images:
        holds = f"; it holds: {left_out}" if left_out else ""
        raise DataError(f"{root} holds no images (.png, .jpg, .webp, .bmp, .tif, …){holds}")

    # Choose the split and the classes.
    found = _Choice(everything, split).found()
    if split != "train" and found.class_names:
        found = _relabelled(found, _Choice(everything, "train").found().class_names, root, split)

    # Report links and what was left out.
    alarming = {what: everything.left_out[what] for what in ALARMING if everything.left_out[what]}
    links = Counter({f"linked {what}s": n for what, n in everything.links.items() if n})
    notes = [tally(links)] if links else []
    notes += [f"left out: {left_out}"] if left_out else []
    warning = f"left out: {tally(alarming)}; convert images to PNG or JPEG to have them read"
    return replace(
        found,
        notes=(*found.notes, *notes),
        warnings=(*found.warnings, *([warning] if alarming else [])),
    )


@dataclass
class _Choice:
    """The way from a folder down to the images of a split, with the decisions on it."""

    tree: Search
    split: str
    base: Parts = ()
    split_folders: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def found(self) -> Found:
        """Go down to the images, and choose their classes."""
        while True:
            images, depth = self.tree.below(self.base), len(self.base)
            folders = Counter(parts[depth] for parts in images if len(parts) > depth + 1)
            beside = [parts for parts in images if len(parts) == depth + 1]

            # A label file.
            table = self._table()
            if table is not None:
                self._check_split()
                return self._labelled(images, table)

            # No folders, or fewer images in them than beside them.
            if len(beside) >= folders.total():
                self._check_split()
                if folders:
                    self.warnings.append(
                        f"images in folders ({tally(folders)}) are taken without labels, for "
                        f"{len(beside):,} images lie beside these folders"
                    )
                return self._made(images, [0] * len(images), ())

            # Folders: a wrapper, splits or classes.
            if beside:
                self.warnings.append(
                    f"images beside the folders are left out: {len(beside):,}, the first is "
                    f"{self.tree.path(beside[0])}"
                )
            if not self._descend(folders):
                self._check_split()
                return self._by_folder(images, folders)

    def _descend(self, folders: Counter[str]) -> bool:
        """Go down into the only folder, or into that of the split; False if folders are classes."""
        # The only folder.
        if len(folders) == 1:
            (name,) = folders
            self.notes.append(f"of its only folder {name}")
            self.base += (name,)
            return True

        # Splits.
        splits = {SPLITS[name.lower()]: name for name in folders if name.lower() in SPLITS}
        if self.split_folders or "train" not in splits:
            return False
        if len(splits) < len(folders):
            self.warnings.append(
                f"the folder {splits['train']} is a class and not a split, for not all folders "
                "beside it are called train, test or val"
            )
            return False
        self.split_folders = splits
        self._check_split()
        self.notes.append(f"of the split {self.split}; its splits are {', '.join(sorted(splits))}")
        self.base += (splits[self.split],)
        return True

    def _check_split(self) -> None:
        """Raise if the folder has no such split."""
        splits = sorted(self.split_folders) or ["train"]
        if self.split not in splits:
            raise UsageError(
                f"{self.tree.root} has no split '{self.split}', only {', '.join(splits)}; put it "
                f"in a folder {self.split} beside a folder train"
            )

    def _table(self) -> dict[str, str] | None:
        """Return the labels of the label file in this folder."""
        tables = self.tree.tables(self.base)
        read = {name: labels for name, labels in tables.items() if labels is not None}
        if len(read) > 1:
            raise DataError(
                f"{self.tree.path(self.base)} has {' and '.join(read)}; move one of them away"
            )
        self.warnings += [
            f"{name} holds no labels that can be read: it has no "
            + ("columns file and label" if name.endswith(".csv") else 'key "labels"')
            for name in tables
            if name not in read
        ]
        self.notes += [f"labels of {name}" for name in read]
        return next(iter(read.values()), None)

    def _labelled(self, images: list[Parts], table: dict[str, str]) -> Found:
        """Take the images that a label file lists; all of them if it lists none."""
        if not table:
            return self._made(images, [0] * len(images), ())
        names = {"/".join(parts[len(self.base) :]): parts for parts in images}
        if missing := [name for name in table if name not in names]:
            raise DataError(
                f"the label file in {self.tree.path(self.base)} lists {len(missing):,} image(s) "
                f"that are not there, the first is {missing[0]}"
            )
        if unlisted := [name for name in names if name not in table]:
            self.warnings.append(
                f"images without a label in the label file are left out: {len(unlisted):,}, the "
                f"first is {unlisted[0]}"
            )
        classes = class_order(table.values())
        number = {label: k for k, label in enumerate(classes)}
        numeric = all(label.isdecimal() for label in classes)
        if numeric and classes != [str(k) for k in range(len(classes))]:
            self.notes.append(
                f"labels {classes[0]} to {classes[-1]} are names of the classes 0 to "
                f"{len(classes) - 1}"
            )
        kept = [parts for name, parts in names.items() if name in table]
        return self._made(kept, [number[table[name]] for name in names if name in table], classes)

    def _by_folder(self, images: list[Parts], folders: Iterable[str]) -> Found:
        """Take each folder as a class."""
        classes, depth = sorted(folders), len(self.base)
        number = {name: k for k, name in enumerate(classes)}
        kept = [parts for parts in images if len(parts) > depth + 1]
        if deeper := sum(len(parts) > depth + 2 for parts in kept):
            self.notes.append(f"{deeper:,} in folders of a class")
        return self._made(kept, [number[parts[depth]] for parts in kept], classes)

    def _made(self, images: list[Parts], labels: list[int], classes: Iterable[str]) -> Found:
        files = tuple(str(self.tree.path(parts)) for parts in images)
        below = [p for p in self.tree.label_files if p[: len(self.base)] == self.base != p[:-1]]
        if below:
            self.notes.append(f"label files in folders are not read: {'/'.join(min(below))}, …")
        notes, warnings = tuple(self.notes), tuple(self.warnings)
        return Found(files, tuple(labels), tuple(classes), notes, warnings)


def _relabelled(found: Found, names: tuple[str, ...], root: Path, split: str) -> Found:
    """Number the classes of a split as those of train."""
    if unknown := [name for name in found.class_names if name not in names]:
        raise DataError(
            f"the split {split} of {root} has {len(unknown)} class(es) that train has not, the "
            f"first is {unknown[0]}"
        )
    numbers = [names.index(name) for name in found.class_names]
    labels = tuple(numbers[label] for label in found.labels)
    return replace(found, labels=labels, class_names=names)
