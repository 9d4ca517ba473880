"""A trainer is put together of its parts, and they are checked."""

from __future__ import annotations

import warnings

import torch

from ganzoo.assembly.choices import Choices, chosen_augmentations, chosen_latent
from ganzoo.assembly.demands import (
    CheckedDemands,
    check_discriminator,
    check_generator,
    check_parameters,
    combined_demands,
)
from ganzoo.assembly.settings import Resolved
from ganzoo.assembly.trial import check_shapes, input_dtype
from ganzoo.assembly.updates import make_updates
from ganzoo.data.batches import Batches
from ganzoo.data.conditions import examples
from ganzoo.data.loading import Images
from ganzoo.discovery.choosing import chosen_by_name
from ganzoo.errors import GanzooWarning, setting
from ganzoo.freeze import freeze_first_layers
from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.constraint import wrap
from ganzoo.interfaces.loss import Loss
from ganzoo.sampling import Conditions, Sampler, settles_of_constraints
from ganzoo.scoring import refine_by
from ganzoo.training.critic import BoundCritic
from ganzoo.training.state import Parts


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

    # Augmentations; a picture that an image is conditioned on does not follow them.
    pipeline, dtype = chosen_augmentations(choices.augment), input_dtype(networks)
    if pipeline is not None and demands.demands.labels and images.spec.condition_kind == "picture":
        message = (
            f"{setting('augment')} changes the images that the discriminator sees, and not the "
            "pictures that they are conditioned on: what moves an image breaks the pair. Use "
            f"transforms of colour alone, or {setting('horizontal_flip', True)}, which flips both"
        )
        warnings.warn(GanzooWarning(message), stacklevel=3)

    # Updates of both networks.
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
