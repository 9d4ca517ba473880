"""`ganzoo_hub.push`: upload a run, with a model card and a picture, as one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import ganzoo
from ganzoo_hub.card import card_of, draw_samples
from ganzoo_hub.hub import connect, explained, in_words, on_disk
from ganzoo_hub.layout import CARD, LARGEST_TEXT, is_expected, is_too_large
from ganzoo_hub.private import write_public

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo


def push(
    run: ganzoo.Run | str | Path,
    repo: str,
    *,
    step: int | Literal["best"] | None = None,
    discriminator: bool = False,
    private: bool = False,
    license: str | None = None,  # noqa: A002  # as in the card
    datasets: Sequence[str] = (),
    message: str | None = None,
    notify: Callable[[str], None] | None = None,
    endpoint: str | None = None,
) -> str:
    """Push a checkpoint of a run to a model repository, which is made if there is none.

        ganzoo_hub.push("runs/first", "anna/cats", license="mit")

    The repository gets the averaged generator, the config, the log, results of evaluations, a
    sample grid and a model card: all of one checkpoint, which replaces an earlier one. If the loss
    moves z by the discriminator before images are sampled, it gets the discriminator too. Paths and
    names of the machine are left out, and so is the training state: a pulled run cannot be
    resumed. Log in before by `hf auth login`, or set HF_TOKEN.

    Args:
        run: a run or its directory.
        repo: `"owner/name"`, or `"name"` for one of yours.
        step: of the checkpoint, or `"best"`; by default the latest. Not with a `Run`.
        discriminator: push it too, and the generator without averaging: whoever pulls the run can
            start another one from it.
        private: make the repository a private one.
        license: for the card, as the hub abbreviates it: `"mit"`, `"cc-by-4.0"`.
        datasets: for the card, as the hub names them; by default the run's own name of it.
        message: of the commit.
        notify: called with a line about what is pushed.
        endpoint: of the hub; by default that of HF_ENDPOINT, or the public one.

    Returns:
        the address of the commit.

    Raises:
        UsageError: there is no such run, checkpoint or repository, the token is missing or may
            not write, a package is missing, or a file is too large.
        GanzooError: a file is damaged or cannot be read, or the hub cannot be reached.
    """
    # The run and the repository's name, before any work.
    api = connect(repo, endpoint)
    if not isinstance(run, ganzoo.Run):
        run = ganzoo.Run(run, step=step, device="cpu")
    elif step is not None:
        raise ganzoo.UsageError("a Run has its checkpoint already: ganzoo.Run(path, step=…)")
    trained = f"{run.config.arch.name} after {run.manifest.step:,} steps"

    with (
        on_disk(f"push {run.path}"),
        TemporaryDirectory(prefix="ganzoo-push-", ignore_cleanup_errors=True) as name,
    ):
        # A copy for others, and a picture that it makes.
        folder = Path(name)
        write_public(run, folder, discriminator=discriminator)
        copy = ganzoo.Run(
            folder,
            device="cpu",
            generator=run.own["generator"],
            discriminator=run.own["discriminator"],
            latent=None if run.own["generator"] is None else run.latent,
            refiner=run.refiner if run.manifest.refines else None,
        )
        picture = draw_samples(copy, folder)
        _check_sizes(folder)

        # The repository.
        with explained(api, repo):
            repo = api.create_repo(repo, private=private or None, exist_ok=True).repo_id
            before = api.model_info(repo)
        if private and not before.private:
            raise ganzoo.UsageError(
                f"'{repo}' exists already and is public: make it private in its settings, or name "
                "another one"
            )

        # The card, which names the repository, and the commit.
        text = card_of(copy, repo, picture, license=license, datasets=datasets)
        (folder / CARD).write_text(text, encoding="utf-8")
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        size = sum(file.stat().st_size for file in files)
        visibility = "private" if before.private else "public"
        if notify is not None:
            notify(f"{trained}, to {repo} ({visibility}): {len(files)} files, {in_words(size)}")
        with explained(api, repo):
            return _commit(api, before, folder, files, message or f"Push {trained}")


def _check_sizes(folder: Path) -> None:
    """Refuse files that `pull` refuses."""
    for file in sorted(folder.rglob("*")):
        if is_too_large(file.name, size := file.stat().st_size):
            raise ganzoo.UsageError(
                f"{file.relative_to(folder).as_posix()} has {in_words(size)}, and at most "
                f"{in_words(LARGEST_TEXT)} can be pulled: push an earlier "
                f"{ganzoo.setting('step')}, or a copy of the run with a shorter one"
            )


def _commit(
    api: HfApi, before: ModelInfo, folder: Path, files: Sequence[Path], message: str
) -> str:
    """Upload files, and remove those of an earlier checkpoint, in one commit."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    names = {file.relative_to(folder).as_posix(): file for file in files}
    there = {sibling.rfilename for sibling in before.siblings or ()}
    old = sorted(name for name in there - names.keys() if is_expected(name))
    operations: list[Any] = [CommitOperationAdd(name, str(file)) for name, file in names.items()]
    operations += [CommitOperationDelete(name) for name in old]
    commit = api.create_commit(before.id, operations, commit_message=message)
    return str(commit.commit_url)
