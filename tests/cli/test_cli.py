"""Promises of the command line, in this process: what is printed, written and returned."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from forked import run_ganzoo
from PIL import Image
from toys import TINY_COMMAND as TINY

import ganzoo


def test_train_writes_a_numbered_run_and_says_where(ganzoo_cli):
    code, out, err = ganzoo_cli(*TINY)
    assert code == 0
    assert "Done: runs/00001-vanilla-bce-emoji" in out
    assert Path("runs/00001-vanilla-bce-emoji/samples/000003.png").exists()
    assert "step 3/3" in err
    assert "D real" in err
    assert "G adversarial" in err


def test_a_dry_run_shows_values_origins_stages_and_trains_nothing(ganzoo_cli):
    code, out, _ = ganzoo_cli(*TINY, "--dry-run")
    assert code == 0
    for line in (
        "width = 8 # from -o",
        "steps = 3 # from the command line",
        "size = [8, 8] # from the command line",
        "channels = 3 # from the dataset 'emoji'",
        "betas = [0.5, 0.999] # from the architecture 'vanilla'",
        "seed = 0 # from ganzoo",
        "1,911 images of 3x8x8, 10 classes",
        "Nothing was trained.",
    ):
        assert line in out
    # 64 -> 8 with batch norm -> 192
    assert f"generator: {64 * 8 + 16 + 8 * 192 + 192:,} parameters" in out
    assert list(Path().iterdir()) == []


def test_flags_go_before_the_config_file(ganzoo_cli):
    Path("run.toml").write_text(
        'arch = "vanilla"\nloss = "hinge"\n[training]\nsteps = 9\nseed = 4\n'
    )
    code, out, _ = ganzoo_cli(
        "train", "--config", "run.toml", "--steps", "7", "--data", "emoji", "--dry-run"
    )
    assert code == 0
    assert "steps = 7 # from the command line" in out
    assert "seed = 4 # from run.toml" in out
    assert 'name = "hinge" # from run.toml' in out


def test_penalties_with_options_on_the_command_line(ganzoo_cli):
    code, out, _ = ganzoo_cli(
        *TINY,
        "--penalty",
        "r1",
        "-o",
        "penalty.r1.weight=3",
        "--penalty",
        "dragan",
        "--dry-run",
    )
    assert code == 0
    assert "weight = 3.0 # from -o" in out
    assert "[penalty.dragan]" in out
    assert "no batch statistics in the discriminator" in out


def test_sample_writes_a_grid(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("sample", trained, "--n", "20", "--scale", "1", "--out", "x/g.png")
    assert code == 0
    assert out.strip() == "x/g.png"
    with Image.open("x/g.png") as picture:
        assert picture.size == (10 * 10 + 2, 2 * 10 + 2)


def test_sample_writes_single_images(ganzoo_cli, trained):
    code, _, _ = ganzoo_cli("sample", trained, "--n", "3", "--singles", "out")
    assert code == 0
    assert sorted(p.name for p in Path("out").iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert not Path("grid.png").exists()


@pytest.mark.parametrize("word", ["Flags", "flags", "3"])
def test_a_class_is_chosen_by_name_or_number(ganzoo_cli, trained, word):
    assert ganzoo_cli("sample", trained, "--n", "2", "--class", word, "--out", "a.png")[0] == 0
    expected = ganzoo.Run(trained).sample(2, labels=3)
    ganzoo.save_grid(expected, "b.png", scale=None)
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_truncation_is_passed_on(ganzoo_cli, trained):
    assert ganzoo_cli("sample", trained, "--truncation", "0.5", "--out", "a.png")[0] == 0
    code, _, err = ganzoo_cli("sample", trained, "--truncation", "0")
    assert (code, "above 0" in err) == (2, True)


def test_interpolate_writes_a_gif(ganzoo_cli, trained):
    code, _, _ = ganzoo_cli("interpolate", trained, "--n", "2", "--stops", "2", "--frames", "3")
    assert code == 0
    with Image.open("walk.gif") as picture:
        assert picture.n_frames == 6


WRONG = {
    "unknown architecture": (["--arch", "dcgann"], "Did you mean 'dcgan'?"),
    "unknown loss": (["--loss", "wgn-gp"], "no loss named 'wgn-gp'. Did you mean 'wgan-gp'?"),
    "unknown dataset": (["--data", "emojis"], "Did you mean 'emoji'?"),
    "unknown penalty": (["--penalty", "r3"], "no penalty named 'r3'"),
    "unknown option": (["-o", "arch.widht=3"], "Did you mean 'width'?"),
    "unknown section": (["-o", "arhc.width=3"], "Did you mean 'arch'?"),
    "option out of range": (["-o", "arch.width=0"], "greater than or equal to 1"),
    "malformed option": (["-o", "arch.width"], "section.key=value"),
    "steps out of range": (["--steps", "0"], "'training.steps' is 0"),
    "steps no number": (["--steps", "many"], "'many' is not a valid integer"),
    "unknown flag": (["--stepz", "3"], "No such option"),
    "bad size": (["--size", "large"], "'image.size' is 'large'"),
    "channels that cannot be": (["--channels", "0"], "'image.channels' is 0"),
    "no such device": (["--device", "warp"], "device"),
    "a device that is not here": (["--device", "cuda:99"], "device"),
    "no such config": (["--config", "missing.toml"], "does not exist"),
    "unconditional with a loss that needs labels": (
        ["--loss", "acgan", "--no-conditional"],
        "needs labels, so it cannot train with --no-conditional (from the command line)",
    ),
    "bad switch": (None, "-p takes no:NAME"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_one_clear_message_and_exit_code_2(ganzoo_cli, mistake):
    arguments, message = WRONG[mistake]
    command = [*TINY, *arguments] if arguments is not None else ["-p", "hinge", "list"]
    code, out, err = ganzoo_cli(*command)
    assert code == 2
    assert message in err
    assert out == ""
    assert list(Path().iterdir()) == []  # nothing half-written


def test_a_size_the_architecture_cannot_build_is_refused_with_one_it_can(ganzoo_cli):
    command = ["train", "--arch", "dcgan", "--loss", "bce", "--data", "emoji", "--size", "30"]
    code, _, err = ganzoo_cli(*command)
    assert code == 2
    assert "not 30x30; try --size 32x32" in err


def test_missing_choices_say_how_to_make_them(ganzoo_cli):
    code, _, err = ganzoo_cli("train", "--loss", "bce")
    assert code == 2
    assert "choose one with --arch NAME" in err


def test_a_batch_norm_critic_under_a_penalty_is_refused_before_anything_is_trained(
    ganzoo_cli, tmp_path, monkeypatch
):
    site = tmp_path / "site"
    (site / "rude").mkdir(parents=True)
    (site / "rude" / "__init__.py").write_text("")
    (site / "rude" / "plugin.py").write_text(
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_architectures():\n"
        "    yield ganzoo.ArchitectureSpec(name='rude', factory='rude.nets:Rude', summary='s')\n"
    )
    (site / "rude" / "nets.py").write_text(
        "from torch import nn\nimport ganzoo\n"
        "class Rude(ganzoo.Architecture):\n"
        "    def __init__(self, options): pass\n"
        "    latent = ganzoo.NormalLatent(4)\n"
        "    def build(self, image, demands):\n"
        "        n = image.channels * image.height * image.width\n"
        "        g = nn.Sequential(nn.Linear(4, n), nn.Unflatten(1, image.shape))\n"
        "        d = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(n), nn.Linear(n, 1))\n"
        "        return ganzoo.Networks(g, d)\n"
    )
    info = site / "rude_gan-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rude-gan\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nrude = rude.plugin\n")
    monkeypatch.syspath_prepend(str(site))
    command = ["train", "--arch", "rude", "--data", "emoji", "--loss", "wgan-gp"]
    code, _, err = ganzoo_cli(*command, "--run-dir", "run")
    assert code == 2
    assert "the architecture 'rude' cannot be trained with the loss 'wgan-gp'" in err
    assert "depends on the others in its batch" in err
    assert not Path("run").exists()


def test_missing_data_is_a_failure_in_one_line(ganzoo_cli):
    command = ["train", "--arch", "vanilla", "--loss", "bce", "--data", "image-folder"]
    code, _, err = ganzoo_cli(*command, "-o", "data.path=nowhere")
    assert code == 1
    assert "nowhere does not exist" in err
    Path("empty").mkdir()
    code, _, err = ganzoo_cli(*command, "-o", "data.path=empty")
    assert (code, "holds no images" in err) == (1, True)
    code, _, err = ganzoo_cli(*command)
    assert (code, "'data.path' is required" in err) == (2, True)


def test_bad_images_stop_the_run_or_are_skipped_when_asked(ganzoo_cli):
    Path("photos").mkdir()
    for k in range(4):
        Image.new("RGB", (9, 9), (k, k, k)).save(f"photos/{k}.png")
    Path("photos/bad.png").write_bytes(b"not a picture")
    command = [
        *TINY,
        "--data",
        "image-folder",
        "-o",
        "data.path=photos",
        "--run-dir",
        "run",
    ]
    code, _, err = ganzoo_cli(*command)
    assert code == 1
    assert "bad.png" in err
    assert "--skip-bad-images" in err
    assert not Path("run").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = ganzoo_cli(*command, "--skip-bad-images")
    assert code == 0
    assert "Warning: 1 unreadable image(s) are left out" in err


def test_training_on_a_folder_says_what_was_found_in_it(ganzoo_cli):
    for name, colour in (("cat", "red"), ("dog", "blue")):
        Path("photos", name).mkdir(parents=True)
        Image.new("RGB", (9, 9), colour).save(f"photos/{name}/1.png")
    Path("photos/notes.txt").write_text("")
    data = ("--data", "image-folder", "-o", "data.path=photos", "--run-dir", "run")
    code, _, err = ganzoo_cli(*TINY, *data)
    assert code == 0
    assert "photos: 2 images; 2 classes (cat 1, dog 1); all 9x9; modes RGB 2; " in err
    assert "left out: .txt 1\n" in err


def test_a_taken_run_directory_is_refused(ganzoo_cli):
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    code, _, err = ganzoo_cli(*TINY, "--run-dir", "mine")
    assert code == 2
    assert "mine exists and is not empty" in err


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a directory nobody can write to")
def test_a_run_directory_that_cannot_be_written_is_a_failure(ganzoo_cli):
    code, _, err = ganzoo_cli(*TINY, "--run-dir", "/proc/run")
    assert code == 1
    assert "cannot write the run directory /proc/run" in err


def test_a_folder_that_is_no_run_is_refused(ganzoo_cli):
    Path("folder").mkdir()
    code, _, err = ganzoo_cli("sample", "folder")
    assert (code, "no run directory" in err) == (2, True)
    assert ganzoo_cli("sample", "missing")[0] == 2


def test_a_class_that_is_not_there_names_those_that_are(ganzoo_cli, trained):
    code, _, err = ganzoo_cli("sample", trained, "--class", "cats")
    assert (code, "Activities, Animals & Nature" in err) == (2, True)
    code, _, err = ganzoo_cli("sample", trained, "--class", "10")
    assert (code, "class 10 does not exist; this run has 0 to 9" in err) == (2, True)


def test_a_broken_config_is_wrong_usage_in_a_run_and_on_the_command_line(
    ganzoo_cli, trained, tmp_path
):
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    (copy / "config.toml").write_text("[arch")
    for words in (["sample", copy], ["train", "--config", copy / "config.toml"]):
        code, _, err = ganzoo_cli(*words)
        assert (code, "not valid TOML" in err) == (2, True)


def test_list_shows_everything_or_one_kind(ganzoo_cli):
    _, out, _ = ganzoo_cli("list")
    for kind in ("architectures", "losses", "penalties", "augmentations", "datasets"):
        assert f"{kind} ({len(ganzoo.names(kind))}):" in out
    _, out, _ = ganzoo_cli("list", "losses")
    assert "wgan-gp" in out
    assert "datasets" not in out
    code, _, err = ganzoo_cli("list", "looses")
    assert (code, "Did you mean 'losses'?" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "there", "not_there"),
    [
        (["losses", "wasserstein"], {"wasserstein", "wgan-gp"}, {"bce", "gradient-penalty"}),
        (["w?an*"], {"wgan-gp", "wgan-gp-resnet"}, {"wasserstein", "dcgan"}),
        (["1704.00028"], {"wgan-gp", "gradient-penalty"}, {"bce"}),
        (["recipes", "emoji", "*-quick"], {"diffaugment-quick"}, {"vanilla", "emoji"}),
        (["AUGMENTATION", "arch"], set(), {"ada"}),
    ],
)
def test_list_takes_words_and_wildcards(ganzoo_cli, words, there, not_there):
    _, out, _ = ganzoo_cli("list", *words)
    names = set(re.findall(r"^  ([a-z0-9-]+)  ", out, re.MULTILINE))
    assert there <= names
    assert not not_there & names


def test_list_says_so_where_nothing_matches(ganzoo_cli):
    code, _, err = ganzoo_cli("list", "losses", "wgan", "*x*")
    assert (code, "no component matches 'wgan' and '*x*'" in err) == (2, True)


def test_list_without_words_names_the_recipes_alone(ganzoo_cli):
    _, out, _ = ganzoo_cli("list")
    recipes = set(out.split("recipes (")[1].partition(":")[2].partition("\n\n")[0].split())
    assert recipes == set(ganzoo.names("recipe"))
    assert max(map(len, out.splitlines())) <= 80


def test_show_explains_a_component(ganzoo_cli):
    _, out, _ = ganzoo_cli("show", "penalty", "gradient-penalty")
    text = " ".join(out.split())
    assert "Gulrajani et al. 2017" in text
    assert f"gan-zoo {ganzoo.__version__}" in text
    assert "-o penalty.gradient-penalty.OPTION=VALUE" in text
    assert "[float | schedule; >= 0; default 10.0]" in text
    assert "Lambda of the paper" in text


def test_plugins_lists_each_with_its_state(ganzoo_cli):
    _, out, _ = ganzoo_cli("-p", "no:hinge", "plugins")
    assert "hinge  (gan-zoo" in out
    assert "disabled: switched off" in out
    assert "loaded: losses wasserstein, wgan-gp, wgan-div; penalties gradient-penalty" in " ".join(
        out.split()
    )


def test_a_switched_off_plugin_is_named_when_missed(ganzoo_cli):
    code, _, err = ganzoo_cli("-p", "no:hinge", "show", "loss", "hinge")
    assert code == 2
    assert "Plugins switched off: gan-zoo:hinge." in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ganzoo train --arch dc", "dcgan"),
        ("ganzoo train --loss wgan-", "wgan-gp"),
        ("ganzoo train --data emo", "emoji"),
        ("ganzoo train --penalty r", "r2"),
        ("ganzoo list pen", "penalties"),
        ("ganzoo show loss hin", "hinge"),
    ],
)
def test_the_shell_completes_names(words, expected):
    import os

    parts = words.split()
    environment = os.environ | {
        "_GANZOO_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(parts) - 1),
    }
    command = shutil.which("ganzoo", path=Path(sys.executable).parent)
    result = subprocess.run([command], env=environment, capture_output=True, text=True, check=False)
    assert expected in result.stdout


_WHEN_USED = (
    "import sys\nimport ganzoo\nclass Loss(ganzoo.Loss):\n"
    "    def __init__(self, options):\n        super().__init__()\n"
    "    def discriminator_loss(self, critic, real{fake}):\n        return {value}\n"
    "    generator_loss = discriminator_loss\n"
)
FAULTS = {
    "when it is made": "def Loss(options):\n    return 1 / 0\n",
    "when it is used": _WHEN_USED.format(fake=", fake", value="1 / 0"),
    "when it exits": _WHEN_USED.format(fake=", fake", value="sys.exit(0)"),
    "when it lacks an argument": _WHEN_USED.format(fake="", value="{'a': critic(real).mean()}"),
    "when it returns no terms": _WHEN_USED.format(fake=", fake", value="None"),
    "when it is asked for its penalties": (
        _WHEN_USED.format(fake=", fake", value="{}")
        + "    def default_penalties(self):\n        return 1 / 0\n"
    ),
}
TRACED = ("when it is made", "when it is used", "when it is asked for its penalties")
"""Faults that end in an exception of Python's, whose trace `-v` shows."""

