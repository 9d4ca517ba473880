"""Promises of pushing and pulling: the same images, all that a run is for, nothing private."""

from __future__ import annotations

import getpass
import json
import re
import tomllib
from pathlib import Path

import ganzoo_hub
import pytest
import torch
import yaml
from PIL import Image

import ganzoo

FILES = {
    "README.md",
    "config.toml",
    "evaluations.jsonl",
    "events.jsonl",
    "metrics.jsonl",
    "samples/000002.png",
    "checkpoints/000002/ema.safetensors",
    "checkpoints/000002/manifest.json",
}
NETWORKS = {f"checkpoints/000002/{name}.safetensors" for name in ("generator", "discriminator")}


@pytest.fixture
def ganzoo_cli(ganzoo_cli, place):
    """The command, in a place of its own."""
    yield ganzoo_cli
    ganzoo.default_host.cache_clear()


# huggingface_hub 2.4 uploads large files without the xet client by a deprecated argument
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
@pytest.mark.parametrize("uses_lfs", [False, True], ids=["small files", "large files"])
def test_a_pulled_run_makes_the_same_images(uses_lfs, hub, trained, place):
    hub.uses_lfs = uses_lfs
    address = ganzoo_hub.push(trained.path, "anna/cats", message="First")
    repository = hub.repositories["anna/cats"]
    assert address == f"{hub.address}/anna/cats/commit/{repository.head}"
    assert repository.messages == ["First"]
    assert set(repository.files) == FILES
    assert bool(repository.large) == uses_lfs
    run = ganzoo_hub.pull("anna/cats")
    assert run.path == Path("runs/cats")
    assert torch.equal(run.sample(7, seed=3, labels=1), trained.sample(7, seed=3, labels=1))
    files = {f.relative_to(run.path).as_posix() for f in run.path.rglob("*") if f.is_file()}
    assert files == FILES | {"pulled.json"}
    mark = json.loads((run.path / "pulled.json").read_text())
    assert mark == {
        "repository": "anna/cats",
        "revision": repository.head,
        "endpoint": hub.address,
    }


def test_it_keeps_what_a_run_knows_of_itself(pushed, trained, place):
    run = ganzoo_hub.pull("anna/cats")
    assert run.state == trained.state == "finished"
    assert run.steps == [2]
    assert run.metrics() == trained.metrics()
    assert run.manifest.class_names == trained.manifest.class_names
    assert run.versions() == trained.versions()
    assert run.provenance["dataset"] == trained.provenance["dataset"]
    assert [r["value"] for r in run.evaluations()] == [9.5]
    expected = trained.config.model_dump(exclude={"observer"})
    assert run.config.model_dump(exclude={"observer"}) == expected


def test_nothing_in_it_is_private(pushed, trained):
    """Neither the folders, the command, the user nor the machine; results keep a last name."""
    facts = trained.provenance
    secrets = [facts["host"], facts["command"], facts["platform"], str(trained.path.parents[2])]
    secrets += ["anna-secret", f"/{getpass.getuser()}/", f'"{facts["pid"]}"']
    for name, content in pushed.files.items():
        for secret in secrets:
            assert secret.encode() not in content, f"{name} holds {secret}"
    assert b"other images of cats (train)" in pushed.files["evaluations.jsonl"]
    config = tomllib.loads(pushed.files["config.toml"].decode())
    assert "observer" not in config


def test_paths_of_options_keep_their_last_name_and_the_run_still_works(hub, place, tmp_path):
    photos = tmp_path / "anna-secret" / "my photos"
    photos.mkdir(parents=True)
    for k in range(6):
        Image.new("RGB", (8, 8), (40 * k, 0, 0)).save(photos / f"{k}.png")
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8},
        loss="bce",
        data={"name": "image-folder", "path": str(photos)},
        steps=1,
        batch_size=2,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    ganzoo_hub.push(run, "anna/photos", datasets=["anna/holidays"])
    files = hub.repositories["anna/photos"].files
    assert not any(str(tmp_path).encode() in c or b"secret" in c for c in files.values())
    pulled = ganzoo_hub.pull("anna/photos")
    assert pulled.config.data.options["path"] == "my photos"
    assert pulled.picture(pulled.sample(4)).shape[0] == 3
    matter = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert matter["datasets"] == ["anna/holidays"]


