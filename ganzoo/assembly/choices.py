"""What a library user chose, as objects or by name: networks, loss, latent and components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, SupportsIndex

from torch import Tensor, nn

from ganzoo.assembly.own_optimizer import OptimizerChoice
from ganzoo.discovery.choosing import chosen, chosen_by_name
from ganzoo.errors import UsageError, shown
from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.augmentation import Augmentation
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.sampling import Settle
from ganzoo.training.augmentations import Function, Pipeline
from ganzoo.training.optimizers import NetworkName

Names = str | Iterable[str]
Options = Mapping[str, Any]

LossChoice = Loss | str | Options
PenaltyChoice = Names | Mapping[str, AnyPenalty | Options]
ConstraintChoice = Names | Mapping[str, Constraint | Options]
AugmentationChoice = (
    Names | Mapping[str, Augmentation | Options] | Augmentation | Callable[[Tensor], Tensor]
)


class Choices(NamedTuple):
    """What a library user chose beside networks and loss, as objects or by name.

    Attributes:
        latent: the distribution of z, or the length of a normal one.
        penalties: None for the loss's own.
        constraints: None for the loss's own.
        augment: None for none.
        generator_optimizer: None for that of the settings.
        discriminator_optimizer: likewise.
        settles: what else prepares the generator for sampling.
    """

    latent: Latent | SupportsIndex
    penalties: PenaltyChoice | None
    constraints: ConstraintChoice | None
    augment: AugmentationChoice | None
    generator_optimizer: OptimizerChoice | None
    discriminator_optimizer: OptimizerChoice | None
    settles: Sequence[Settle]

    @property
    def own_optimizers(self) -> list[NetworkName]:
        """The networks whose optimizers the user made."""
        own: dict[NetworkName, OptimizerChoice | None] = {
            "generator": self.generator_optimizer,
            "discriminator": self.discriminator_optimizer,
        }
        return [name for name, optimizer in own.items() if optimizer is not None]


def chosen_network(name: str, network: object) -> nn.Module:
    """A network that a library user chose.

    Raises:
        UsageError: it is no module.
    """
    if isinstance(network, nn.Module):
        return network
    if isinstance(network, type):
        advice = f"got the class {network.__name__}: make one, {name}={network.__name__}()"
    else:
        advice = (
            f"got {shown(network)}. The networks of an architecture by name are trained by "
            "ganzoo.train(arch=…)"
        )
    raise UsageError(f"the {name} must be a torch.nn.Module; {advice}")


def chosen_networks(generator: object, discriminator: object) -> Networks:
    """Both networks that a library user chose; see `chosen_network`."""
    return Networks(
        chosen_network("generator", generator), chosen_network("discriminator", discriminator)
    )


def chosen_loss(choice: LossChoice) -> Loss:
    """The loss that a library user chose.

    Raises:
        UsageError: it is neither a loss nor the name of one.
    """
    loss = chosen("loss", choice)
    if not isinstance(loss, Loss):
        raise UsageError(
            f'the loss must be a ganzoo.Loss or a name like "hinge"; got {type(loss).__name__}'
        )
    return loss


def chosen_latent(choice: Latent | SupportsIndex) -> Latent:
    """The distribution of z that a library user chose.

    Raises:
        UsageError: it is neither a distribution nor a length.
    """
    if isinstance(choice, Latent):
        return choice
    if isinstance(choice, SupportsIndex) and not isinstance(choice, bool):
        return NormalLatent(choice.__index__())
    raise UsageError(
        "latent must be the length of z, like 64, or a ganzoo.Latent, like "
        f"ganzoo.UniformLatent(64); got {shown(choice)}"
    )


def chosen_augmentations(choice: AugmentationChoice | None) -> Pipeline | None:
    """The augmentations that a library user chose, in their order; None for none.

    Raises:
        UsageError: an augmentation that is not installed, or an option out of range.
    """
    if choice is None or choice == {}:
        return None
    if callable(choice):
        one = choice if isinstance(choice, Augmentation) else Function(choice)
        return Pipeline({"augment": one})
    return Pipeline(chosen_by_name("augmentation", choice))
