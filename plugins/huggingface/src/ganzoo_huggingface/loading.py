"""Loading: every split of a dataset, by the Hugging Face library."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ganzoo
from ganzoo_huggingface.options import HuggingFaceOptions

SUFFIXES = {".parquet": "parquet", ".tar": "webdataset"}
"""Formats of files by their ending."""

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""Words in the name of a file or of its folder that tell its split; those of `datasets`."""


class Loaded(NamedTuple):
    """A dataset.

    Attributes:
        splits: `datasets.Dataset` by name, memory-mapped.
        format: of the options, never `"auto"`.
        found: what it was taken for, for people.
        files: those of each split that it was converted from; empty if it is read as it is.
    """

    splits: dict[str, Any]
    format: str
    found: str
    files: Mapping[str, Sequence[Path]] = {}


def loaded(options: HuggingFaceOptions) -> Loaded:
    """Load a dataset: nothing but its index is in memory.

    Raises:
        DataError: it is missing or cannot be read.
        UsageError: the package datasets is not installed, or an option does not fit the format.
    """
    # The package.
    with ganzoo.importing("the dataset 'huggingface'", "gan-zoo[huggingface]"):
        import datasets  # type: ignore[import-untyped]

    # The format.
    kind: str = options.format
    if kind != "hub":
        for name in ("subset", "revision"):
            if getattr(options, name) is not None:
                raise ganzoo.UsageError(f"data.{name} is of data.format=hub alone; leave it out")
        kind = _format(options)
    if kind == "saved" and options.files is not None:
        raise ganzoo.UsageError(
            f"data.files={options.files} chooses among files of parquet or webdataset, and "
            f"{options.path} is of save_to_disk, which is read as a whole; leave it out"
        )
    files = _files(options, kind) if kind in SUFFIXES.values() else {}

    # The splits.
    path = str(options.path)
    cache = None if options.cache_dir is None else str(options.cache_dir)
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        if kind == "saved":
            whole = datasets.load_from_disk(path)
        elif kind == "hub":
            _refuse_folder(options)
            whole = datasets.load_dataset(
                path,
                options.subset,
                revision=options.revision,
                data_files=options.files,
                cache_dir=cache,
            )
        else:
            paths = {split: [glob.escape(str(f)) for f in of] for split, of in files.items()}
            whole = datasets.load_dataset(kind, data_files=paths, cache_dir=cache)
    except ganzoo.GanzooError:
        raise
    except Exception as error:  # network, archive and schema errors of many kinds
        raise ganzoo.DataError(_failure(options, kind, error)) from None
    finally:
        if not bars:
            datasets.enable_progress_bars()

    single = isinstance(whole, datasets.Dataset)
    splits = {"train": whole} if single else dict(whole)
    if not any(len(split) for split in splits.values()):
        raise ganzoo.DataError(f"{options.path} has no rows")
    return Loaded(splits, kind, _found(kind, files, single=single), files)


def _format(options: HuggingFaceOptions) -> str:
    """The format of a folder or file that is there.

    Raises:
        DataError: nothing is there, or it may be read in several ways or in none.
    """
    # What is there.
    path = Path(options.path)
    if not path.exists():
        raise ganzoo.DataError(
            f"there is no {path}. data.path is a folder or a file; for a dataset of the Hugging "
            "Face Hub say data.format=hub, and the name as data.path"
        )
    saved = _is_saved(path)
    if options.format == "saved" and not saved:
        raise ganzoo.DataError(
            f"{path} has no dataset_dict.json and no state.json, which save_to_disk writes"
        )
    if options.format != "auto":
        return options.format

    # By what is there.
    kinds = {SUFFIXES[f.suffix] for f in _matching(options) if f.suffix in SUFFIXES}
    kinds |= {"saved"} if saved else set()
    if len(kinds) > 1:
        raise ganzoo.DataError(
            f"{path} can be read as {' and as '.join(sorted(kinds))}; choose by data.format"
        )
    if not kinds:
        raise ganzoo.DataError(
            f"{path} holds no dataset of save_to_disk and no .parquet or .tar file"
            + (f" that matches {options.files}" if options.files else "")
            + "; a folder of images is read by the dataset image-folder"
        )
    return kinds.pop()


def _is_saved(path: Path) -> bool:
    return (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()


def _matching(options: HuggingFaceOptions) -> list[Path]:
    """The file, or those of the folder that match the pattern, in order; hidden ones left out."""
    path = Path(options.path)
    if path.is_file():
        return [path]
    try:
        found = list(path.glob(options.files or "**/*"))
    except (NotImplementedError, ValueError) as error:
        raise ganzoo.UsageError(
            f"data.files={options.files} is no pattern inside data.path, such as *.parquet "
            f"({str(error).lower()})"
        ) from None
    return sorted(f for f in found if f.is_file() and not f.name.startswith("."))


def _files(options: HuggingFaceOptions, kind: str) -> dict[str, list[Path]]:
    """The files of each split.

    Raises:
        DataError: there are none, or some say their split and others do not.
    """
    # Files.
    root, found = Path(options.path), _matching(options)
    if options.files is None and root.is_dir():
        found = [file for file in found if SUFFIXES.get(file.suffix) == kind]
    if not found:
        raise ganzoo.DataError(f"{root} holds no files {options.files or 'of ' + kind}")

    # Splits.
    splits: dict[str, list[Path]] = {}
    for file in found:
        splits.setdefault(
            _split_of(file.relative_to(root if root.is_dir() else root.parent)), []
        ).append(file)
    unnamed = splits.pop("", [])
    if unnamed and splits:
        raise ganzoo.DataError(
            f"{unnamed[0]} does not say to which split it belongs, and others do "
            f"({next(iter(splits.values()))[0].name}); choose files by data.files"
        )
    return splits or {"train": unnamed}


def _split_of(file: Path) -> str:
    """The split that a file's name tells, or the nearest folder's; empty if none does."""
    for part in reversed(file.parts):
        words = re.split(r"[^a-z]+", part.lower())
        for split, known in SPLITS.items():
            if any(word in known for word in words):
                return split
    return ""


def _refuse_folder(options: HuggingFaceOptions) -> None:
    """Refuse a Hub name that is also a path: `datasets` would read what lies there."""
    if Path(options.path).exists():
        raise ganzoo.DataError(
            f"there is a folder or file {options.path} here, which would be read in place of the "
            "Hub's dataset of that name; leave data.format out, or run in another folder"
        )


def _failure(options: HuggingFaceOptions, kind: str, error: Exception) -> str:
    """Why a dataset cannot be loaded, in a line."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if kind != "hub":
        return f"{options.path} cannot be read as {kind}: {reason}"
    return (
        f"{options.path} could not be had from the Hugging Face Hub: {reason}. Check the name and "
        "the network; what is downloaded already is used without one (HF_HUB_OFFLINE=1)"
    )


def _found(kind: str, files: Mapping[str, Sequence[Path]], *, single: bool) -> str:
    """What a dataset was taken for, in words."""
    if kind == "saved":
        return f"a {'Dataset' if single else 'DatasetDict'} of save_to_disk"
    if kind == "hub":
        return "from the Hugging Face Hub"
    return ", ".join(f"{len(of)} {kind} file(s) of {split}" for split, of in files.items())
