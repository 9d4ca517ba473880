"""What `ganzoo show run RUN` prints: where a run came from, and where it is."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.errors import GanzooError


def describe_run(path: str) -> str:
    """State, settings, provenance and journal of a run."""
    from ganzoo.run import Run

    run = Run(Path(path))
    config = run.config
    formatter = click.HelpFormatter()
    formatter.write(f"run {run.path}\n")
    choices = [config.arch.name, config.loss.name, config.data.name, *config.penalty]
    formatter.write_paragraph()
    formatter.write_dl(
        [
            ("state", run.state),
            ("trains", " + ".join(choices)),
            ("steps", f"{run.steps[-1] if run.steps else 0:,} saved of {config.training.steps:,}"),
            ("checkpoints", ", ".join(map(str, run.steps)) or "none yet"),
        ]
    )
    with formatter.section("latest session"):
        formatter.write_dl(_provenance(run.provenance))
    with formatter.section("journal"):
        shown = [event for event in run.events() if event.get("event") != "checkpoint"]
        formatter.write_dl(
            [
                (
                    str(event.get("time", ""))[:19].replace("T", " "),
                    f"{event.get('event')} at step {event.get('step')}"
                    + (f": {event['message']}" if "message" in event else ""),
                )
                for event in shown
            ]
        )
    return formatter.getvalue().rstrip()


def _provenance(facts: dict[str, object]) -> list[tuple[str, str]]:
    versions = facts.get("versions")
    if not isinstance(versions, dict):
        raise GanzooError("the run's journal is damaged: it has no versions")
    rows = {key: value for key, value in facts.items() if key != "versions"}
    rows["git"] = rows.get("git") or "not in a repository"
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [(key, str(value)) for key, value in (rows | {"packages": packages}).items()]
