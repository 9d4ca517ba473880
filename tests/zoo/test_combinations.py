"""Every architecture with every loss and penalty, through the front door, on real pictures."""

from __future__ import annotations

import warnings

import pytest
import torch
from PIL import Image
from toys import LATER, SMALL, general, same, small_loss, weights

import ganzoo
from ganzoo.config import Layer
from ganzoo.execution.compile import Compiled
from ganzoo.run.plan import Plan, compose

ON_GRADIENTS = ["dragan", "gradient-penalty", "max-gp", "r1", "r2", "wgan-div"]
"""Penalties on gradients of scores by images, which forbid batch statistics."""

ELSEWHERE = {"path-length"}
"""Penalties that the architectures here refuse, with a test of their own in their plugins."""

PENALTIES = [name for name in ganzoo.names("penalty") if name not in ELSEWHERE]
EXTRAS = [
    *(("penalty", name) for name in PENALTIES),
    *(("augment", name) for name in ganzoo.names("augmentation")),
    *(("constraint", name) for name in ganzoo.names("constraint")),
]
"""Everything that can be added to a loss: the section and the name."""

SPECIAL = {"frozen-features", "pix2pix", "projected"}
"""Architectures and losses that need more than images (weights, pairs); their plugins test them."""

LOSSES = [name for name in ganzoo.names("loss") if name not in SPECIAL]
GENERAL = [name for name in general("loss") if name not in SPECIAL]
"""Those that any architecture can be trained with."""

GENERAL_EXTRAS = [e for e in EXTRAS if e[0] != "penalty" or e[1] in general("penalty")]


REFUSING = {
    "reconstruction": set(LATER) - {"fastgan"},  # no other has a decoder
    "orthogonal": {"stylegan2"},  # its layers are not PyTorch's
    "spectral-norm": {"stylegan2", "r3gan"},  # whose last weights of a block start at 0
}
"""Architectures that refuse an addition."""

ON_SCORES = [name for name in PENALTIES if name not in ON_GRADIENTS]

TOGETHER = {
    "penalties on gradients": [("penalty", name) for name in ON_GRADIENTS],
    "other penalties": [("penalty", name) for name in ON_SCORES[::2]],
    "more penalties": [("penalty", name) for name in ON_SCORES[1::2]],
    "augmentations": [e for e in EXTRAS if e[0] == "augment"],
    **{name: [(section, name)] for section, name in EXTRAS if section == "constraint"},
}
"""Everything that can be added, in groups that an architecture is trained with at once."""


@pytest.fixture
def plan(photos):
    """Compose a run of small networks on the photos; any section can be replaced."""

    def make(arch: str, loss: str, *, channels: int = 1, **sections) -> Plan:
        tree = {
            "arch": SMALL.get(arch) or {"name": arch, **LATER[arch]},
            "loss": small_loss(loss),
            "data": photos,
            "image": {"size": 16 if arch in SMALL else 32, "channels": channels},
            "training": {"batch_size": 4, "n_critic": 2},
            "execution": {"device": "cpu", "threads": 1},  # so that it is not counted
        }
        return compose([Layer("test", tree | sections)])

    return make


def train_three_steps(made: Plan, *, still: int = 1) -> None:
    """Train; all but `still` numbers of the networks change.

    A loss of differences leaves the score's offset alone.
    """
    trainer = made.trainer(made.open_images())
    parameters = [*trainer.generator.parameters(), *trainer.discriminator.parameters()]
    before = [p.clone() for p in parameters]
    trainer.fit(2)
    terms = trainer.train_step()
    assert all(value.isfinite() for value in terms.values()), terms
    assert all(p.isfinite().all() for p in parameters)
    unmoved = [p for p, was in zip(parameters, before, strict=True) if torch.equal(p, was)]
    assert sum(p.numel() for p in unmoved) <= still


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("arch", SMALL)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_the_first_architectures(plan, arch, loss, channels):
    if loss not in GENERAL:
        with pytest.raises(ganzoo.Unsupported, match="the output 'reconstruction'"):
            plan(arch, loss, channels=channels)
        return
    train_three_steps(plan(arch, loss, channels=channels))


ONE_SCORE = {
    *("acgan", "began", "ebgan", "logan", "multi-hinge", "relativistic"),
    *("relativistic-average", "semi-supervised", "softmax", "top-k"),
}
"""Losses that take one score an image; fastgan gives several."""


