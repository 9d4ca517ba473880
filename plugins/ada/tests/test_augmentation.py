"""Promises of ADA as a whole, and inside a training."""

from __future__ import annotations

import warnings

import pytest
import torch
from ganzoo_ada.augmentation import Ada
from ganzoo_ada.options import SETS, AdaOptions
from torch import nn

import ganzoo

EVERY = "bgcfnc"
FIXED = {"mode": "fixed", "p": 0.7}


def pictures(n, *shape, dtype=torch.float32):
    rng = torch.Generator().manual_seed(1)
    return torch.rand(n, *shape, generator=rng, dtype=dtype) * 2 - 1


def made(**options):
    return Ada(AdaOptions(**options))


def seeded(augment, images, seed=0):
    torch.manual_seed(seed)
    return augment(images)


# --- The transforms together


@pytest.mark.parametrize("groups", ["blit", *SETS])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 7, 12), (3, 32, 32)])
def test_nothing_changes_at_p_0(groups, shape):
    images = pictures(4, *shape)
    torch.testing.assert_close(made(groups=groups)(images), images, rtol=0, atol=2e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 2), (3, 7, 12), (3, 33, 31)])
def test_any_size_and_type_is_kept_and_every_image_changes_at_p_1(shape):
    for dtype in (torch.float32, torch.float64):
        images = pictures(6, *shape, dtype=dtype)
        out = made(groups=EVERY, mode="fixed", p=1.0)(images)
        assert (out.shape, out.dtype) == (images.shape, dtype)
        assert out.isfinite().all()
        assert (out != images).any((1, 2, 3)).all()


@pytest.mark.parametrize("groups", ["blit", EVERY])
def test_each_image_has_numbers_of_its_own_and_does_not_change_those_of_others(groups):
    augment = made(groups=groups, **FIXED)
    same = seeded(augment, pictures(1, 3, 8, 8).expand(8, 3, 8, 8))
    assert len(same.flatten(1).unique(dim=0)) > 4

    images = pictures(6, 3, 8, 8)
    others = images.clone()
    others[::2] = pictures(12, 3, 8, 8)[6::2]
    one, two = seeded(augment, images), seeded(augment, others)
    assert torch.equal(one[1::2], two[1::2])


def test_as_many_numbers_are_drawn_whatever_p_is():
    states = []
    for p in (0.1, 0.9):
        seeded(made(groups=EVERY, mode="fixed", p=p), pictures(4, 3, 8, 8))
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_first_and_second_derivatives_are_finite_differences():
    augment = made(groups=EVERY, **FIXED)
    images = pictures(2, 3, 4, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: seeded(augment, x), images)
    assert torch.autograd.gradgradcheck(lambda x: seeded(augment, x), images)


def test_nothing_waits_for_the_device():
    """On the meta device a tensor has no value that one could wait for."""
    augment = made(groups=EVERY).to("meta")
    images = torch.empty(4, 3, 8, 8, device="meta")
    assert augment(images).shape == images.shape
    logged = augment.after_discriminator_step(images[:, 0, 0, 0], images[:, 0, 0, 0])
    assert set(logged) == {"p", "r_t"}


def test_r1_is_the_gradient_by_the_image_before_the_augmentation():
    """Of a quadratic critic D(A x) = |A x|^2 / 2 it is A^T A x, by finite differences."""
    augment = made(**FIXED)
    images = pictures(2, 1, 4, 4, dtype=torch.float64)

    def score(x):
        return seeded(augment, x).square().sum((1, 2, 3)) / 2

    critic = lambda batch: score(batch.images)  # noqa: E731
    gradient = ganzoo.image_gradient(critic, ganzoo.Batch(images))
    step = 1e-6
    for pixel in range(16):
        moved = torch.zeros(16, dtype=torch.float64)
        moved[pixel] = step
        moved = moved.view(1, 1, 4, 4)
        slope = (score(images + moved) - score(images - moved)) / (2 * step)
        torch.testing.assert_close(gradient.flatten(1)[:, pixel], slope, rtol=1e-5, atol=1e-7)


# --- Options


def test_groups_are_the_papers_sets_or_names_in_any_form():
    assert made(groups="bgcf").options.groups == ("blit", "geom", "color", "filter")
    for names in ("geom, cutout", ["geom", "cutout"], ("geom", "cutout")):
        assert made(groups=names).options.groups == ("geom", "cutout")
    assert made().options.groups == SETS["bgc"]
    assert list(SETS) == ["bg", "bgc", "bgcf", "bgcfn", "bgcfnc"]