@pytest.mark.slow
def test_conditions_that_are_no_classes_come_with_it(hub, place):
    photos = place / "photos"
    photos.mkdir()
    for k in range(6):
        Image.new("RGB", (8, 8), (40 * k, 0, 0)).save(photos / f"{k}.png")
    rows = [f"{k}.png,{k / 5}" for k in range(6)]
    (photos / "red.csv").write_text("\n".join(["file,red", *rows]))
    run = ganzoo.train(
        arch={"name": "stylegan2", "channel_base": 16, "latent_dim": 8, "style_dim": 8},
        loss="bce",
        data={"name": "image-folder", "path": str(photos), "attributes": "red.csv"},
        conditional=True,
        steps=1,
        batch_size=2,
        sample_count=4,
        device="cpu",
        run_dir="run",
    )
    ganzoo_hub.push(run, "anna/photos")
    assert "conditions.safetensors" in hub.repositories["anna/photos"].files
    assert torch.equal(ganzoo_hub.pull("anna/photos").sample(4), run.sample(4))


def test_its_card_has_metadata_a_picture_the_metrics_and_how_to_use_it(pushed, place):
    card = pushed.files["README.md"].decode()
    matter = yaml.safe_load(card.split("---\n")[1])
    assert matter["library_name"] == "ganzoo"
    assert matter["license"] == "mit"
    assert matter["datasets"] == ["emoji"]
    assert {"gan", "vanilla", "bce", "safetensors"} <= set(matter["tags"])
    (picture,) = re.findall(r"!\[Samples\]\((.*?)\)", card)
    assert pushed.files[picture].startswith(b"\x89PNG")
    assert "| X-FD | 9.5 | 1.25 | 100 |" in card
    assert 'pip install "gan-zoo[hub]"\nganzoo pull anna/cats\n' in card
    assert f"It was trained with gan-zoo {ganzoo.__version__}, torch " in card
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    exec(program, {})
    assert (place / "grid.png").is_file()


def test_a_second_push_replaces_the_checkpoint_and_leaves_other_files(hub, trained, place):
    ganzoo_hub.push(trained.path, "anna/cats", step=1, discriminator=True)
    repository = hub.repositories["anna/cats"]
    assert "checkpoints/000001/discriminator.safetensors" in repository.files
    repository.commit({**repository.files, "LICENSE": b"MIT"})
    ganzoo_hub.push(trained, "anna/cats")
    assert set(repository.files) == FILES | {"LICENSE"}
    first = [*repository.commits][1]
    run = ganzoo_hub.pull("anna/cats", "old", revision=first)
    assert run.steps == [1]
    assert [line["step"] for line in run.metrics()] == [1]
    assert [result["step"] for result in run.evaluations()] == [1]
    assert run.state == "finished"
    with pytest.warns(ganzoo.GanzooWarning, match=r"no part of a run, and stay there: 'LICENSE'$"):
        assert ganzoo_hub.pull("anna/cats").steps == [2]


def test_another_run_starts_from_one_that_was_pushed_with_its_discriminator(hub, trained, place):
    ganzoo_hub.push(trained, "anna/cats", discriminator=True)
    assert set(hub.repositories["anna/cats"].files) == FILES | NETWORKS
    run = ganzoo_hub.pull("anna/cats")
    for name, tensor in trained.discriminator.state_dict().items():
        assert torch.equal(run.discriminator.state_dict()[name], tensor)
    config = ganzoo.RunConfig.model_validate(tomllib.loads((run.path / "config.toml").read_text()))
    tuned = ganzoo.train(config, init_from=str(run.path), steps=1, run_dir="tuned")
    assert tuned.provenance["init_from"]["step"] == 2


def test_a_loss_that_moves_z_brings_its_discriminator(hub, place):
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8, "latent_dim": 4},
        loss="logan",
        data="emoji",
        size=8,
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir="run",
    )
    ganzoo_hub.push(run, "anna/moved")
    files = hub.repositories["anna/moved"].files
    assert "checkpoints/000002/discriminator.safetensors" in files
    assert "checkpoints/000002/generator.safetensors" not in files
    card = files["README.md"].decode()
    assert "The discriminator moves z before images are made" in card
    assert "not in this export" not in card
    images = ganzoo_hub.pull("anna/moved").sample(4, seed=3)
    assert torch.equal(images, run.sample(4, seed=3))
    assert not torch.equal(
        images, run.refined(lambda critic, fake, noise: fake.z).sample(4, seed=3)
    )


@pytest.mark.parametrize("name", ["download", "replaced", "run"])
def test_names_of_repositories_are_free(name, hub, pushed, place):
    hub.repositories[f"anna/{name}"] = pushed
    for force in (False, True):
        assert ganzoo_hub.pull(f"anna/{name}", force=force).steps == [2]
    assert [path.name for path in (place / "runs").iterdir()] == [name]


