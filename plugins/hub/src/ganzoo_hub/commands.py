"""`ganzoo push` and `ganzoo pull`. Tokens are no options: others see a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

run_argument = click.argument(
    "run", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUN"
)
repo_argument = click.argument("repo", metavar="REPO")


class Step(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """The step of a checkpoint, or `best`."""

    name = "step"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Convert to an int, or return `"best"`."""
        return "best" if value == "best" else click.INT.convert(value, param, ctx)


@click.command()
@run_argument
@repo_argument
@click.option("--step", type=Step(), help="Step of the checkpoint, or best. [default: the latest]")
@click.option(
    "--discriminator",
    is_flag=True,
    help="Push the discriminator too, and the generator without averaging, to start other runs "
    "from.",
)
@click.option("--private", is_flag=True, help="Make the repository a private one.")
@click.option("--license", "license_", metavar="ID", help="For the card: mit, cc-by-4.0, …")
@click.option(
    "--dataset",
    "datasets",
    metavar="ID",
    multiple=True,
    help="For the card: a dataset, as the hub names it; can be repeated. "
    "[default: the run's name of it]",
)
@click.option("--message", help="Message of the commit.")
def push(run: Path, repo: str, step: Any, license_: str | None, **settings: Any) -> None:
    """Push a checkpoint of the run in directory RUN to REPO, OWNER/NAME on the Hugging Face Hub.

    The repository, made if there is none, gets the averaged generator, the config, log, results of
    evaluations, a sample grid and a model card. Log in by `hf auth login`, or set HF_TOKEN.
    """
    from ganzoo_hub.pushing import push as push_run

    address = push_run(run, repo, step=step, license=license_, notify=click.echo, **settings)
    click.echo(address)


@click.command()
@repo_argument
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="New or empty directory. [default: the repository's name in runs/]",
)
@click.option("--revision", help="Branch, tag or commit. [default: the latest]")
@click.option("--force", is_flag=True, help="Replace an earlier pull, with all that is in it.")
def pull(repo: str, run_dir: Path | None, revision: str | None, force: bool) -> None:
    """Pull a run from REPO, OWNER/NAME on the Hugging Face Hub.

    Nothing in the repository can run code: weights are safetensors, the rest is TOML, JSON and a
    picture, and other files are not downloaded. A private repository needs `hf auth login`, or
    HF_TOKEN.
    """
    from ganzoo_hub.pulling import pull as pull_run

    run = pull_run(repo, run_dir, revision=revision, force=force, notify=click.echo)
    click.echo(f"{run.path}")