TOLD = {
    "when it exits": "the loss 'faulty' of faulty-gan 1.0 called sys.exit(0)",
    "when it lacks an argument": "must take (critic, real, fake): too many positional arguments",
    "when it returns no terms": "returned None; it must return a dict of scalar tensors by name",
}


@pytest.mark.slow
@pytest.mark.parametrize("when", FAULTS)
def test_a_faulty_plugin_is_named_with_its_distribution(tmp_path, monkeypatch, when):
    """In one line, which says how to see the trace that its author needs."""
    site = tmp_path / "site"
    (site / "faulty").mkdir(parents=True)
    (site / "faulty" / "__init__.py").write_text("")
    (site / "faulty" / "plugin.py").write_text(
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='faulty', factory='faulty.loss:Loss', summary='s')\n"
    )
    (site / "faulty" / "loss.py").write_text(FAULTS[when])
    info = site / "faulty_gan-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty-gan\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nfaulty = faulty.plugin\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    command = ["train", "--arch", "vanilla", "--loss", "faulty", "--data", "emoji"]
    for flags, traces in (([], 0), (["-v"], int(when in TRACED))):
        code, _, err = run_ganzoo([*flags, *command], tmp_path)
        assert code == 1
        assert "the loss 'faulty' of faulty-gan 1.0" in err.splitlines()[-1]
        assert TOLD.get(when, "raised by the loss") in err.splitlines()[-1]
        assert err.count("Traceback") == traces