@pytest.mark.parametrize("arch", LATER)
@pytest.mark.parametrize("conditional", [False, True])
def test_the_hinge_loss_trains_every_architecture(plan, arch, conditional):
    training = {"batch_size": 4, "n_critic": 2, "conditional": conditional}
    train_three_steps(plan(arch, "hinge", training=training), still=4)


@pytest.mark.slow
@pytest.mark.parametrize("arch", LATER)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_every_architecture_with_labels_or_is_refused(plan, arch, loss):
    training = {"batch_size": 4, "n_critic": 2, "conditional": True}
    if arch == "fastgan" and loss in ONE_SCORE:
        with pytest.raises(ganzoo.Unsupported, match="scores an image .*the loss takes one"):
            plan(arch, loss, training=training)
    elif loss not in GENERAL and arch != "fastgan":
        with pytest.raises(ganzoo.Unsupported, match="the output 'reconstruction'"):
            plan(arch, loss, training=training)
    else:
        made = plan(arch, loss, training=training)
        train_three_steps(made, still=still_where_clipped(arch) if loss == "wasserstein" else 4)


@pytest.mark.slow
@pytest.mark.parametrize("arch", LATER)
@pytest.mark.parametrize("additions", TOGETHER)
def test_every_addition_goes_with_every_architecture(plan, arch, additions):
    """Those together that demand the same, but for those that the architecture refuses."""
    sections: dict[str, dict] = {}
    for section, name in TOGETHER[additions]:
        if arch not in REFUSING.get(name, ()):
            sections.setdefault(section, {})[name] = {}
    if sections:
        made = plan(arch, "hinge", **sections)
        clipped = "weight-clipping" in sections.get("constraint", {})
        train_three_steps(made, still=still_where_clipped(arch) if clipped else 4)


@pytest.mark.slow
@pytest.mark.parametrize(("section", "name"), [e for e in EXTRAS if e[1] in REFUSING])
def test_what_an_architecture_cannot_take_is_refused(plan, section, name):
    for arch in REFUSING[name]:
        with pytest.raises(ganzoo.Unsupported):
            plan(arch, "hinge", **{section: {name: {}}})


def still_where_clipped(arch: str) -> int:
    """Weights from N(0, 1), clipped to 0.01, make most of a network constant."""
    return 2000 if arch in ("stylegan2", "r3gan") else 4


@pytest.mark.slow
@pytest.mark.parametrize("loss", GENERAL)
@pytest.mark.parametrize("first", range(0, len(GENERAL_EXTRAS), 5))
def test_every_addition_goes_with_every_loss(plan, loss, first):
    """Five together."""
    additions = GENERAL_EXTRAS[first : first + 5]
    sections: dict[str, dict] = {}
    for section, name in additions:
        sections.setdefault(section, {})[name] = {}
    made = plan("vanilla", loss, **sections)
    assert {f"{section}.{name}" for section, name in additions} <= made.components.keys()
    train_three_steps(made)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("section", "name"), GENERAL_EXTRAS)
def test_every_addition_trains_with_grey_and_colour_images(
    plan, section, name, channels, conditional
):
    training = {"batch_size": 4, "conditional": conditional}
    train_three_steps(
        plan("dcgan", "hinge", channels=channels, training=training, **{section: {name: {}}})
    )


@pytest.mark.parametrize("arch", SMALL)
@pytest.mark.parametrize("loss", GENERAL)
def test_every_loss_trains_conditionally(plan, arch, loss):
    sections = {"training": {"batch_size": 4, "conditional": True, "n_critic": 1}}
    train_three_steps(plan(arch, loss, penalty={"r1": {}}, **sections))


NOT_COMPILED = {"logan"}
"""Losses that train without, with a warning: torch compiles no gradient of a gradient by z."""

ALMOST_BARE = {
    "spectral-norm": {"networks": "generator", "exclude": ["first.*", "blocks.*", "gates.*"]}
}
"""The constraint of fastgan, on one layer: it takes most of the time in which fastgan is traced."""


