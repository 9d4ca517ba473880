"""What a loss and its penalties demand of the networks, and the trial that the demands are met."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.assembly.trial import input_dtype
from ganzoo.copying import copied
from ganzoo.errors import PluginError, Unsupported, UsageError, setting
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.randomness import isolated
from ganzoo.sampling import trial_conditions
from ganzoo.scoring import Outputs, named_outputs, with_labels


class CheckedDemands(NamedTuple):
    """Demands that a discriminator was seen to meet.

    Attributes:
        demands: what was demanded.
        independent_scores: whether each image's outputs depend on that image alone, and nothing is
            kept from one forward pass to the next.
    """

    demands: Demands
    independent_scores: bool


def combined_demands(
    loss: Loss, penalties: Iterable[AnyPenalty], *, conditional: bool = False
) -> Demands:
    """What a loss and its penalties together demand; labels too in conditional training."""
    demands = loss.demands() | Demands(labels=conditional)
    for penalty in penalties:
        demands |= penalty.demands()
    return demands


def check_classes(demands: Demands, image: ImageSpec) -> None:
    """Refuse a loss that tells classes apart where the images have none.

    Raises:
        Unsupported: names the output that it needs.
    """
    if demands.unconditional_scores and not image.num_classes:
        names = [n for n, o in demands.outputs.items() if o.size == "classes" or o.of == "label"]
        raise Unsupported(
            f"the loss or a penalty needs the output '{names[0]}', which tells classes apart, and "
            f"these images ({image}) have no classes. Train on a dataset with classes, or with "
            "another loss"
        )


@torch.no_grad()
def check_discriminator(
    discriminator: nn.Module,
    image: ImageSpec,
    demands: Demands,
    *,
    takes_patches: bool = False,
) -> CheckedDemands:
    """Try whether a discriminator meets the demands.

    Copies are run on noise, in training mode, so that any way of breaking a promise is noticed,
    whatever the layers are called. Weights, buffers and random state do not change.

    Raises:
        UsageError: labels are demanded, and the images have none.
        Unsupported: the demand that is not met, and how to meet it.
    """
    if demands.labels and image.condition_kind == "none":
        raise UsageError(
            "conditional training needs labels, and these images have none; train with "
            f"{setting('conditional', False)}, or with a loss that needs no labels"
        )
    check_classes(demands, image)

    # Perturb the weights: a gain initialized to zero hides its branch.
    mixes_images = any(map(_mixes_images, discriminator.modules()))
    tried = unmixed(discriminator) if mixes_images else discriminator
    moved = _try(perturb(copied(tried)), image, demands)
    if not all(bool(value.isfinite().all()) for value in moved.alone.values()):
        moved = _try(tried, image, demands)  # perturbed weights left the network's domain
    _check_outputs(moved.alone, demands, image.num_classes)
    if moved.alone["scores"].ndim > 1 and not takes_patches:
        count = moved.alone["scores"].shape[1]
        raise Unsupported(
            f"the discriminator gives {count} scores an image (patches or several heads), and the "
            "loss takes one. Use a loss that takes them, or an architecture with one score"
        )

    if demands.forbids_batch_statistics and not moved.is_each_images_own("scores", 1e-4):
        fresh = _try(tried, image, demands).is_each_images_own("scores", 1e-4)
        when = ", once its weights have moved a little" if fresh else ""
        raise Unsupported(
            "the discriminator's score of an image depends on the others in its batch "
            f"(batch norm or the like){when}, which the gradient penalty in use forbids: "
            "it would penalize the wrong gradient. Use layer, group or instance norm in "
            "the discriminator, or another loss"
        )
    return CheckedDemands(demands, not mixes_images and moved.is_independent())


@torch.no_grad()
def perturb(network: nn.Module) -> nn.Module:
    """Add noise to every parameter that is trained, the same each time; return the network.

    A gain that is initialized to zero hides the branch behind it until it is trained.
    """
    rng = torch.Generator().manual_seed(4)
    for parameter in network.parameters():
        if parameter.requires_grad:
            noise = torch.randn(parameter.shape, generator=rng).to(parameter)
            spread = parameter.std(correction=0).item()
            # A constant moves by no less than 0.05: a single gain must not stay near zero.
            constant = spread <= 1e-6 * parameter.abs().max()  # but for rounding
            parameter.add_(0.05 * noise.sign() if constant else 0.2 * spread * noise)
    return network


def unmixed(network: nn.Module) -> nn.Module:
    """A copy whose layers that mix images on purpose are called with each image alone."""

    def of_each(layer: nn.Module, inputs: tuple[Tensor], mixed: Tensor) -> Tensor:
        return torch.cat([layer.forward(image[None]) for image in inputs[0].unbind()])

    network = copied(network)
    for layer in network.modules():
        if _mixes_images(layer):
            layer.register_forward_hook(of_each)
    return network


def _mixes_images(layer: nn.Module) -> bool:
    """Whether a layer says that it mixes the images of a batch on purpose."""
    return getattr(layer, "mixes_images", False) is True


class _Trial(NamedTuple):
    """Outputs of a discriminator for four images, and for the first beside three others."""

    alone: Outputs
    mixed: Outputs
    keeps_nothing: bool

    def is_each_images_own(self, name: str, tolerance: float) -> bool:
        """Whether an output of the first image depends on that image alone."""
        value = self.alone[name]
        atol = tolerance * float(value.abs().max())
        return torch.allclose(self.mixed[name][0], value[0], atol=atol, equal_nan=True)

    def is_independent(self) -> bool:
        """Whether every output is each image's own, and no buffer changes."""
        n = len(self.alone["scores"])
        return self.keeps_nothing and all(
            value.ndim and len(value) == n and self.is_each_images_own(name, 1e-5)
            for name, value in self.alone.items()
        )