def test_the_multiplier_of_a_transform_counts_only_if_its_group_is_on():
    options = AdaOptions(groups="bg", hue=0.5, xflip=0.5)
    assert [options.multiplier(name) for name in ("hue", "xflip", "scale")] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": "bgx"}, "groups.0"),
        ({"groups": "geom,geom"}, "each group once"),
        ({"groups": []}, "at least 1"),
        ({"p": 1.5}, "less than or equal to 1"),
        ({"p": "0 to 0.5 over 100 kimg"}, "a schedule needs mode = 'fixed'"),
        ({"mode": "fixed"}, "above 0 where mode is 'fixed'"),
        ({"interval": 0}, "greater than or equal to 1"),
        ({"speed": 0}, "greater than 0"),
        ({"xflip": 1.2}, "less than or equal to 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ganzoo.UsageError, match=said):
        ganzoo.create("augmentation", "ada", **options)


# --- The controller


@pytest.mark.parametrize("start", [0.0, 0.995])
def test_p_follows_the_scores_as_the_papers_rule_does(start):
    """Against the rule in plain Python, up and down, to both ends of [0, 1]."""
    rng = torch.Generator().manual_seed(0)
    options = {"target": 0.2, "interval": 3, "speed": 2.0, "p": start}
    augment = made(**options)
    p, r_t, signs, moved = start, 0.0, [], set()
    for update in range(1, 200):
        offset = 1.0 if (update // 60) % 2 == 0 else -0.5
        scores = torch.randn(8, generator=rng) + offset
        scores[0] = 0.0
        signs += [(score > 0) - (score < 0) for score in scores.tolist()]
        if update % 3 == 0:
            r_t = sum(signs) / len(signs)
            change = (1 if r_t > 0.2 else -1 if r_t < 0.2 else 0) * len(signs) / 2000
            p, signs = min(max(p + change, 0.0), 1.0), []
            moved.add(change > 0)
        logged = augment.after_discriminator_step(scores, -scores)
        assert logged["p"].item() == pytest.approx(p, abs=1e-6)
        assert logged["r_t"].item() == pytest.approx(r_t, abs=1e-6)
    assert moved == {True, False}


def test_what_was_logged_does_not_change_afterwards():
    augment = made(interval=1, speed=0.1)
    first = augment.after_discriminator_step(torch.ones(8), None)["p"]
    augment.after_discriminator_step(torch.ones(8), None)
    assert first.item() == pytest.approx(8 / 100)
    assert augment.p.item() == pytest.approx(16 / 100)


def test_a_fixed_p_is_a_number_or_a_schedule_and_ignores_the_scores():
    augment = made(mode="fixed", p="0 to 0.5 over 1 kimg", interval=1, speed=0.1)
    for images, expected in [(0, 0.0), (500, 0.25), (1000, 0.5), (5000, 0.5)]:
        augment.at(ganzoo.Progress(step=1, images=images))
        logged = augment.after_discriminator_step(torch.ones(8), None)
        assert logged["p"].item() == expected
        assert logged["r_t"].item() == 1
    assert set(augment.after_discriminator_step(None, None)) == {"p"}


def test_an_adaptive_p_without_scores_of_real_images_is_refused():
    with pytest.raises(ganzoo.Unsupported, match="this loss scores none; set its options mode"):
        made().after_discriminator_step(None, torch.ones(8))


# --- In a training


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Tanh(), nn.Flatten())
        self.score = nn.Linear(128, 1)

    def forward(self, images):
        return self.score(self.body(images)).squeeze(1)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 192)

    def forward(self, z):
        return torch.tanh(self.body(z)).view(-1, 3, 8, 8)


def trained(steps, state=None, *, options=None, **settings):
    """A trainer after so many steps in all, whose p moves by 0.08 an update."""
    torch.manual_seed(0)
    pairs = [(image, 0) for image in ((pictures(40, 3, 8, 8) + 1) * 127.5).to(torch.uint8)]
    trainer = ganzoo.Trainer(
        generator=Generator(),
        discriminator=Discriminator(),
        loss=ganzoo.create("loss", "bce"),
        penalties={"r1": ganzoo.create("penalty", "r1")},
        augment={"ada": made(**{"groups": EVERY, "interval": 1, "speed": 0.1} | (options or {}))},
        data=ganzoo.ImageStore.from_dataset(pairs),
        latent=4,
        **{"batch_size": 8, "device": "cpu", "optimizer": "sgd", "n_critic": 2} | settings,
    )
    if state is not None:
        trainer.load_state_dict(state)
    trainer.fit(steps)
    return trainer


def everything(trainer):
    networks = trainer.generator, trainer.discriminator, trainer.augment
    return [value.clone() for network in networks for value in network.state_dict().values()]


@pytest.mark.parametrize("options", [{"p": 0.4, "target": -0.9}, FIXED])
def test_micro_batches_train_as_the_whole_batch(options):
    whole, parts = (trained(3, options=options, grad_accum_steps=k) for k in (1, 4))
    torch.testing.assert_close(everything(parts), everything(whole), rtol=1e-4, atol=1e-5)


def test_it_resumes_bit_for_bit_with_its_p_and_its_counters():
    options = {"p": 0.2, "target": -0.9, "interval": 3}  # 2 steps end within an interval
    halfway, through = (trained(steps, options=options) for steps in (2, 4))
    resumed = trained(4, halfway.state_dict(), options=options)
    torch.testing.assert_close(everything(resumed), everything(through), rtol=0, atol=0)
    p = [trainer.augment.state_dict()["stages.0.p"].item() for trainer in (halfway, through)]
    assert 0.2 < p[0] < p[1]


def test_p_and_r_t_are_logged():
    terms = trained(0, options={"p": 0.2}).train_step()
    assert {"augment/ada/p", "augment/ada/r_t"} <= set(terms)


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        ({"cutout": 0.5}, "cutout"),
        ({"groups": "bg", "hue": 0, "scale": 0.5}, "hue"),
    ],
)
def test_multipliers_of_groups_that_are_off_are_warned_of(options, idle):
    with pytest.warns(ganzoo.GanzooWarning, match=rf"of ada have no effect: {idle}\. "):
        made(**options)


@pytest.mark.parametrize("options", [FIXED, {"groups": EVERY, "cutout": 0.5}])
def test_multipliers_of_groups_that_are_on_are_not(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(**options)
