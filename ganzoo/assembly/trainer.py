"""The trainer of a library user: networks, loss and data of their own, by name or as objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from ganzoo.assembly.assemble import assemble
from ganzoo.assembly.choices import (
    AugmentationChoice,
    Choices,
    ConstraintChoice,
    LossChoice,
    PenaltyChoice,
    chosen_loss,
    chosen_networks,
)
from ganzoo.assembly.demands import CheckedDemands
from ganzoo.assembly.own_optimizer import OptimizerChoice
from ganzoo.assembly.settings import resolve_settings
from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig
from ganzoo.data.accepting import AnyImages, is_loadable
from ganzoo.data.store import ImageStore
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.latent import Latent
from ganzoo.sampling import Settle
from ganzoo.training.loop import TrainingLoop

if TYPE_CHECKING:
    import ganzoo


class Trainer(TrainingLoop):
    """Trains a generator against a discriminator with a loss on images.

        trainer = ganzoo.Trainer(
            generator=MyGenerator(), discriminator=MyDiscriminator(), latent=64,
            loss="hinge", data=my_dataset, batch_size=32,
        )
        trainer.fit(1000)
        images = trainer.sample(16)

    One step is one generator update after `n_critic` discriminator updates, each on a real batch
    of its own. The generator update uses the fakes of the last discriminator update or, if
    `reuse_fakes` is off, new fakes beside another real batch.

    In a process group every process makes the same trainer and calls the same methods.

    Args:
        generator: `generator(z) -> (N, C, H, W)` in [-1, 1]; `(z, labels)` if conditional.
        discriminator: `discriminator(images) -> (N,)` raw scores, or a dict of tensors with
            `"scores"`; `(images, labels)` if conditional.
        loss: a `ganzoo.Loss`, a name, or a dict of name and options.
        data: the real images: a `ganzoo.ImageStore`, or anything that its `from_dataset` takes.
        latent: the distribution of z, or the length of a normal one.
        penalties: names, or a dict from name to options or object; None for the loss's own.
        augment: likewise, or any differentiable function `(N, C, H, W) -> (N, C, H, W)`; applied
            to every image that the discriminator sees, in penalties too.
        constraints: on weights; likewise. None takes the loss's own.
        generator_optimizer: one of torch, or what makes it of parameters; else by the settings.
        discriminator_optimizer: likewise.
        training: the optimization; what it leaves open is the loss's paper's.
        execution: how it is computed.
        image: its `horizontal_flip` is used.
        demands: those that the networks meet, which constraints have wrapped; None to do both here.
        settles: prepare a copy of the generator for sampling, as `Architecture.settle` does.
        settings: fields of these sections by name, as in `ganzoo.train`: `batch_size`, `device`, …

    Raises:
        UsageError: a setting is out of range, or the data has no labels to train on.
        DataError: the images cannot be read.
        Unsupported: the networks do not fit the images, or what the loss demands of them.
        PluginError: a loss or penalty breaks its contract, or has parameters that nothing trains.
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: LossChoice,
        data: AnyImages,
        latent: Latent | int,
        penalties: PenaltyChoice | None = None,
        augment: AugmentationChoice | None = None,
        constraints: ConstraintChoice | None = None,
        generator_optimizer: OptimizerChoice | None = None,
        discriminator_optimizer: OptimizerChoice | None = None,
        training: TrainingConfig | None = None,
        execution: Execution | ExecutionConfig | None = None,
        image: ImageConfig | None = None,
        demands: CheckedDemands | None = None,
        settles: Sequence[Settle] = (),
        **settings: Any,
    ) -> None:
        # Settings.
        networks = chosen_networks(generator, discriminator)
        loss = chosen_loss(loss)
        own = generator_optimizer, discriminator_optimizer
        choices = Choices(latent, penalties, constraints, augment, *own, settles)
        resolved = resolve_settings(
            training, execution, image, settings, loss.settings(), networks, choices.own_optimizers
        )

        # Networks, their updates, batches of real images, EMA of the generator.
        images = data if is_loadable(data) else ImageStore.from_dataset(data)
        parts = assemble(networks, loss, choices, images, resolved, demands)
        super().__init__(parts, resolved.training, resolved.execution)

    def save(self, path: str, **options: Any) -> ganzoo.Run:
        """Write a run directory, to sample, export and evaluate it: see `ganzoo.save`."""
        import ganzoo  # which knows what is above the assembly

        return ganzoo.save(self, path, **options)