def _try(discriminator: nn.Module, image: ImageSpec, demands: Demands) -> _Trial:
    """Run copies of a discriminator, which have the same dropout each time."""
    device = next((p.device for p in discriminator.parameters()), None)
    noise = torch.randn(2, 4, *image.shape, generator=torch.Generator().manual_seed(0))
    first, others = noise.clamp(-1, 1).to(device, input_dtype([discriminator]))
    others = torch.cat([first[:1], others[1:2], 3 * others[2:]])  # of another mean and spread
    labels = trial_conditions(image, 4) if demands.labels else None
    labels = None if labels is None else labels.to(device)

    def outputs(images: Tensor) -> tuple[Outputs, nn.Module]:
        torch.manual_seed(0)
        copy = copied(discriminator).train()
        returned = copy(*with_labels(images, labels))
        return named_outputs(returned, len(images)), copy

    with isolated(device):
        alone, copy = outputs(first)
        mixed, _ = outputs(others)
        buffers = zip(copy.buffers(), discriminator.buffers(), strict=True)
        return _Trial(alone, mixed, all(torch.equal(*pair) for pair in buffers))


def check_parameters(parts: Iterable[object], trained: Iterable[nn.Parameter]) -> None:
    """Refuse a loss, penalty or augmentation with parameters that no optimizer trains.

    They would get gradients and keep their values.

    Args:
        parts: those of them that are no `nn.Module` have no parameters.
        trained: the parameters of all optimizers.

    Raises:
        PluginError: names the parameter.
    """
    trained = set(trained)
    for part in parts:
        for name, parameter in part.named_parameters() if isinstance(part, nn.Module) else ():
            if parameter.requires_grad and parameter not in trained:
                raise PluginError(
                    f"{type(part).__name__} has a parameter '{name}' that no optimizer trains: it "
                    "would get gradients and keep its value. Make a constant a buffer "
                    "(register_buffer) or freeze it (requires_grad_(False)); what is to be trained "
                    "belongs into the generator or the discriminator"
                )


def _check_outputs(outputs: Outputs, demands: Demands, num_classes: int) -> None:
    """Refuse a discriminator that lacks an output, or has it in another shape."""
    n = len(outputs["scores"])
    for name, wanted in demands.outputs.items():
        length, value = wanted.length(num_classes), outputs.get(name)
        rows = value is not None and value.ndim > 1 and len(value) == n
        if rows and (length is None or outputs[name].shape == (n, length)):
            continue
        shape = "(N, …)" if length is None else f"(N, {length})"
        given = "nothing of this name" if value is None else f"the shape {tuple(value.shape)}"
        raise Unsupported(
            f"the loss or a penalty needs the output '{name}' of shape {shape} from the "
            f'discriminator, {{"scores": (N,), "{name}": {shape}}}, and it returns {given} for '
            f"{n} images"
        )


def check_generator(generator: nn.Module, demands: Demands) -> None:
    """Refuse a generator that is not what the demands say.

    Raises:
        Unsupported: it has no mapping and synthesis network, which a penalty needs.
    """
    parts = ("mapping", "synthesis")
    if demands.style_generator and not all(callable(getattr(generator, p, None)) for p in parts):
        raise Unsupported(
            "a penalty needs a generator of two networks, `mapping` (z to w) and `synthesis` (w to "
            "images), as style-based architectures have"
        )
