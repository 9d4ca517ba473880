"""Promises of `Trainer.save`: a run directory of networks that no plugin builds."""

from __future__ import annotations

import json
import re
import tomllib

import numpy as np
import pytest
import torch
from forked import run_ganzoo, run_snippet
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator, make_store

import ganzoo
from ganzoo.run.doctor import diagnose

NOISE = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)


@pytest.fixture
def trained(make_trainer):
    trainer = make_trainer(loss="hinge", penalties={"r1": {"weight": 0.5}}, max_grad_norm=1.0)
    trainer.fit(3)
    return trainer


def reopened(run: ganzoo.Run, **arguments) -> ganzoo.Run:
    return ganzoo.Run(run.path, device="cpu", generator=TinyGenerator(), **arguments)


def test_the_run_samples_as_the_trainer_does_now_and_when_it_is_opened_again(trained, tmp_path):
    run = trained.save(tmp_path / "deep" / "run")
    z = torch.randn(3, 8)
    for opened in (run, reopened(run), ganzoo.Run(str(run.path), generator=TinyGenerator())):
        assert torch.equal(opened.sample(5, seed=3), trained.sample(5, seed=3))
        assert torch.equal(opened.decode(z), trained.decode(z))
        assert opened.interpolate(2, stops=2, frames=3).shape == (6, 2, 1, 8, 8)
        assert opened.picture(opened.sample(4)).ndim == 3


def test_training_on_leaves_the_run_as_it_was(trained, tmp_path):
    run, before = trained.save(tmp_path / "run"), trained.sample(2)
    run.generator  # noqa: B018  # of the caller's networks, and not these themselves
    trained.fit(6)
    assert torch.equal(run.sample(2), before)
    assert not torch.equal(trained.sample(2), before)


def test_its_records_tell_what_was_trained(trained, tmp_path):
    run = trained.save(tmp_path / "run")
    assert (run.state, run.steps) == ("finished", [3])
    assert diagnose(run).problems == ()
    config = tomllib.loads((run.path / "config.toml").read_text())
    assert config["arch"]["name"] == "toys:TinyGenerator"
    assert (config["loss"]["name"], config["data"]["name"]) == ("hinge", "own:images")
    assert config["penalty"]["r1"]["weight"] == 0.5
    assert (
        config["training"] | {"steps": 3, "max_grad_norm": 1.0, "batch_size": 4}
        == (config["training"])
    )
    assert run.provenance["versions"]["torch"] == torch.__version__
    assert [path.name for path in (run.path / "samples").iterdir()] == ["000003.png"]


def test_the_discriminator_is_saved_too(trained, tmp_path):
    run = reopened(trained.save(tmp_path / "run"), discriminator=TinyDiscriminator())
    images = torch.rand(4, 1, 8, 8) * 2 - 1
    expected = trained.discriminator.eval()(images)
    torch.testing.assert_close(run.discriminator(images), expected, rtol=0, atol=0)


def test_a_history_becomes_its_log(make_trainer, tmp_path):
    trainer, history = make_trainer(), ganzoo.History(every=2)
    trainer.fit(6, [history])
    run = trainer.save(tmp_path / "run", history=history)
    assert run.metrics() == history.lines
    assert run.manifest.metrics == history.lines[-1]


def test_conditions_and_class_names_are_kept(make_trainer, tmp_path):
    labels = [("a", "b", "c")[k % 3] for k in range(len(NOISE))]
    trainer = make_trainer(classes=3, conditional=True, data=(NOISE, labels))
    trainer.fit(2)
    run = trainer.save(tmp_path / "run")
    again = ganzoo.Run(run.path, generator=TinyGenerator(classes=3), device="cpu")
    assert again.manifest.class_names == ("a", "b", "c")
    assert again.num_classes == 3
    assert torch.equal(again.sample(6), trainer.sample(6))
    assert torch.equal(again.sample(6, labels=1), trainer.sample(6, labels=1))


@pytest.mark.parametrize("wrapped", [True, False])
def test_constraints_wrap_a_generator_that_is_not_wrapped_yet(make_trainer, tmp_path, wrapped):
    trainer = make_trainer(constraints={"spectral-norm": {"networks": "generator"}})
    trainer.fit(2)
    run = trainer.save(tmp_path / "run")
    generator = trainer.generator if wrapped else TinyGenerator()
    again = ganzoo.Run(run.path, generator=generator, device="cpu")
    assert torch.equal(again.sample(3), trainer.sample(3))


class Laplace(ganzoo.NormalLatent):
    def sample(self, n, *, generator=None, device="cpu", truncation=None):
        signs = torch.rand(n, self.latent_dim, generator=generator, device=device) - 0.5
        return -signs.sign() * torch.log1p(-2 * signs.abs())


def test_another_latent_is_given_again(make_trainer, tmp_path):
    trainer = make_trainer(latent=Laplace(8))
    trainer.fit(1)
    run = trainer.save(tmp_path / "run")
    assert torch.equal(run.sample(3), trainer.sample(3))
    assert torch.equal(reopened(run, latent=Laplace(8)).sample(3), trainer.sample(3))
    with pytest.raises(ganzoo.UsageError, match=r"drawn by Laplace\(8\): give it, latent"):
        reopened(run).sample(3)
    uniform = make_trainer(latent=ganzoo.UniformLatent(8)).save(tmp_path / "uniform")
    assert isinstance(reopened(uniform).latent, ganzoo.UniformLatent)
    with pytest.raises(ganzoo.UsageError, match=r"z of UniformLatent\(8\), and not NormalLatent"):
        reopened(uniform, latent=8).sample(3)


