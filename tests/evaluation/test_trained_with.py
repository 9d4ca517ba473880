"""Promises about generators that were trained with the network that measures them."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.interfaces.extractor import extractors_in
from ganzoo.run.checkpoints import read_manifest


class Brightness(ganzoo.Extractor):
    """One feature: the mean of the pixels."""

    display = "Brightness"
    fingerprint = "brightness-1"
    resizing = "none"

    def features(self, images):
        return images.float().mean((1, 2, 3))[:, None]

    def maps(self, images):
        return (images.mean(1, keepdim=True),)


class Contrast(Brightness):
    """Another network."""

    display = "Contrast"


class Gap(ganzoo.Metric):
    """The gap between average features."""

    uses = "features"
    scores = (ganzoo.Score("gap", "lower"),)
    blind_to = "everything else"

    def measure(self, sample, reference, *, seed):
        gap = sample.features.mean(0) - reference.features.mean(0)
        return {"gap": ganzoo.Measured(gap.norm().item())}


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 16)

    def forward(self, z):
        return torch.tanh(self.body(z)).view(-1, 1, 4, 4)


class OnMaps(nn.Module):
    """A discriminator that stands on an extractor's map."""

    def __init__(self, extractor):
        super().__init__()
        self.extractor = extractor
        self.score = nn.Linear(16, 1)

    def forward(self, images):
        (features,) = self.extractor.maps(images)
        return self.score(features.flatten(1))[:, 0]


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(16, 1)

    def forward(self, images):
        return self.score(images.flatten(1))[:, 0]


class SameFeatures(ganzoo.GeneratorPenalty):
    """The gap between features of fakes and of real images."""

    def __init__(self, options=None):
        super().__init__(options)
        self.extractors = [Contrast()]

    def penalty(self, generator, critic, fake, real):
        (made,), (true,) = (self.extractors[0].maps(batch.images) for batch in (fake, real))
        return (made - true).square().mean()


def images(seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (20, 1, 4, 4), dtype=torch.uint8, generator=rng)


def saved(path, discriminator, **settings):
    """A run of a trainer after two steps."""
    trainer = ganzoo.Trainer(
        generator=Generator(),
        discriminator=discriminator,
        loss="hinge",
        data=ganzoo.ImageStore.from_dataset(list(images())),
        latent=4,
        batch_size=4,
        device="cpu",
        **settings,
    )
    trainer.fit(2)
    return trainer.save(path)


def measured(run, extractor):
    (result,) = ganzoo.evaluate(
        run, images(1), metrics=Gap(), extractor=extractor, n=10, floor=False, device="cpu"
    )
    return result


def test_the_network_that_a_discriminator_stands_on_is_no_judge(tmp_path):
    run = saved(tmp_path / "run", OnMaps(Brightness()))
    assert read_manifest(run.checkpoint).trained_with == ("Brightness",)
    with pytest.warns(
        ganzoo.GanzooWarning, match="trained with the help of Brightness, so"
    ) as all_:
        result = measured(run, Brightness())
    assert len(all_) == 1
    assert result.notes == {"biased": "the generator was trained with the help of Brightness"}
    assert run.evaluations()[-1]["notes"] == result.notes


def test_others_judge_it_and_it_judges_others(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judged = measured(saved(tmp_path / "run", OnMaps(Brightness())), Contrast())
        plain = measured(saved(tmp_path / "plain", Plain()), Brightness())
    assert judged.notes == plain.notes == {}


def test_the_network_that_a_penalty_compares_features_of_is_no_judge(tmp_path):
    run = saved(tmp_path / "run", Plain(), penalties={"features": SameFeatures()})
    assert run.manifest.trained_with == ("Contrast",)
    with pytest.warns(ganzoo.GanzooWarning, match="trained with the help of Contrast"):
        measured(run, Contrast())


def test_a_comparison_says_which_numbers_are_biased(tmp_path):
    runs = [saved(tmp_path / "on-maps", OnMaps(Brightness())), saved(tmp_path / "plain", Plain())]
    for run in runs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured(run, Brightness())
    remarks = [r for r in ganzoo.compare(*runs).remarks if "better than it is" in r]
    (remark,) = remarks
    assert remark.startswith(f"Brightness-gap of {runs[0].path} ")


def test_extractors_are_found_in_parts_and_lists():
    inner = Plain()
    inner.extractors = (Contrast(), Brightness())
    outer = nn.Sequential(inner, nn.ReLU())
    assert extractors_in(outer) == {"Contrast", "Brightness"}
    assert extractors_in(Plain()) == frozenset()
