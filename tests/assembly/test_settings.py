"""Promises of a trainer's settings: config objects and flat names, each decided once."""

from __future__ import annotations

import pytest
from torch import nn
from toys import LogisticLoss

import ganzoo
from ganzoo.config import Layer
from ganzoo.run.plan import compose


class Paper(LogisticLoss):
    def settings(self):
        return {"n_critic": 5, "betas": (0.0, 0.9), "ema_decay": 0.5}


def test_sections_may_be_objects_flat_names_win_and_the_paper_yields(make_trainer):
    trainer = make_trainer(
        loss=Paper(),
        training=ganzoo.TrainingConfig(n_critic=3, ema_decay=0.25),
        execution=ganzoo.ExecutionConfig(device="cpu", fused="off"),
        image=ganzoo.ImageConfig(horizontal_flip=True),
        ema_decay=0.125,
    )
    assert trainer.training.n_critic == 3  # the object's, not the paper's 5
    assert trainer.training.ema_decay == 0.125  # the flat one, not the object's
    assert trainer.training.betas == (0.0, 0.9)  # the paper's, as nobody set another
    assert not trainer.execution.fused
    assert trainer.batches.horizontal_flip


def test_an_execution_that_is_made_already_is_used_as_it_is(make_trainer):
    config = ganzoo.ExecutionConfig(device="cpu", grad_accum_steps=2, precision="fp32")
    execution = ganzoo.Execution(config, [nn.Linear(1, 1)], 8)
    trainer = make_trainer(execution=execution, batch_size=8, device=None, precision=None)
    assert trainer.execution is execution
    trainer.train_step()


@pytest.mark.parametrize(
    "setting",
    [
        {"sample_every": 5},
        {"size": 32},
        {"threads": 2},
        {"workers": 1},
        {"skip_bad_images": True},
    ],
)
def test_settings_that_are_not_a_trainers_are_refused_rather_than_ignored(make_trainer, setting):
    (name,) = setting
    with pytest.raises(ganzoo.UsageError, match=f"'{name}' cannot be set here"):
        make_trainer(**setting)


def test_an_execution_for_another_batch_size_is_refused(make_trainer):
    execution = ganzoo.Execution(ganzoo.ExecutionConfig(device="cpu"), [], 16)
    with pytest.raises(ganzoo.UsageError, match="batches of 16 images, and batch_size=8"):
        make_trainer(execution=execution, batch_size=8, device=None, precision=None)


def test_an_execution_that_is_made_already_cannot_be_changed_by_flat_names(make_trainer):
    execution = ganzoo.Execution(ganzoo.ExecutionConfig(device="cpu"), [], 4)
    with pytest.raises(ganzoo.UsageError, match="'precision' cannot be set here"):
        make_trainer(execution=execution, precision="fp32", batch_size=4, device=None)


def test_a_loss_that_recommends_an_unknown_setting_is_at_fault_itself(make_trainer):
    class Wrong(LogisticLoss):
        def settings(self):
            return {"learning_rate": 1.0}

    with pytest.raises(ganzoo.PluginError, match="learning_rate"):
        make_trainer(loss=Wrong())


def test_an_optimizer_that_does_not_exist_is_refused_before_networks_are_built():
    layer = Layer("test", {"training": {"optimizer": "adamm"}, "arch": {"name": "vanilla"}})
    rest = Layer("rest", {"loss": {"name": "bce"}, "data": {"name": "emoji"}, "image": {"size": 8}})
    with pytest.raises(ganzoo.UsageError, match="has none of this name. Did you mean 'adam'"):
        compose([layer, rest])
