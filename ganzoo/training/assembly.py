"""What a trainer is made of: networks, loss, penalties, constraints and augmentations, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, SupportsIndex

import torch
from torch import Tensor, nn

from ganzoo.data.batches import Batches
from ganzoo.data.conditions import examples
from ganzoo.data.loading import Images
from ganzoo.discovery.choosing import chosen, chosen_by_name
from ganzoo.errors import UsageError, shown
from ganzoo.freeze import freeze_first_layers
from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.augmentation import Augmentation
from ganzoo.interfaces.constraint import Constraint, wrap
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.interfaces.schedule import Schedule
from ganzoo.sampling import Conditions, Sampler, Settle, settles_of_constraints
from ganzoo.training.augmentations import Pipeline
from ganzoo.training.critic import BoundCritic
from ganzoo.training.demands import (
    CheckedDemands,
    check_discriminator,
    check_generator,
    check_parameters,
    combined_demands,
)
from ganzoo.training.optimizers import NetworkName
from ganzoo.training.own_optimizer import OptimizerChoice, OwnOptimizer
from ganzoo.training.plain_critic import refine_by
from ganzoo.training.settings import Resolved
from ganzoo.training.trial import check_shapes, input_dtype
from ganzoo.training.updates import Update, make_updates

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


class Parts(NamedTuple):
    """What a trainer is made of, on its device.

    Attributes:
        networks: both.
        loss: of both.
        image: shape of the images, and classes or condition.
        augment: every image that the discriminator sees passes through it; None for none.
        conditional: whether the networks are called with labels.
        dtype: of images and z: float64 if a network has such weights, else float32.
        discriminator_update: an update of the discriminator.
        generator_update: an update of the generator.
        class_names: in label order; empty for images without labels.
        examples: training images whose vectors or pictures samples are conditioned on.
        sampler: draws images of the generator.
        batches: of real images.
    """

    networks: Networks
    loss: Loss
    image: ImageSpec
    augment: Pipeline | None
    conditional: bool
    dtype: torch.dtype
    discriminator_update: Update
    generator_update: Update
    class_names: tuple[str, ...]
    examples: Batch | None
    sampler: Sampler
    batches: Batches

    @property
    def obstacle_to_capture(self) -> str:
        """Why a recorded step would not do what these updates do; empty if it would."""
        optimizers = [u.optimizer for u in (self.discriminator_update, self.generator_update)]
        if any(isinstance(optimizer, OwnOptimizer) for optimizer in optimizers):
            return "an optimizer of your own may wait for the device, or change its learning rate"
        if any(isinstance(beta, Schedule) for o in optimizers for beta in o.betas):
            return "betas that follow a schedule are constants in a captured step"
        return ""


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


def assemble(
    networks: Networks,
    loss: Loss,
    choices: Choices,
    images: Images,
    resolved: Resolved,
    demands: CheckedDemands | None,
) -> Parts:
    """Put a trainer's parts together; see `ganzoo.Trainer` for the arguments.

    Raises:
        UsageError: a component that is not installed, or labels are demanded and there are none.
        Unsupported: the networks do not fit the images, or what the loss and the penalties demand.
        PluginError: a loss or penalty has parameters that nobody would train.
    """
    # Penalties and constraints, by default those that the loss brings.
    training, execution, image = resolved
    wanted_penalties, wanted_constraints = choices.penalties, choices.constraints
    if wanted_penalties is None:
        wanted_penalties = loss.default_penalties()
    if wanted_constraints is None:
        wanted_constraints = loss.default_constraints()
    penalties = chosen_by_name("penalty", wanted_penalties)
    penalties = {name: penalty for name, penalty in penalties.items() if penalty.weight}
    constraints = chosen_by_name("constraint", wanted_constraints)
    latent = loss.latent(chosen_latent(choices.latent))

    # Networks, wrapped by constraints; demands on them.
    settles = [*choices.settles]
    if demands is None:
        wrap(networks, constraints)
        settles = [*settles_of_constraints(constraints.values()), *settles]
    freeze_first_layers(networks.discriminator, training.freeze_layers)
    networks = Networks(*map(execution.place, networks))
    if demands is None:
        wanted = combined_demands(loss, penalties.values(), conditional=training.conditional)
        check_generator(networks.generator, wanted)
        check_shapes(networks, images.spec, latent, conditional=wanted.labels)
        demands = check_discriminator(
            networks.discriminator, images.spec, wanted, takes_patches=loss.takes_patches
        )

    # Updates of both networks.
    pipeline, dtype = Pipeline.of(choices.augment), input_dtype(networks)
    for part in (loss, *penalties.values(), *([] if pipeline is None else [pipeline])):
        part.to(execution.device)
        if dtype == torch.float64:  # their buffers meet scores and images
            part.double()
    conditional = demands.demands.labels
    critic = BoundCritic(
        networks.discriminator,
        execution,
        conditional,
        pipeline,
        takes_patches=loss.takes_patches,
    )
    discriminator_update, generator_update = make_updates(
        networks.generator,
        critic,
        loss,
        penalties,
        constraints,
        training,
        (choices.discriminator_optimizer, choices.generator_optimizer),
        joint_forward=demands.independent_scores,
    )
    trained = [*discriminator_update.parameters, *generator_update.parameters]
    stages = [] if pipeline is None else pipeline.by_name.values()
    check_parameters((loss, *penalties.values(), *stages), trained)

    # Sampling, with conditions if it is conditional.
    kept = examples(images) if conditional else None
    labels = None if kept is None else kept.labels
    conditions = Conditions(images.spec, labels) if conditional else None
    refine = refine_by(loss.refiner(), lambda: networks.discriminator)
    sampler = Sampler(latent, images.spec, conditions, settles, refine)

    # Batches of real images.
    batches = Batches(
        images,
        training.batch_size,
        training.seed,
        execution.device,
        rows=execution.rows,
        horizontal_flip=image.horizontal_flip,
        on_device=execution.data_on_device,
    )
    return Parts(
        networks,
        loss,
        images.spec,
        pipeline,
        conditional,
        dtype,
        discriminator_update,
        generator_update,
        images.class_names,
        kept,
        sampler,
        batches,
    )
