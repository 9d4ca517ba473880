"""What `ganzoo train --dry-run` prints: values with their origins, networks stage by stage."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.config import to_toml
from ganzoo.run.networks import count_parameters, stages
from ganzoo.run.plan import Plan


def describe_plan(plan: Plan) -> str:
    """The resolved config with origins, and each network's stages and parameter counts."""
    conditional = plan.config.training.conditional
    labels = (torch.zeros(2, dtype=torch.int64),) if conditional else ()
    generator, discriminator = plan.networks
    z = plan.architecture.latent.sample(2)
    images = torch.zeros(2, *plan.image.shape)
    training = plan.config.training
    count = len(plan.source.images)  # type: ignore[arg-type]
    seen = training.steps * training.batches_per_step * training.batch_size
    return "\n".join(
        [
            to_toml(plan.config, plan.origins).split("\n", 2)[2],
            *_network("generator", generator, (z, *labels)),
            "",
            *_network("discriminator", discriminator, (images, *labels)),
            "",
            f"{count:,} images of {plan.image}; {_demands(plan)}",
            f"{training.steps:,} steps of {training.n_critic} discriminator and 1 generator "
            f"update(s) on {training.batch_size} images each: "
            f"{seen / count:.1f} epochs",
            "Nothing was trained.",
        ]
    )


def _network(title: str, network: torch.nn.Module, inputs: Sequence[Tensor]) -> list[str]:
    rows = [
        (stage.name, stage.layer, "x".join(map(str, stage.shape)), f"{stage.parameters:,}")
        for stage in stages(network, inputs)
    ]
    rows.insert(0, ("", "input", "x".join(map(str, inputs[0].shape[1:])), ""))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    total = count_parameters(network)
    megabytes = math.ceil(4 * total / 2**20)
    return [
        f"{title}: {total:,} parameters ({megabytes} MiB in float32)",
        *(
            "  "
            + "  ".join(
                [
                    *(c.ljust(w) for c, w in zip(row[:3], widths, strict=False)),
                    row[3].rjust(widths[3]),
                ]
            )
            for row in rows
        ),
    ]


def _demands(plan: Plan) -> str:
    asked = {
        "no batch statistics in the discriminator": plan.demands.forbids_batch_statistics,
        "labels": plan.demands.labels,
        "class logits": plan.demands.class_logits,
    }
    wanted = [what for what, is_asked in asked.items() if is_asked]
    return f"the networks were asked for {', '.join(wanted) or 'nothing special'}"