def test_a_directory_that_exists_is_filled_and_stays(pushed, place, ganzoo_cli):
    before = place.stat().st_ino
    assert ganzoo_cli("pull", "anna/cats", "--run-dir", ".")[0] == 0
    (place / "grid.png").touch()
    assert ganzoo_cli("pull", "anna/cats", "--run-dir", ".", "--force")[0] == 0
    assert place.stat().st_ino == before
    names = {"checkpoints", "samples"} | {name for name in FILES if "/" not in name}
    assert {path.name for path in place.iterdir()} == names | {"pulled.json"}
    elsewhere = place.with_name("elsewhere")
    elsewhere.mkdir()
    (place.parent / "link").symlink_to(elsewhere)
    assert ganzoo_hub.pull("anna/cats", place.parent / "link").steps == [2]
    assert (place.parent / "link").is_symlink()
    assert (elsewhere / "pulled.json").is_file()


def test_only_names_of_distributions_reach_the_command_of_the_card(hub, trained, place):
    import shutil

    shutil.copytree(trained.path, "copy")
    file = Path("copy/checkpoints/000002/manifest.json")
    manifest = json.loads(file.read_text())
    manifest["versions"] |= {"acme-gan": "1", "(unknown distribution)": "1", "x; rm -rf": "1"}
    file.write_text(json.dumps(manifest))
    ganzoo_hub.push("copy", "anna/cats")
    card = hub.repositories["anna/cats"].files["README.md"].decode()
    assert 'pip install "gan-zoo[hub]" acme-gan\n' in card


def test_one_without_says_so_where_they_are_needed(pushed, place):
    run = ganzoo_hub.pull("anna/cats")
    with pytest.raises(ganzoo.UsageError, match=r"copy without discriminator\.safetensors: it sam"):
        _ = run.discriminator
    config = (run.path / "config.toml").read_bytes()
    with pytest.raises(ganzoo.UsageError, match=r"000002 is a copy without state\.pt: it samples"):
        ganzoo.resume(run.path, steps=4, override=True)
    assert (run.path / "config.toml").read_bytes() == config


def test_a_network_of_the_users_own_class_comes_back_with_the_class(hub, place):
    class Generator(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 16)

        def forward(self, z):
            return self.layer(z).tanh().view(-1, 1, 4, 4)

    class Discriminator(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(16, 1)

        def forward(self, images):
            return self.layer(images.flatten(1)).squeeze(1)

    trainer = ganzoo.Trainer(
        generator=Generator(),
        discriminator=Discriminator(),
        loss="bce",
        data=torch.rand(8, 1, 4, 4) - 0.5,
        latent=3,
        batch_size=2,
        device="cpu",
    )
    trainer.fit(1)
    run = ganzoo.save(trainer, "mine")
    ganzoo_hub.push(run, "mine")  # of the user who is logged in
    pulled = ganzoo_hub.pull("anna/mine", "again")
    pulled = ganzoo.Run(pulled.path, generator=Generator(), device="cpu")
    assert torch.equal(pulled.sample(3), run.sample(3))
    card = hub.repositories["anna/mine"].files["README.md"].decode()
    assert "run = ganzoo.Run(run.path, generator=Generator())  # your class" in card
    assert "datasets" not in yaml.safe_load(card.split("---\n")[1])


def test_the_commands_show_sizes(hub, trained, ganzoo_cli):
    code, out, _ = ganzoo_cli("push", trained.path, "anna/cats", "--license", "mit")
    assert code == 0
    shown, address = out.splitlines()
    assert re.fullmatch(
        r"vanilla after 2 steps, to anna/cats \(public\): 8 files, [\d.]+ kB", shown
    )
    assert address.startswith(f"{hub.address}/anna/cats/commit/")
    code, out, err = ganzoo_cli("pull", "anna/cats")
    assert code == 0, err
    assert re.match(r"anna/cats at \w{7}, to runs/cats: 8 files, [\d.]+ kB\nruns/cats\n$", out)
    code, _, err = ganzoo_cli("pull", "anna/cats")
    assert code == 2
    assert err == (
        "Error: runs/cats exists; choose another --run-dir, or replace it, with all that is in it: "
        "--force\n"
    )
    assert ganzoo_cli("pull", "anna/cats", "--force")[0] == 0
    assert ganzoo_cli("sample", "runs/cats", "--out", "grid.png")[0] == 0


@pytest.mark.slow
def test_every_command_for_runs_takes_a_pulled_one(pushed, ganzoo_cli):
    assert ganzoo_cli("pull", "anna/cats")[0] == 0
    for command in (
        ["sample", "--class", "0", "--out", "grid.png"],
        ["interpolate", "--out", "walk.gif", "--n", "2", "--frames", "2"],
        ["evaluate", "--metric", "sliced-wasserstein", "--n", "4"],
        ["export", "--format", "safetensors"],
        ["show"],
        ["runs"],
        ["doctor"],
        ["report"],
    ):
        name, *options = command
        code, out, err = ganzoo_cli(name, "runs/cats", *options)
        assert code == 0, f"{command}: {out}{err}"
