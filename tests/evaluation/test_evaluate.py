"""Promises of `ganzoo.evaluate`, with small metrics and extractors of the test's own."""

from __future__ import annotations

import shutil
import warnings

import pytest
import torch

import ganzoo

TINY = {
    "arch": {"name": "vanilla", "width": 16, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": "emoji",
    "size": 8,
    "channels": 1,
    "batch_size": 8,
    "sample_count": 4,
    "steps": 4,
    "checkpoint_every": 2,
    "device": "cpu",
}


class Gap(ganzoo.Metric):
    """The gap between average brightnesses."""

    scores = (ganzoo.Score("gap", "lower"),)
    blind_to = "everything else"

    def measure(self, sample, reference, *, seed):
        gap = sample.images.double().mean() - reference.images.double().mean()
        return {"gap": ganzoo.Measured(abs(gap.item()))}


class FeatureGap(Gap):
    """The same of features."""

    uses = "features"

    def measure(self, sample, reference, *, seed):
        gap = sample.features.mean(0) - reference.features.mean(0)
        return {"gap": ganzoo.Measured(gap.norm().item(), std=0.25)}


class Mean(ganzoo.Extractor):
    """One feature: the average."""

    display = "Mean"
    fingerprint = "mean-1"
    resizing = "none"

    def __init__(self):
        self.batches = 0

    def features(self, images):
        self.batches += 1
        return images.float().mean((1, 2, 3))[:, None]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> ganzoo.Run:
    return ganzoo.train(run_dir=tmp_path_factory.mktemp("runs") / "one", **TINY)


def grey(value, count=20):
    return torch.full((count, 1, 8, 8), value, dtype=torch.uint8)


def test_two_sets_of_images_are_compared():
    (result,) = ganzoo.evaluate(grey(10), grey(30), metrics=Gap(), floor=False)
    assert (result.name, result.value, result.floor, result.n) == ("gap", 20.0, None, 20)


def test_floating_images_are_rounded_to_what_a_file_would_hold():
    images = 0.001 * torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    (result,) = ganzoo.evaluate(images, grey(128, 2), metrics=Gap(), floor=False)
    assert result.value == 0.5  # one is rounded to 127


def test_the_floor_is_what_real_images_score_that_were_held_out(run):
    (result,) = ganzoo.evaluate(run, metrics=Gap(), n=100)
    source = ganzoo.create("dataset", "emoji").open()
    store = ganzoo.ImageStore.from_source(source, size=8, channels=1)
    means = store.images.double().flatten(1).mean(1)
    assert 0 < result.floor < 4 * means.std().item() * (2 / 100) ** 0.5
    assert result.value > result.floor
    assert "other half of emoji" in result.held_out


def test_what_is_shown_and_what_is_held_out_do_not_overlap():
    numbers = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    seen = []

    class Spy(Gap):
        def measure(self, sample, reference, *, seed):
            seen.append((sample.images[:, 0, 0, 0], reference.images[:, 0, 0, 0]))
            return super().measure(sample, reference, seed=seed)

    ganzoo.evaluate(grey(1)[:, :, :2, :2], numbers.contiguous(), metrics=Spy(), n=20)
    (_, shown), (held_out, by) = seen
    assert torch.equal(shown, by)
    assert not set(shown.tolist()) & set(held_out.tolist())


def test_n_is_lowered_to_what_there_is_and_said_so():
    done = ganzoo.evaluate(grey(1, 30), grey(2, 30), metrics=Gap(), n=100)
    assert done["gap"].n == 15  # as many again are held out
    assert "n is 15: there are no more images" in done.remarks[0]


def test_n_is_lowered_to_a_smaller_sample_in_memory():
    done = ganzoo.evaluate(grey(1, 5), grey(2, 30), metrics=Gap(), n=100)
    assert done["gap"].n == 5
    assert done.remarks == ("n is 5: there are no more images of images in memory",)


def test_a_result_records_all_it_depends_on(run):
    (result,) = ganzoo.evaluate(run, metrics=FeatureGap(), extractor=Mean(), n=50, seed=3)
    assert result.name == "Mean-gap"
    assert (result.std, result.floor_std) == (0.25, 0.25)
    assert (result.extractor_hash, result.resizing) == ("mean-1", "none")
    assert (result.reference_split, result.n, result.seed, result.step) == ("train", 50, 3, 4)
    assert result.shape == (1, 8, 8)
    assert result.versions["torch"] == torch.__version__


def test_results_of_a_run_are_appended_to_its_directory(run):
    before = len(run.evaluations())
    ganzoo.evaluate(run, metrics=[Gap(), FeatureGap()], extractor=Mean(), n=20)
    assert [line["name"] for line in run.evaluations()[before:]] == ["gap", "Mean-gap"]


def test_a_run_whose_config_was_edited_to_name_other_images_is_not_measured_against_them(
    run, tmp_path
):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    config = copy / "config.toml"
    config.write_text(config.read_text().replace('name = "emoji"', 'name = "fashion-mnist"'))
    said = "names other images than .*copy was trained on: data.name is fashion-mnist and was emoji"
    with pytest.raises(ganzoo.UsageError, match=f"(?s){said}.*against=DATASET"):
        ganzoo.evaluate(copy, metrics=Gap(), n=20)
    named = ganzoo.evaluate(copy, "emoji", metrics=Gap(), n=20)
    assert named["gap"].value == ganzoo.evaluate(run, metrics=Gap(), n=20)["gap"].value


def test_a_run_that_cannot_be_written_is_measured_all_the_same(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy, ignore=shutil.ignore_patterns("evaluations.jsonl"))
    (copy / "evaluations.jsonl").mkdir()  # root may write to a file that is read-only
    with pytest.warns(ganzoo.GanzooWarning, match="the results are not saved: cannot write"):
        done = ganzoo.evaluate(copy, metrics=Gap(), n=20)
    assert done.values() == ganzoo.evaluate(run, metrics=Gap(), n=20).values()


@pytest.mark.parametrize("kind", ["folder", "dataset"])
def test_images_that_cannot_be_read_are_refused_or_left_out(kind, tmp_path):
    from PIL import Image

    for k in range(12):
        Image.new("L", (8, 8), 20 * k).save(tmp_path / f"{k}.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    given = tmp_path if kind == "folder" else {"name": "image-folder", "path": str(tmp_path)}
    with pytest.raises(ganzoo.DataError, match="skip_bad_images=True"):
        ganzoo.evaluate(grey(1), given, metrics=Gap(), floor=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ganzoo.GanzooWarning)  # how many are left out
        done = ganzoo.evaluate(grey(1), given, metrics=Gap(), floor=False, skip_bad_images=True)
    assert done["gap"].n == 12


def test_the_same_seed_gives_the_same_numbers_and_moves_nobodys_randomness(run):
    torch.manual_seed(4)
    before = torch.get_rng_state()
    first = ganzoo.evaluate(run, metrics=Gap(), n=30, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    assert first.values() == ganzoo.evaluate(run, metrics=Gap(), n=30, seed=1).values()
    assert first.values() != ganzoo.evaluate(run, metrics=Gap(), n=30, seed=2).values()


def test_features_of_real_images_are_kept(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    first, second = Mean(), Mean()
    values = [
        ganzoo.evaluate(run, metrics=FeatureGap(), extractor=e, n=50).values()
        for e in (first, second)
    ]
    assert values[0] == values[1]
    assert (first.batches, second.batches) == (3, 1)  # sample, reference, held out; then the sample


def test_kept_features_that_are_damaged_are_made_anew(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    wanted = ganzoo.evaluate(run, metrics=FeatureGap(), extractor=Mean(), n=50).values()
    for file in (tmp_path / "features").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    assert ganzoo.evaluate(run, metrics=FeatureGap(), extractor=Mean(), n=50).values() == wanted


def test_a_checkpoint_a_folder_and_a_dataset_can_be_given(run, tmp_path):
    from PIL import Image

    for k in range(12):
        Image.new("RGB", (10, 12), (20 * k, 0, 0)).save(tmp_path / f"{k}.png")
    checkpoint = run.directory.checkpoint(2)
    first = ganzoo.evaluate(checkpoint, str(tmp_path), metrics=Gap(), n=4)["gap"]
    assert first.step == 2
    assert first.shape == (1, 8, 8)
    folder = ganzoo.evaluate(tmp_path, "emoji", metrics=Gap(), n=6, floor=False)["gap"]
    assert folder.reference == "emoji (train)"


def test_one_odd_picture_decides_nothing_when_folders_are_compared(tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name / ".thumbnails").mkdir(parents=True)
        Image.new("L", (99, 30), 200).save(tmp_path / name / "0.png")
        Image.new("RGB", (8, 6), "white").save(tmp_path / name / ".thumbnails" / "1.png")
        (tmp_path / name / "folder.png").mkdir()
        for k in range(1, 6):
            Image.new("RGB", (8, 6), (k, 0, 0)).save(tmp_path / name / f"{k}.png")
    with pytest.warns(ganzoo.GanzooWarning, match="2 sizes; all are measured at the most common"):
        result = ganzoo.evaluate(tmp_path / "a", tmp_path / "b", metrics=Gap(), n=6, floor=False)
    assert result["gap"].shape == (3, 6, 8)
    assert (result["gap"].n, result["gap"].value) == (6, 0.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("nowhere", "emoji"), "'nowhere' is no run, no checkpoint, no folder of images"),
        (("emoji", None), "only a run has images to be compared with"),
        (("emoji", {"split": "train"}), "given as a name, or as a dict with a name"),
        ((grey(1), torch.zeros(3, 3)), r"images are \(N, C, H, W\)"),
        ((grey(1), grey(1)[:, :, :4]), "only images of one shape are compared"),
        ((grey(1), 3), "a int cannot be compared"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(given, said):
    with pytest.raises(ganzoo.UsageError, match=said):
        ganzoo.evaluate(*given, metrics=Gap())


def test_an_unknown_metric_or_option_is_refused_with_the_nearest():
    with pytest.raises(ganzoo.UsageError, match="no metric named 'frechett'. Did you mean"):
        ganzoo.evaluate(grey(1), grey(2), metrics="frechett")
    with pytest.raises(ganzoo.UsageError, match="no option of an evaluation"):
        ganzoo.evaluate(grey(1), grey(2), metrics=Gap(), options={"kernel.subsets": 3})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"metrics": []}, "name at least one metric"),
        ({"extractor": "nope"}, "no extractor named 'nope'"),
        ({"extractor": {"name": "nope"}}, "no extractor named 'nope'"),
        ({"extractor": 5}, "extractors are chosen by name; got 5"),
        ({"options": {"extractor.size": 5}}, "extractor.size is given, and no metric here uses"),
        ({"options": ["extractor.size=5"]}, "options are by key"),
        ({"n": 2.5}, "n is 2.5, but should be a whole number"),
        ({"seed": None}, "seed is None, but should be a whole number"),
    ],
)
def test_what_no_metric_would_notice_is_refused(wrong, said):
    with pytest.raises(ganzoo.UsageError, match=said):
        ganzoo.evaluate(grey(1), grey(2), **({"metrics": Gap()} | wrong))


def test_a_metric_that_was_asked_for_is_not_skipped_and_one_that_offers_itself_is():
    class Refuses(Gap):
        def check(self, spec):
            raise ganzoo.Unsupported("not of these")

    with pytest.raises(ganzoo.Unsupported, match="not of these"):
        ganzoo.evaluate(grey(1), grey(2), metrics=Refuses())
    done = ganzoo.evaluate(grey(1), grey(2))
    assert "points" in done.skipped["modes"]
    assert "needs labels" in done.skipped["class-shares"]


def test_training_goes_on_the_same_after_an_evaluation_in_between(make_trainer):
    quiet, watched = make_trainer(), make_trainer()
    for trainer in (quiet, watched):
        trainer.fit(2)
    ganzoo.evaluate(watched.sample(16), grey(3), metrics=Gap())
    for trainer in (quiet, watched):
        trainer.fit(4)
    for mine, theirs in zip(
        quiet.generator.parameters(), watched.generator.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)
