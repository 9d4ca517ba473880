"""Promises to observers: they are notified of every event, cost nothing unused, do no harm."""

from __future__ import annotations

import importlib.metadata

import pytest
import torch
from safetensors.torch import load_file

import ganzoo
from ganzoo.run.observer_group import Expendable, ObserverGroup

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 200},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "sample_every": 3,
    "checkpoint_every": 4,
    "device": "cpu",
}


class Diary(ganzoo.Observer):
    """Writes down every event."""

    def __init__(self):
        self.seen = []

    def attached(self, run_dir, settings):
        self.run_dir = run_dir
        self.seen.append(("attached", settings["training"]["steps"]))

    def started(self, trainer, steps):
        self.seen.append(("started", trainer.step, steps))

    def step(self, trainer, terms):
        assert all(not value.requires_grad and value.ndim == 0 for value in terms.values())
        self.seen.append(("step", trainer.step))

    def metrics(self, step, values):
        assert values["step"] == step
        self.seen.append(("metrics", step))

    def samples(self, step, picture, path):
        assert path.is_file()
        assert (picture.dtype, picture.shape[0]) == (torch.uint8, 3)
        self.seen.append(("samples", step))

    def checkpoint(self, step, path):
        assert (path / "manifest.json").is_file()
        self.seen.append(("checkpoint", step))

    def finished(self, trainer):
        assert ganzoo.Run(self.run_dir).steps[-1] == trainer.step
        self.seen.append(("finished", trainer.step))

    def failed(self, trainer, error):
        self.seen.append(("failed", type(error).__name__))


def test_observers_are_notified_of_every_event_in_order(tmp_path):
    diary = Diary()
    ganzoo.train(run_dir=tmp_path / "run", observers=[diary], steps=5, **TINY)
    seen = [event for event in diary.seen if event[0] != "checkpoint"]
    assert seen == [
        ("attached", 5), ("started", 0, 5), ("samples", 0),
        ("step", 1), ("metrics", 2), ("step", 2), ("samples", 3), ("step", 3),
        ("metrics", 4), ("step", 4), ("step", 5),
        ("metrics", 5), ("samples", 5), ("finished", 5),
    ]  # fmt: skip
    assert [event for event in diary.seen if event[0] == "checkpoint"] == [
        ("checkpoint", 4),
        ("checkpoint", 5),
    ]


def test_observers_of_a_resumed_run_learn_its_step(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", steps=4, **TINY)
    diary = Diary()
    ganzoo.resume(run.path, steps=6, observers=[diary])
    assert diary.seen[:2] == [("attached", 6), ("started", 4, 6)]
    assert ("samples", 0) not in diary.seen


def test_observers_are_notified_of_a_failure_which_the_caller_gets(tmp_path):
    class Breaks(Diary):
        def metrics(self, step, values):
            raise RuntimeError("mine")

    diary = Diary()
    with pytest.raises(RuntimeError, match="mine"):
        ganzoo.train(run_dir=tmp_path / "run", observers=[Breaks(), diary], steps=5, **TINY)
    assert diary.seen[-1] == ("failed", "RuntimeError")


def test_watching_changes_nothing(tmp_path):
    class Nosy(ganzoo.Observer):
        def step(self, trainer, terms):
            trainer.sample(3, seed=trainer.step)
            torch.rand(5)

    watched = ganzoo.train(run_dir=tmp_path / "a", observers=[Nosy()], steps=5, **TINY)
    alone = ganzoo.train(run_dir=tmp_path / "b", steps=5, **TINY)
    first_state, second_state = (
        load_file(r.checkpoint / "ema.safetensors") for r in (watched, alone)
    )
    assert all(torch.equal(first_state[key], second_state[key]) for key in first_state)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ConnectionError("no such server"), "raised ConnectionError: no such server"),
        (SystemExit(0), r"called sys.exit\(0\)"),
        (MemoryError(), "failed: out of memory: try a smaller batch"),
    ],
)
def test_an_expendable_observer_that_fails_is_switched_off_and_named(fault, told):
    class Breaks(Diary):
        def metrics(self, step, values):
            raise fault

    diary, broken = Diary(), Breaks()
    group = ObserverGroup([diary], [Expendable("the observer 'acme' of acme-log 1.2", broken)])
    with pytest.warns(
        ganzoo.GanzooWarning, match=rf"'acme' of acme-log 1.2 is switched off: metrics\(\) {told}"
    ):
        group.notify("metrics", 2, {"step": 2})
    group.notify("metrics", 4, {"step": 4})  # with pytest, a second warning would be an error
    group.notify("attached", None, {"training": {"steps": 3}})
    assert broken.seen == []
    assert diary.seen == [("metrics", 2), ("metrics", 4), ("attached", 3)]


PLUGIN = """
import ganzoo

@ganzoo.hookimpl
def ganzoo_observers():
    yield ganzoo.ObserverSpec(name="acme", factory="acme_log:Log", summary="Logs.")

class Log(ganzoo.Observer):
    def metrics(self, step, values):
        raise ConnectionError("no such server")
"""


def test_a_plugins_observer_that_raises_is_switched_off_and_named(tmp_path, monkeypatch):
    (tmp_path / "acme_log.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry_points = importlib.metadata.entry_points(group="ganzoo")
    acme = importlib.metadata.EntryPoint("acme", "acme_log", "ganzoo")
    host = ganzoo.PluginHost([*entry_points, acme], strict=True)
    with pytest.warns(ganzoo.GanzooWarning, match="the observer 'acme' of .* is switched off") as w:
        run = ganzoo.train(run_dir=tmp_path / "run", observers=["acme"], host=host, steps=5, **TINY)
    assert len(w) == 1
    assert run.steps[-1] == 5


def test_an_observer_without_an_event_is_not_called_for_it():
    class Trap(ganzoo.Observer):
        def finished(self, trainer):
            pass

        def __getattribute__(self, name):
            if name == "step":
                raise AssertionError("step was looked up")
            return super().__getattribute__(name)

    ObserverGroup([Trap()]).step(None, {})


def test_an_observer_can_be_named_with_its_options_in_a_config(tmp_path):
    pytest.importorskip("tensorboard")
    name = "tensorboard"
    config = tmp_path / "run.toml"
    config.write_text(f"[observer.{name}]\n")
    run = ganzoo.train(config, run_dir=tmp_path / "run", steps=1, **TINY)
    assert name in run.config.observer
    with pytest.raises(ganzoo.UsageError, match="no observer named 'tensorbord'. Did you mean"):
        ganzoo.train(run_dir=tmp_path / "other", observers=["tensorbord"], steps=1, **TINY)