def run_limited(what: str, limit: int, command: list[str]) -> subprocess.CompletedProcess:
    """Run with a limit of the system, such as `RLIMIT_FSIZE`.

    Without compiling modules: Python would leave half of one that is larger.
    """
    resource = pytest.importorskip("resource")
    number = getattr(resource, what)
    return subprocess.run(
        [sys.executable, "-m", "ganzoo", *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(number, (limit, limit)),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs file-size limits")
def test_no_room_for_the_decoded_images_is_a_failure_that_names_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    result = run_limited("RLIMIT_FSIZE", 100_000, [*TINY, "--run-dir", "run"])
    assert result.returncode == 1
    assert "GANZOO_CACHE_DIR" in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("run").exists()
    assert [p.suffix for p in (tmp_path / "cache" / "stores").iterdir()] == [".lock"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs file-size limits")
def test_no_room_for_a_checkpoint_is_a_failure_and_leaves_nothing_half_written(ganzoo_cli):
    assert ganzoo_cli(*TINY, "--run-dir", "first")[0] == 0  # decodes into the cache
    result = run_limited("RLIMIT_FSIZE", 8_000, [*TINY, "--run-dir", "run"])
    assert result.returncode == 1
    assert "cannot write the checkpoint" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(Path("run/checkpoints").iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
def test_a_network_that_does_not_fit_into_memory_is_told_in_one_line():
    """Linux does not count what a process uses against `ulimit -v`, but what it asks for."""
    large = ["--size", "1024", "-o", "arch.width=16384", "--run-dir", "run"]  # a layer of 192 GiB
    result = run_limited("RLIMIT_AS", 32 * 2**30, [*TINY, *large])
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Error: out of memory (192.")
    assert "Traceback" not in result.stderr
    assert not Path("run").exists()
