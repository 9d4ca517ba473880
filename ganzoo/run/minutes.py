"""Minutes: how long a run has been trained, and the steps that its time budget has become."""

from __future__ import annotations

from ganzoo.config import KeyPath, RunConfig, changed_toml, load_config
from ganzoo.files import replace_text
from ganzoo.run import journal
from ganzoo.run.directory import RunDirectory


def minutes_trained(directory: RunDirectory, step: int) -> float:
    """Return the minutes of training up to a checkpoint; 0 if the journal does not say."""
    noted = [
        float(event["minutes"])
        for event in journal.read(directory.journal)
        if event["step"] == step and journal.is_number(event.get("minutes"))
    ]
    return max(noted, default=0.0)


def is_trained(config: RunConfig, step: int, minutes: float) -> bool:
    """Return whether a run has all the steps, or the minutes, of its config."""
    training = config.training
    budget = training.minutes
    return step >= training.steps or (budget is not None and minutes >= budget)


def write_steps(directory: RunDirectory, step: int) -> None:
    """Replace a time budget in `config.toml` by its steps, so that the file repeats the run."""
    minutes = load_config(directory.config).training.minutes
    if minutes is not None:
        changes: dict[KeyPath, int | None] = {("training", "steps"): step}
        changes["training", "minutes"] = None
        text = directory.config.read_text(encoding="utf-8")
        replace_text(directory.config, changed_toml(text, changes, f"{minutes:g} minutes"))


def with_steps(config: RunConfig, events: list[journal.Event]) -> RunConfig:
    """Return the config of the latest session as `config.toml` has it after its end."""
    if config.training.minutes is None or journal.end_of_latest_session(events) != "finished":
        return config
    step = [event["step"] for event in events if event["event"] == "finished"][-1]
    training = config.training.model_copy(update={"steps": step, "minutes": None})
    return config.model_copy(update={"training": training})
