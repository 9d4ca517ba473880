"""`ganzoo train --dry-run`: prints settings with their origins, and both networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.config import to_toml
from ganzoo.run.initializing import source_of
from ganzoo.run.networks import count_parameters, stages
from ganzoo.run.plan import Plan
from ganzoo.sampling import trial_conditions


def describe_plan(plan: Plan) -> str:
    """Describe a plan: the config with origins, and layers and parameters of each network."""
    # Inputs of the networks.
    conditional = plan.config.training.conditional
    conditions = trial_conditions(plan.image, 2) if conditional else None
    labels = () if conditions is None else (conditions,)
    generator, discriminator = plan.networks
    z = plan.architecture.latent.sample(2)
    images = torch.zeros(2, *plan.image.shape)

    # Length of the training.
    training = plan.config.training
    images_drawn = training.steps * training.batches_per_step * training.batch_size
    epochs = f", {images_drawn / plan.image_count:.1f} epochs" if training.minutes is None else ""

    return "\n".join(
        [
            to_toml(plan.config, plan.origins).split("\n", 2)[2],
            *_network("generator", generator, (z, *labels)),
            "",
            *_network("discriminator", discriminator, (images, *labels)),
            "",
            f"{plan.image_count:,} images of {plan.image}; {_demands(plan)}",
            *describe_folder(plan),
            f"{training.length}{epochs}; a step is {training.n_critic} discriminator and 1 "
            f"generator update(s) on {training.batch_size} images each",
            *_start(plan),
            "Nothing was trained.",
        ]
    )


def describe_folder(plan: Plan) -> list[str]:
    """Return one line about the user's own images: what was found, decided and left out."""
    return [plan.source.description] if plan.source.description else []


def _start(plan: Plan) -> list[str]:
    """A line with the run whose weights it starts from, if there is one."""
    source = source_of(plan.config.training)
    return [f"starts from {source.path}, step {source.manifest.step:,}"] if source else []


def _network(title: str, network: torch.nn.Module, inputs: Sequence[Tensor]) -> list[str]:
    """A line with the number of parameters, and a table of layers."""
    # Rows: name, type, output shape, parameters.
    rows = [("", "input", _shape(inputs[0].shape[1:]), "")]
    rows += [
        (stage.name, stage.layer, _shape(stage.shape), f"{stage.parameters:,}")
        for stage in stages(network, inputs)
    ]

    # Aligned lines.
    total = count_parameters(network)
    mebibytes = math.ceil(4 * total / 2**20)
    lines = [f"{title}: {total:,} parameters ({mebibytes} MiB in float32)"]
    name_width, layer_width, shape_width, count_width = (
        max(len(row[column]) for row in rows) for column in range(4)
    )
    for name, layer, shape, count in rows:
        lines.append(
            f"  {name:{name_width}}  {layer:{layer_width}}  {shape:{shape_width}}  "
            f"{count:>{count_width}}"
        )
    return lines


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _demands(plan: Plan) -> str:
    demands = {
        "no batch statistics in the discriminator": plan.demands.forbids_batch_statistics,
        "labels": plan.demands.labels,
        "a style generator": plan.demands.style_generator,
    }
    demanded = [name for name, is_demanded in demands.items() if is_demanded]
    demanded += [f"the output {name}" for name in plan.demands.outputs]
    return f"demands on the networks: {', '.join(demanded) or 'none'}"
