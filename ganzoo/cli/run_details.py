"""`ganzoo show run RUN`: prints state, provenance and journal of a run."""

from __future__ import annotations

from ganzoo.errors import GanzooError


def describe_run(path: str) -> str:
    """Describe a run: state, components, provenance and journal."""
    from ganzoo.run.journal import message_of
    from ganzoo.run.records import Records, run_title

    # State and components.
    run = Records(path)
    saved = run.steps[-1] if run.steps else 0
    rows = [
        ("state", run.state),
        ("trains", run_title(run.config)),
        ("steps", f"{saved:,} saved of {run.config.training.length}"),
        ("checkpoints", ", ".join(map(str, run.steps)) or "none yet"),
    ]

    # Journal.
    events = [
        (
            event["time"][:19].replace("T", " "),
            f"{event['event']} at step {event['step']}"
            + (f": {message_of(event).at_shell()}" if "message" in event else ""),
        )
        for event in run.events()
        if event["event"] != "checkpoint"
    ]

    lines = [
        f"run {run.path}",
        *_table(rows),
        "\nlatest session:",
        *_table(_provenance(run.provenance)),
        "\njournal:",
        *_table(events),
    ]
    return "\n".join(lines)


def _table(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns. Lines are not wrapped, so that a command can be copied."""
    width = max((len(key) for key, _ in rows), default=0)
    return [f"  {key:{width}}  {value}" for key, value in rows]


def _provenance(facts: dict[str, object]) -> list[tuple[str, str]]:
    """Rows of the provenance, with all versions in one."""
    versions = facts.get("versions")
    if not isinstance(versions, dict):
        raise GanzooError("the run's journal is damaged: it has no versions")
    rows = {key: value for key, value in facts.items() if key != "versions"}
    rows["git"] = rows.get("git") or "not in a repository"
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [(key, str(value)) for key, value in (rows | {"packages": packages}).items()]