@pytest.fixture
def _compiled_afresh():
    """What another test compiled does not count."""
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.usefixtures("_compiled_afresh")
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_trained_as_well_if_it_is_compiled(plan, loss):
    """On fakes that both updates share. `aot_eager` traces as inductor does, without its code."""
    training = {"batch_size": 4, "n_critic": 1, "reuse_fakes": True, "optimizer": "sgd"}
    training |= {"generator_lr": 0.01, "discriminator_lr": 0.01}
    trainers = []
    for _ in range(2):
        if loss in GENERAL:
            made = plan("vanilla", loss, training=training)
        else:
            made = plan("fastgan", loss, training=training, constraint=ALMOST_BARE)
        trainers.append(made.trainer(made.open_images()))
    compiled, plain = trainers
    for update in (compiled.discriminator_update, compiled.generator_update):
        update.gradients.compute = Compiled(update.objective, "aot_eager")

    before = weights(compiled.generator)
    if loss in NOT_COMPILED:
        with pytest.warns(ganzoo.GanzooWarning, match="double backward. Training without it"):
            compiled.fit(3)
    else:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*Training without")
            compiled.fit(3)
    plain.fit(3)
    for network in ("generator", "discriminator"):
        states = [weights(getattr(trainer, network)) for trainer in trainers]
        torch.testing.assert_close(*states, rtol=1e-3, atol=1e-5)
    assert not same(before, weights(plain.generator))


def test_the_small_list_here_covers_every_architecture_and_penalty_there_is():
    assert {*SMALL, *LATER} | SPECIAL == set(ganzoo.names("architecture"))
    assert set(PENALTIES) | ELSEWHERE == set(ganzoo.names("penalty"))


@pytest.mark.parametrize("penalty", ON_GRADIENTS)
def test_a_penalty_makes_dcgan_take_layer_norm_in_its_discriminator(plan, penalty):
    networks = plan("dcgan", "bce", penalty={penalty: {}}).networks
    kinds = {type(layer) for layer in networks.discriminator.modules()}
    assert torch.nn.GroupNorm in kinds
    assert torch.nn.BatchNorm2d not in kinds


def test_a_penalty_of_weight_zero_demands_nothing():
    off = {"gradient-penalty": {"weight": 0}}
    tree = {"arch": SMALL["dcgan"], "loss": "wgan-gp", "data": "emoji", "penalty": off}
    made = compose([Layer("test", tree)])
    assert made.penalties == {}
    assert not made.demands.forbids_batch_statistics


def test_a_loss_that_needs_labels_trains_conditionally_by_itself(plan):
    made = plan("dcgan", "acgan")
    assert made.config.training.conditional
    assert made.origins[("training", "conditional")] == "the loss 'acgan'"


@pytest.fixture
def unlabelled(tmp_path) -> dict:
    for k in range(3):
        Image.new("RGB", (16, 16), (k, k, k)).save(tmp_path / f"{k}.png")
    return {"data": {"name": "image-folder", "path": str(tmp_path)}}


@pytest.mark.parametrize("arch", SMALL)
def test_a_loss_that_needs_labels_is_refused_without_them(plan, arch, unlabelled):
    with pytest.raises(ganzoo.UsageError, match="'image-folder' has none .*the loss 'acgan'"):
        plan(arch, "acgan", **unlabelled)


def test_unlabelled_images_train(plan, unlabelled):
    train_three_steps(plan("dcgan", "bce", channels=3, **unlabelled))


@pytest.mark.parametrize(("arch", "image"), [("dcgan", {}), ("vanilla", {"size": 8})])
def test_points_are_not_resized_like_pictures(plan, arch, image):
    with pytest.raises(
        ganzoo.UsageError, match="'gaussians' has the shape 2x1x1, 25 classes and cannot"
    ):
        plan(arch, "bce", data="gaussians", image=image)


def test_a_grid_of_25_gaussians_has_a_quick_form(plan):
    made = plan("vanilla", "wgan-gp", data="gaussians", image={})
    assert made.image == ganzoo.ImageSpec(2, 1, 1, num_classes=25)
    train_three_steps(made)


@pytest.mark.slow
def test_vanilla_with_wgan_gp_finds_the_modes_of_a_25_gaussian_grid(tmp_path):
    """A mode is found if 20 of 2,500 samples lie within three sigma; by chance it would be 7.

    The gradient penalty is applied at every other step, which finds them sooner.
    """
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 128, "latent_dim": 2, "batch_norm": False},
        loss="wgan-gp",
        data="gaussians",
        batch_size=192,
        steps=2500,
        n_critic=5,
        generator_lr=5e-4,
        discriminator_lr=1e-3,
        betas=(0.5, 0.9),
        ema_decay=0.99,
        options={"penalty.gradient-penalty.weight": 0.1, "penalty.gradient-penalty.interval": 2},
        device="cpu",
        run_dir=tmp_path / "run",
    )
    points = run.sample(2500)
    distance, nearest = torch.cdist(points.flatten(1), run.dataset.modes()).min(dim=1)
    near = nearest[distance <= 3 * run.dataset.options.std]
    assert (near.bincount(minlength=25) >= 20).sum() >= 22
    assert run.dataset.count_modes(points).high_quality > 0.5
