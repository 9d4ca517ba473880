"""`ganzoo_hub.pull`: download a run that someone pushed, trusting nothing in it."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo_hub.hub import connect, explained, in_words, on_disk
from ganzoo_hub.layout import (
    AVERAGED,
    CONDITIONS,
    CONFIG,
    check_header,
    check_weights,
    checkpoint_of,
    is_expected,
    is_too_large,
    sha256,
)
from ganzoo_hub.private import without_folders

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MARK = "pulled.json"
"""File of a pulled run that says where it is from. Nothing else is ever replaced."""


def pull(
    repo: str,
    run_dir: str | Path | None = None,
    *,
    revision: str | None = None,
    force: bool = False,
    notify: Callable[[str], None] | None = None,
    endpoint: str | None = None,
) -> ganzoo.Run:
    """Pull a run from a model repository into a run directory.

        run = ganzoo_hub.pull("anna/cats")  # runs/cats
        images = run.sample(64)

    It samples, interpolates, evaluates, exports and reports like a run trained here; it cannot be
    resumed. Only files of a run are downloaded, none of which can run code, and they are checked
    before the directory appears. Plugins that it needs are named when it is sampled, and never
    installed.

    Args:
        repo: `"owner/name"`.
        run_dir: a new or empty directory; by default the repository's name in `runs/`.
        revision: a branch, tag or commit; by default the latest commit of the main branch.
        force: replace the directory, with all that is in it, if it is a pulled run.
        notify: called with a line about what is downloaded.
        endpoint: of the hub; by default that of HF_ENDPOINT, or the public one.

    Raises:
        UsageError: there is no such repository or revision that you may see, it holds no run, or
            the directory is not empty.
        DataError: a file is damaged, or not what its name says.
        GanzooError: the hub cannot be reached, or the directory cannot be written.
    """
    # The repository's files, all of one commit.
    api = connect(repo, endpoint)
    target = Path("runs", repo.rpartition("/")[2]) if run_dir is None else Path(run_dir)
    writing = f"write {target}"
    with on_disk(writing), explained(api, repo, revision):
        _check_free(target, force)
        info = api.model_info(repo, revision=revision, files_metadata=True)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    names = sorted(filter(is_expected, siblings))
    _check_names(repo, names)
    sizes = {name: siblings[name].size or 0 for name in names}
    for name, size in sizes.items():
        if is_too_large(name, size):
            raise ganzoo.DataError(
                f"'{repo}': {name} has {in_words(size)}, too many for what it is"
            )
    if others := siblings.keys() - {*names, ".gitattributes"}:
        shown = ", ".join(map(ascii, sorted(others)[:8])) + (", …" if len(others) > 8 else "")
        message = f"these files of '{repo}' are no part of a run, and stay there: {shown}"
        warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
    where = f"{repo} at {str(info.sha)[:7]}"
    if notify is not None:
        notify(f"{where}, to {target}: {len(names)} files, {in_words(sum(sizes.values()))}")

    # Download beside the target, or into one that exists; check, and move into place.
    path = target.absolute()
    with on_disk(writing):
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(
            prefix=".ganzoo-pull-",
            dir=path if path.exists() else path.parent,
            ignore_cleanup_errors=True,
        ) as temporary:
            folder = Path(temporary, "run")
            for name in names:
                _download(api, repo, str(info.sha), siblings[name], folder)
            _check_run(folder, names)
            mark = {"repository": repo, "revision": info.sha, "endpoint": api.endpoint}
            (folder / MARK).write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")
            _check_free(target, force, Path(temporary).name)
            _move(folder, path)
    return ganzoo.Run(target)


def _check_free(target: Path, force: bool, besides: str = "") -> None:
    """Refuse a directory that is not empty; with force, one that is no pulled run.

    Args:
        target: the directory.
        force: take a pulled run.
        besides: name of the temporary folder, which may be in it.
    """
    if not target.exists():
        return
    if target.is_dir() and all(child.name == besides for child in target.iterdir()):
        return
    if not (target / MARK).is_file():
        raise ganzoo.UsageError(
            f"{target} exists and is no pulled run; choose another {ganzoo.setting('run_dir')}"
        )
    if not force:
        raise ganzoo.UsageError(
            f"{target} exists; choose another {ganzoo.setting('run_dir')}, or replace it, with all "
            f"that is in it: {ganzoo.setting('force', True)}"
        )


def _check_names(repo: str, names: Sequence[str]) -> None:
    """Check that the files make a run: a config, and checkpoints with averaged weights."""
    checkpoints = [folder for folder in map(checkpoint_of, names) if folder]
    missing = {CONFIG, *(f"{folder}/{AVERAGED}" for folder in checkpoints)} - {*names}
    if missing or not checkpoints:
        lacks = min(missing, default="checkpoints/…/manifest.json")
        raise ganzoo.UsageError(
            f"'{repo}' holds no run that `ganzoo push` has written: it has no {lacks}"
        )


def _download(api: HfApi, repo: str, revision: str, sibling: Any, folder: Path) -> None:
    """Download one file, and compare it with what the hub says of it."""
    # Into a folder of its own, as the client keeps notes beside it.
    name = sibling.rfilename
    with explained(api, repo, revision):
        path = api.hf_hub_download(
            repo, name, revision=revision, local_dir=folder.with_name("download")
        )
    file = Path(path)
    if file.is_symlink() or not file.is_file():
        raise ganzoo.DataError(f"'{repo}': {name} is no regular file")

    # Git's hash of a small file, SHA-256 of a large one.
    if sibling.lfs is not None:
        right = sha256(file) == sibling.lfs.sha256
    else:
        content = file.read_bytes()
        blob = b"blob %d\0%b" % (len(content), content)
        digest = hashlib.sha1(blob, usedforsecurity=False).hexdigest()
        right = sibling.blob_id in (None, digest)
    if not right or sibling.size not in (None, file.stat().st_size):
        raise ganzoo.DataError(
            f"'{repo}': {name} was damaged on the way, or is not what the hub lists; try again"
        )
    destination = folder / name
    destination.parent.mkdir(parents=True, exist_ok=True)
    file.replace(destination)


def _check_run(folder: Path, names: Sequence[str]) -> None:
    """Check a downloaded run, without building its networks.

    Raises:
        DataError: a file is damaged, or names folders of a machine.
    """
    # Config: what it names is looked up among installed plugins, and nothing is opened.
    run = ganzoo.Run(folder, device="cpu")
    config = run.config.model_dump(mode="json", exclude_none=True)
    if config != without_folders(config):
        raise ganzoo.DataError(
            f"{CONFIG} names folders of a machine, which `ganzoo push` leaves out: it is not used"
        )

    # Weights, and whatever else is read later.
    for checkpoint in filter(None, map(checkpoint_of, names)):
        check_weights(folder / checkpoint)
        _ = ganzoo.Run(folder, step=int(Path(checkpoint).name), device="cpu").manifest
    if CONDITIONS in names:
        check_header(folder / CONDITIONS)
    run.events()
    run.metrics()
    run.evaluations()


def _move(folder: Path, path: Path) -> None:
    """Move a downloaded run into place; what was there goes to a folder beside it.

    A directory that exists stays: it may be a mount point, a link, or where the user is.
    """
    if not path.exists():
        folder.rename(path)
        return

    # Empty it, then fill it; undo both if one fails.
    replaced = folder.with_name("replaced")
    replaced.mkdir()
    moves = [(old, replaced / old.name) for old in path.iterdir() if old != folder.parent]
    moves += [(new, path / new.name) for new in folder.iterdir()]
    done = []
    try:
        for source, destination in moves:
            source.rename(destination)
            done.append((source, destination))
    except BaseException:
        for source, destination in reversed(done):
            destination.rename(source)
        raise