def test_networks_in_float64_are_saved(make_trainer, tmp_path):
    trainer = make_trainer(
        generator=TinyGenerator().double(), discriminator=TinyDiscriminator().double()
    )
    trainer.fit(1)
    run = trainer.save(tmp_path / "run")
    again = ganzoo.Run(run.path, generator=TinyGenerator().double(), device="cpu")
    assert torch.equal(again.sample(2), trainer.sample(2))


def test_without_the_generator_every_reader_says_how_to_open_it(trained, tmp_path):
    run = trained.save(tmp_path / "run")
    words = (
        r"no plugin builds its generator, toys:TinyGenerator.*ganzoo.Run\('.*run', generator=…\)"
    )
    for use in (lambda r: r.sample(1), lambda r: r.generator, ganzoo.export):
        with pytest.raises(ganzoo.UsageError, match=words):
            use(ganzoo.Run(run.path))
    code, _, err = run_ganzoo(["sample", str(run.path)], tmp_path)
    assert code == 2
    assert re.search(words, err)
    for command in (["doctor"], ["show", "run"], ["report"]):
        code, _, err = run_ganzoo([*command, str(run.path)], tmp_path)
        assert code == 0, err


def test_weights_that_do_not_fit_name_the_class(trained, tmp_path):
    run = trained.save(tmp_path / "run")
    with pytest.raises(
        ganzoo.GanzooError, match="do not fit the TinyGenerator that is given as gen"
    ):
        ganzoo.Run(run.path, generator=TinyGenerator(size=4)).sample(1)


def test_it_is_evaluated_against_what_is_named(trained, tmp_path):
    run = reopened(trained.save(tmp_path / "run"))
    with pytest.raises(
        ganzoo.UsageError, match="images in memory, which are not kept; name others"
    ):
        ganzoo.evaluate(run)
    evaluation = ganzoo.evaluate(run, NOISE, n=30, metrics="sliced-wasserstein")
    assert evaluation.values()
    assert run.evaluations()[0]["step"] == 3


def test_an_architecture_of_a_plugin_opens_without_a_generator_at_the_shell_too(
    make_trainer, tmp_path
):
    arch = {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 8}
    made = ganzoo.create("architecture", arch["name"], width=8, depth=1, latent_dim=8)
    networks = made.build(ganzoo.ImageSpec(1, 8, 8), ganzoo.Demands())
    trainer = make_trainer(**networks._asdict(), data=make_store(classes=3))
    trainer.fit(2)
    run = trainer.save(tmp_path / "run", arch=arch, data="emoji")
    assert torch.equal(ganzoo.Run(run.path, device="cpu").sample(3), trainer.sample(3))
    code, _, err = run_ganzoo(
        ["sample", str(run.path), "--n", "4", "--device", "cpu", "--out", "grid.png"], tmp_path
    )
    assert code == 0, err
    assert (tmp_path / "grid.png").exists()


@pytest.mark.parametrize(
    ("arch", "words"),
    [
        ("vanilla", "arch='vanilla' does not build this"),
        ({"name": "vanilla", "width": 9}, "does not build this"),
        ("vanila", "Did you mean 'vanilla'"),
        ({"name": "vanilla", "depths": 3}, "'arch.depths'"),
    ],
)
def test_an_architecture_that_builds_something_else_is_refused(trained, tmp_path, arch, words):
    with pytest.raises(ganzoo.UsageError, match=words):
        trained.save(tmp_path / "run", arch=arch)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_empty_is_left_alone(trained, tmp_path):
    (tmp_path / "run").mkdir()
    trained.save(tmp_path / "run")  # an empty one will do
    with pytest.raises(ganzoo.UsageError, match="exists and is not empty"):
        trained.save(tmp_path / "run")
    with pytest.raises(ganzoo.GanzooError, match="cannot write the run directory"):
        trained.save(tmp_path / "run" / "config.toml" / "more")


def test_own_losses_penalties_and_augmentations_are_named_by_their_classes(make_trainer, tmp_path):
    trainer = make_trainer(loss=LogisticLoss(), augment=lambda images: images.flip(3))
    trainer.fit(1)
    config = trainer.save(tmp_path / "run").config
    assert config.loss.name == "toys:LogisticLoss"
    assert [*config.augment] == ["ganzoo.training.augmentations:Function"]


def test_its_generator_is_exported_with_a_card_that_names_the_class(trained, tmp_path):
    run = reopened(trained.save(tmp_path / "run"))
    folder = ganzoo.export(run, "safetensors")
    about = json.loads((folder / "ganzoo.json").read_text())
    assert about["architecture"] == {"name": "toys:TinyGenerator"}
    card = (folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    assert "from toys import TinyGenerator" in program
    code, out, err = run_snippet(program, folder)
    assert code == 0, out + err
    assert (folder / "image.png").exists()


@pytest.mark.slow
def test_its_generator_is_exported_to_onnx(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    folder = ganzoo.export(reopened(trained.save(tmp_path / "run")), "onnx")
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    z = np.random.default_rng(0).standard_normal((5, 8), dtype=np.float32)
    (images,) = session.run(["images"], {"z": z})
    assert np.abs(images - trained.decode(torch.from_numpy(z)).numpy()).max() < 1e-5
