"""Promises of runs: what a training leaves behind, and what can be done with it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.run import checkpoints

TINY = {
    "arch": {"name": "vanilla", "width": 16, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 500},
    "batch_size": 8,
    "sample_count": 4,
    "device": "cpu",
}


def train(run_dir: Path, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 6} | settings))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> ganzoo.Run:
    return train(tmp_path_factory.mktemp("runs") / "one", checkpoint_every=4, sample_every=3)


@pytest.fixture(scope="module")
def conditional(tmp_path_factory) -> ganzoo.Run:
    return train(
        tmp_path_factory.mktemp("runs") / "two",
        data="emoji",
        conditional=True,
        size=8,
        channels=1,
        sample_count=25,
    )


def test_a_run_leaves_config_log_samples_and_checkpoints(run):
    names = sorted(str(p.relative_to(run.path)) for p in run.path.rglob("*") if p.is_file())
    weights = ("discriminator", "ema", "generator")
    expected = ["config.toml", "events.jsonl", "metrics.jsonl", "run.lock"]
    expected += [f"samples/{step:06d}.png" for step in (0, 3, 6)]
    for step in (4, 6):
        folder = f"checkpoints/{step:06d}"
        expected += [f"{folder}/{name}.safetensors" for name in weights]
        expected += [f"{folder}/manifest.json", f"{folder}/state.pt"]
    assert names == sorted(expected)


def test_the_log_has_every_term_of_every_window(tmp_path):
    run = train(tmp_path / "run", log_every=2, steps=5)
    lines = run.metrics()
    assert [line["step"] for line in lines] == [2, 4, 5]
    for line in lines:
        assert {"discriminator/real", "discriminator/fake", "generator/adversarial"} <= set(line)
        assert line["images_per_second"] > 0


def test_the_log_holds_means_over_its_window(tmp_path):
    each = train(tmp_path / "each", log_every=1, steps=4).metrics()
    mean = train(tmp_path / "mean", log_every=4, steps=4).metrics()
    name = "discriminator/real"
    assert mean[0][name] == pytest.approx(sum(line[name] for line in each) / 4, rel=1e-5)


def test_its_own_config_reproduces_a_run(run, tmp_path):
    again = ganzoo.train(run.path / "config.toml", run_dir=tmp_path / "again")
    assert again.config == run.config
    first, second = (load_file(r.checkpoint / "ema.safetensors") for r in (run, again))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_written_and_how_often_does_not_change_a_weight(run, tmp_path):
    other = train(
        tmp_path / "other", sample_every=1, log_every=1, checkpoint_every=1, sample_count=9
    )
    for name in checkpoints.NETWORKS:
        first, second = (load_file(r.checkpoint / f"{name}.safetensors") for r in (run, other))
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_samples_are_images_in_range_that_depend_on_the_seed(run):
    images = run.sample(5)
    assert images.shape == (5, 2, 1, 1)
    assert images.abs().max() <= 1
    assert torch.equal(images, run.sample(5))
    assert not torch.equal(images, run.sample(5, seed=1))


def test_a_run_opened_again_draws_the_same(run):
    assert torch.equal(run.sample(5), ganzoo.Run(run.path).sample(5))


def test_an_earlier_checkpoint_can_be_asked_for(run):
    assert run.steps == [4, 6]
    assert not torch.equal(ganzoo.Run(run.path, step=4).sample(3), run.sample(3))
    with pytest.raises(ganzoo.UsageError, match="no checkpoint of step 5; there are 4, 6"):
        ganzoo.Run(run.path, step=5).sample(1)


@pytest.mark.parametrize("step", ["6", "latest", 6.5])
def test_what_is_no_step_is_refused_as_it_is_written(run, step):
    with pytest.raises(ganzoo.UsageError, match=f"no checkpoint of step {step!r}; there are 4, 6"):
        ganzoo.Run(run.path, step=step).sample(1)


@pytest.mark.parametrize("n", [0, -1, 2.5, "4", None])
def test_no_images_is_no_request(run, n):
    with pytest.raises(ganzoo.UsageError, match="at least 1"):
        run.sample(n)


@pytest.mark.parametrize("seed", [3.0, None, "3"])
def test_a_seed_that_would_be_another_one_is_refused(run, seed):
    """3.0 and None would be seeds too, and not those that they look like."""
    for draw in (run.sample, run.interpolate):
        with pytest.raises(ganzoo.UsageError, match="seed is .*, but should be a whole number"):
            draw(2, seed=seed)


def test_points_of_latent_space_are_a_tensor(run):
    with pytest.raises(
        ganzoo.UsageError, match=r"z must be a tensor of the shape \(N, 4\), got arr"
    ):
        run.decode(torch.zeros(2, 4).numpy())


def test_an_opened_run_is_no_directory(run):
    with pytest.raises(ganzoo.UsageError, match="named by its directory, run.path"):
        ganzoo.resume(run)


def test_a_latent_is_given_with_a_generator_alone(run):
    with pytest.raises(ganzoo.UsageError, match="latent goes with a generator of your own"):
        ganzoo.Run(run.path, latent=7)


def test_classes_come_in_turn_or_as_asked_for(conditional):
    every = conditional.sample(20)
    third = conditional.sample(4, labels=3)
    torch.testing.assert_close(third[3], every[3])
    assert not torch.allclose(third[2], every[2])
    mixed = conditional.sample(2, labels=torch.tensor([0, 5]))
    torch.testing.assert_close(mixed[0], every[0])


@pytest.mark.parametrize("label", [-1, 10])
def test_a_class_that_does_not_exist_is_refused(conditional, label):
    with pytest.raises(ganzoo.UsageError, match=f"class {label} does not exist; this run has 0 to"):
        conditional.sample(2, labels=label)


@pytest.mark.parametrize(
    "labels", [1.7, torch.tensor([0.5, 1.0]), "cat", [0, 1, 2], torch.eye(10)[:2], float("nan")]
)
def test_labels_are_whole_numbers_one_for_all_or_each(conditional, labels):
    with pytest.raises(ganzoo.UsageError, match="labels are numbers of classes, one for all image"):
        conditional.sample(2, labels=labels)


def test_a_class_cannot_be_chosen_in_an_unconditional_run(run):
    with pytest.raises(ganzoo.UsageError, match="trained without labels"):
        run.sample(2, labels=1)


def test_conditional_grids_have_a_column_for_each_class(conditional):
    with Image.open(conditional.path / "samples" / "000000.png") as picture:
        assert picture.size == (4 * (10 * (8 + 2) + 2), 4 * (2 * (8 + 2) + 2))  # enlarged


def test_the_manifest_knows_the_classes_without_the_dataset(conditional):
    assert conditional.manifest.class_names[0] == "Activities"
    assert conditional.num_classes == 10
    assert set(conditional.manifest.versions) >= {"gan-zoo", "torch"}


def test_a_walk_is_a_closed_loop_that_starts_at_its_points(run):
    walk = run.interpolate(3, stops=2, frames=4)
    assert walk.shape == (8, 3, 2, 1, 1)
    assert torch.equal(walk, run.interpolate(3, stops=2, frames=4))
    steps = (walk - walk.roll(1, 0)).flatten(1).norm(dim=1)
    assert steps.max() < 4 * steps.mean()  # no seam


@pytest.mark.parametrize("wrong", [{"n": 0}, {"stops": 1}, {"frames": 0}, {"frames": 2.5}])
def test_a_walk_needs_somewhere_to_go(run, wrong):
    with pytest.raises(ganzoo.UsageError, match=r"should be a whole number of at least"):
        run.interpolate(**wrong)


def test_a_checkpoint_brings_a_trainer_back_bit_for_bit(make_trainer, tmp_path):
    first, through, second = make_trainer(), make_trainer(), make_trainer()
    through.fit(6)
    first.fit(3)
    manifest = checkpoints.Manifest(3, first.image, ganzoo.Demands(), (), {})
    folder = checkpoints.write(tmp_path / "000003", checkpoints.snapshot(first), manifest)
    read = checkpoints.read_manifest(folder)
    assert dataclasses.replace(read, checksums={}) == manifest
    assert len(read.checksums) == 4
    checkpoints.restore(folder, second)
    second.fit(6)
    for name in ("generator", "discriminator", "ema"):
        first_state, second_state = (
            getattr(second, name).state_dict(),
            getattr(through, name).state_dict(),
        )
        assert all(torch.equal(first_state[key], second_state[key]) for key in first_state)


def test_a_checkpoint_that_cannot_be_written_leaves_nothing_half_done(make_trainer, tmp_path):
    (tmp_path / "in-the-way").write_text("")
    manifest = checkpoints.Manifest(0, ganzoo.ImageSpec(1, 8, 8), ganzoo.Demands(), (), {})
    with pytest.raises(ganzoo.GanzooError, match="cannot write the checkpoint"):
        checkpoints.write(
            tmp_path / "in-the-way" / "000000", checkpoints.snapshot(make_trainer()), manifest
        )
    assert [p.name for p in tmp_path.iterdir()] == ["in-the-way"]


def copy_of(run, tmp_path) -> Path:
    return Path(shutil.copytree(run.path, tmp_path / "copy"))


def truncated(content: bytes) -> bytes:
    return content[:20]


def bit_flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [truncated, bit_flipped])
def test_a_damaged_file_is_named_and_the_checkpoint_before_offered(run, tmp_path, damage):
    path = copy_of(run, tmp_path)
    file = path / "checkpoints" / "000006" / "ema.safetensors"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ganzoo.GanzooError, match=f"{file} is damaged.*step=4"):
        ganzoo.Run(path).sample(1)
    assert ganzoo.Run(path, step=4).sample(1).isfinite().all()


@pytest.mark.parametrize("name", ["state.pt", "generator.safetensors", "discriminator.safetensors"])
def test_a_damaged_file_is_not_resumed_from(run, tmp_path, name):
    path = copy_of(run, tmp_path)
    file = path / "checkpoints" / "000006" / name
    file.write_bytes(bit_flipped(file.read_bytes()))
    with pytest.raises(ganzoo.GanzooError, match=f"{file} is damaged"):
        ganzoo.resume(path, steps=8)


def test_a_damaged_manifest_is_named(run, tmp_path):
    path = copy_of(run, tmp_path)
    file = path / "checkpoints" / "000006" / "manifest.json"
    file.write_bytes(truncated(file.read_bytes()))
    with pytest.raises(ganzoo.GanzooError, match="cannot read .*/manifest.json: Invalid JSON"):
        ganzoo.Run(path).sample(1)


def test_a_checkpoint_of_another_architecture_is_refused(run, tmp_path):
    path = copy_of(run, tmp_path)
    config = path / "config.toml"
    config.write_text(config.read_text().replace("width = 16", "width = 17"))
    with pytest.raises(ganzoo.GanzooError, match="do not fit 'vanilla' of gan-zoo"):
        ganzoo.Run(path).sample(1)


def test_a_pickle_in_a_checkpoint_is_not_run(make_trainer, tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    manifest = checkpoints.Manifest(0, ganzoo.ImageSpec(1, 8, 8), ganzoo.Demands(), (), {})
    snapshot = checkpoints.snapshot(make_trainer())
    folder = checkpoints.write(tmp_path / "000000", snapshot, manifest)
    (folder / "state.pt").write_bytes(pickle.dumps(Evil()))
    about = json.loads((folder / "manifest.json").read_text())
    about["checksums"]["state.pt"] = hashlib.sha256((folder / "state.pt").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(about))  # whoever planted it did this too
    with pytest.raises(ganzoo.GanzooError, match="cannot read .*state.pt"):
        checkpoints.restore(folder, make_trainer())
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="no run directory"):
        ganzoo.Run(tmp_path)


def test_a_taken_directory_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ganzoo.UsageError, match="not empty"):
        train(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_runs_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [ganzoo.train(**TINY, steps=1).path for _ in range(2)]
    assert [str(path) for path in paths] == [
        "runs/00001-vanilla-bce-gaussians",
        "runs/00002-vanilla-bce-gaussians",
    ]


def test_nothing_is_written_when_the_request_cannot_be_met(tmp_path):
    with pytest.raises(ganzoo.UsageError):
        train(tmp_path / "run", loss="nonsense")
    with pytest.raises(ganzoo.UsageError):
        train(tmp_path / "run", arch={"name": "vanilla", "width": -1})
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_what_was_reached(tmp_path):
    class Interrupt(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", observers=[Interrupt()])
    assert ganzoo.Run(tmp_path / "run").steps == [3]


def test_settings_come_from_user_loss_architecture_and_engine_in_this_order(tmp_path):
    run = ganzoo.train(
        arch={"name": "dcgan", "base_channels": 2},
        loss="wgan-gp",
        data="emoji",
        n_critic=2,
        steps=1,
        size=16,
        batch_size=4,
        sample_count=1,
        run_dir=tmp_path / "run",
    )
    text = (run.path / "config.toml").read_text()
    assert "n_critic = 2 # from arguments" in text
    assert "discriminator_lr = 0.0004 # from the loss 'wgan-gp'" in text
    assert "weight = 10.0 # from the loss 'wgan-gp'" in text
    assert "seed = 0 # from ganzoo" in text
    bce = ganzoo.train(
        **(TINY | {"arch": {"name": "dcgan", "base_channels": 2}, "data": "emoji"}),
        steps=1,
        size=16,
        run_dir=tmp_path / "bce",
    )
    assert (
        "betas = [0.5, 0.999] # from the architecture 'dcgan'"
        in (bce.path / "config.toml").read_text()
    )


def test_metrics_are_json_lines(run):
    for line in (run.path / "metrics.jsonl").read_text().splitlines():
        assert isinstance(json.loads(line), dict)


def test_a_run_whose_loss_is_not_finite_stops_and_names_term_step_and_last_checkpoint(tmp_path):
    class Poison(ganzoo.Observer):
        """Breaks a weight after the sixth step, as an absurd learning rate would."""

        def step(self, trainer, terms):
            if trainer.step == 6:
                with torch.no_grad():
                    next(trainer.discriminator.parameters()).fill_(float("nan"))

    with pytest.raises(ganzoo.Diverged) as error:
        train(tmp_path / "run", steps=50, log_every=2, checkpoint_every=4, observers=[Poison()])
    message = str(error.value)
    assert "discriminator/real became nan at step 7; the last good checkpoint is of" in message
    assert "step 4" in message
    assert (error.value.what, error.value.step) == ("discriminator/real", 7)
    run = ganzoo.Run(tmp_path / "run")
    assert run.steps == [4]
    assert [line["step"] for line in run.metrics()] == [2, 4, 6]


def test_a_run_directory_removed_while_it_trains_stops_the_run_and_stays_away(tmp_path):
    class Remove(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 3:
                shutil.rmtree(tmp_path / "run")

    with pytest.raises(ganzoo.GanzooError, match="was removed while it was being trained"):
        train(tmp_path / "run", steps=10**6, log_every=2, observers=[Remove()])
    assert not (tmp_path / "run").exists()
