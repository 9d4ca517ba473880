"""A trainer made by hand prepares its generator for sampling as a run does."""

from __future__ import annotations

import torch


def test_constraints_of_a_trainer_settle_its_samples(make_trainer):
    """Spectral normalization at rest: a layer's largest singular value is 1 when sampled."""
    trainer = make_trainer(constraints={"spectral-norm": {"networks": "generator"}}, ema_decay=0.5)
    trainer.fit(2)
    settled = trainer.sampler.at_rest(trainer.ema.module)
    norm = torch.linalg.svdvals(settled.body[0].weight.detach()).max()
    torch.testing.assert_close(norm, torch.ones(()), rtol=1e-4, atol=0)
