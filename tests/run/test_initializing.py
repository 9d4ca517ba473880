"""Starting from another run: `init_from`, and FreezeD."""

from __future__ import annotations

import pytest
import torch
from toys import SMALL

import ganzoo
from ganzoo.run.checkpoints import read_weights
from ganzoo.run.initializing import load_matching

COMMON = {
    "arch": SMALL["vanilla"],
    "loss": "bce",
    "data": "emoji",
    "size": 8,
    "batch_size": 4,
    "device": "cpu",
    "sample_count": 4,
}


pytestmark = pytest.mark.filterwarnings("ignore:.*have no counterpart")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "run"
    return ganzoo.train(**COMMON, steps=3, channels=3, run_dir=folder)


def weights(run, network):
    return read_weights(run.checkpoint, network)


def test_a_run_starts_from_the_weights_of_another(source, tmp_path):
    """Its first step moves both networks from there: a tiny rate leaves them almost in place."""
    still = {"generator_lr": 1e-12, "discriminator_lr": 1e-12}
    run = ganzoo.train(
        **COMMON, steps=1, seed=5, init_from=str(source.path), run_dir=tmp_path / "a", **still
    )
    for network in ("generator", "discriminator"):
        for name, tensor in weights(run, network).items():
            if "running" not in name and "num_batches" not in name:
                torch.testing.assert_close(tensor, weights(source, network)[name])
    facts = run.provenance["init_from"]
    assert facts["run"] == str(source.path)
    assert facts["step"] == 3
    count = len(weights(source, "generator"))
    assert facts["loaded"]["generator"] == f"{count} of {count} tensors"


def test_a_resumed_run_needs_its_source_no_more(source, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(source.path, copy)
    settings = {**COMMON, "init_from": str(copy)}
    through = ganzoo.train(**settings, steps=4, run_dir=tmp_path / "through")
    ganzoo.train(**settings, steps=2, run_dir=tmp_path / "parts")
    shutil.rmtree(copy)
    parts = ganzoo.resume(tmp_path / "parts", steps=4)
    for network in ("generator", "discriminator", "ema"):
        for name, tensor in weights(parts, network).items():
            assert torch.equal(tensor, weights(through, network)[name])


def test_what_does_not_fit_keeps_its_initial_value(source, tmp_path):
    with pytest.warns(ganzoo.GanzooWarning, match="of the generator have no counterpart"):
        run = ganzoo.train(
            **COMMON, channels=1, steps=1, init_from=str(source.path), run_dir=tmp_path / "grey"
        )
    loaded = run.provenance["init_from"]["loaded"]["generator"]
    total = len(weights(run, "generator"))
    assert loaded == f"{total - 2} of {total} tensors"  # all but the last layer's


def test_only_tensors_of_the_same_name_and_shape_are_copied():
    network = torch.nn.Linear(2, 3)
    given = {"weight": torch.ones(3, 2), "bias": torch.ones(4), "other": torch.ones(1)}
    bias = network.bias.clone()
    assert load_matching(network, given) == ["bias"]
    assert torch.equal(network.weight, torch.ones(3, 2))
    assert torch.equal(network.bias, bias)


def test_a_source_that_does_not_fit_or_exist_is_refused_before_training(source, tmp_path):
    other = {**COMMON, "arch": SMALL["dcgan"], "size": 16}
    with pytest.raises(ganzoo.UsageError, match="no layer of that run's generator has the name"):
        ganzoo.train(**other, steps=1, init_from=str(source.path), run_dir=tmp_path / "a")
    with pytest.raises(ganzoo.UsageError, match="is no run directory"):
        ganzoo.train(**COMMON, steps=1, init_from=str(tmp_path), run_dir=tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_frozen_layers_of_the_discriminator_stay_as_they_are(source, tmp_path):
    run = ganzoo.train(
        **COMMON,
        channels=3,
        steps=2,
        init_from=str(source.path),
        freeze_layers=1,
        run_dir=tmp_path / "frozen",
    )
    before, after = weights(source, "discriminator"), weights(run, "discriminator")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {"body.0.weight", "body.0.bias"}


def test_freezing_every_layer_is_refused(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="freeze_layers=9 leaves nothing to train"):
        ganzoo.train(**COMMON, steps=1, freeze_layers=9, run_dir=tmp_path / "a")
