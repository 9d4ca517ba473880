"""`ganzoo train --dry-run`: prints settings with their origins, and both networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.config import to_toml
from ganzoo.run.networks import count_parameters, stages
from ganzoo.run.plan import Plan


def describe_plan(plan: Plan) -> str:
    """Describe a plan: the config with origins, and layers and parameters of each network."""
    # Inputs of the networks.
    conditional = plan.config.training.conditional
    labels = (torch.zeros(2, dtype=torch.int64),) if conditional else ()
    generator, discriminator = plan.networks
    z = plan.architecture.latent.sample(2)
    images = torch.zeros(2, *plan.image.shape)

    # Length of the training.
    training = plan.config.training
    images_drawn = training.steps * training.batches_per_step * training.batch_size
    epochs = images_drawn / plan.image_count

    return "\n".join(
        [
            to_toml(plan.config, plan.origins).split("\n", 2)[2],
            *_network("generator", generator, (z, *labels)),
            "",
            *_network("discriminator", discriminator, (images, *labels)),
            "",
            f"{plan.image_count:,} images of {plan.image}; {_demands(plan)}",
            f"{training.steps:,} steps of {training.n_critic} discriminator and 1 generator "
            f"update(s) on {training.batch_size} images each: {epochs:.1f} epochs",
            "Nothing was trained.",
        ]
    )


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
        "class logits": plan.demands.class_logits,
    }
    demanded = [name for name, is_demanded in demands.items() if is_demanded]
    return f"demands on the networks: {', '.join(demanded) or 'none'}"
