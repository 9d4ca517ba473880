"""The trainer: the step of a GAN, and the loop around it. This is the file to read first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig
from ganzoo.data.accepting import AnyImages, is_loadable
from ganzoo.data.store import ImageStore
from ganzoo.execution.execution import Execution
from ganzoo.freeze import frozen
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.observer import Observer
from ganzoo.randomness import isolated, reseed
from ganzoo.sampling import Settle
from ganzoo.training import assembly
from ganzoo.training.budget import TimeBudget, length
from ganzoo.training.demands import CheckedDemands
from ganzoo.training.divergence import DivergenceCheck
from ganzoo.training.ema import decay_at
from ganzoo.training.own_optimizer import OptimizerChoice
from ganzoo.training.settings import resolve_settings
from ganzoo.training.state import TrainingState
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms


class Trainer(TrainingState):
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
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: assembly.LossChoice,
        data: AnyImages,
        latent: Latent | int,
        penalties: assembly.PenaltyChoice | None = None,
        augment: assembly.AugmentationChoice | None = None,
        constraints: assembly.ConstraintChoice | None = None,
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
        networks = assembly.chosen_networks(generator, discriminator)
        loss = assembly.chosen_loss(loss)
        own = generator_optimizer, discriminator_optimizer
        choices = assembly.Choices(latent, penalties, constraints, augment, *own, settles)
        resolved = resolve_settings(
            training, execution, image, settings, loss.settings(), networks, choices.own_optimizers
        )
        images = data if is_loadable(data) else ImageStore.from_dataset(data)
        self.execution, self.device = resolved.execution, resolved.execution.device

        # Networks, their updates, batches of real images, EMA of the generator.
        parts = assembly.assemble(networks, loss, choices, images, resolved, demands)
        super().__init__(parts, resolved.training)
        self.shares_fakes = self.training.reuse_fakes and self.execution.whole_batches
        """Whether both networks' updates see the same fakes, made once with their graph."""
        self._update_networks = self.execution.captured(
            self.update_networks, parts.networks, parts.obstacle_to_capture
        )

        # Progress.
        self.record = StepRecord()
        self.checks: list[Observer] = [DivergenceCheck()]
        self.stopped = False
        """Whether `fit` has ended because of `stop`, here or in another process."""
        self._stop: Literal["", "stop", "interrupt"] = ""

    def fit(
        self,
        steps: int | None = None,
        observers: Sequence[Observer] = (),
        minutes: float | None = None,
    ) -> None:
        """Train until `steps` generator updates are done, counted from the first.

        Args:
            steps: nothing happens if as many are done already.
            observers: called at the start, after each step and at the end, in this order.
            minutes: end earlier when they have passed; both as in `training` if neither is given.

        Raises:
            Diverged: a loss or a weight is no longer finite.
        """
        steps, minutes = length(self.training, self.batches.order.count, steps, minutes)
        budget = TimeBudget(minutes, self.stop)
        observers, self.stopped = [*self.checks, *observers, budget], False
        with isolated(self.device):
            try:
                for observer in observers:
                    observer.started(self, steps)

                # Train; a request to stop ends all processes after the same step.
                with self.execution.lost_process_explained():
                    while self.step < steps and not self.stopped:
                        stop_requested = self.execution.any_process(lambda: self._stop != "")
                        terms = self.train_step()
                        for observer in observers:
                            observer.step(self, terms)
                        self.stopped = stop_requested()
                    if self.stopped:
                        request, self._stop = self._stop, ""
                        if self.execution.any_process(lambda: request == "interrupt")():
                            raise KeyboardInterrupt

                for observer in observers:
                    observer.finished(self)
            except BaseException as error:
                for observer in observers:
                    observer.failed(self, error)
                raise

    def stop(self, *, interrupt: bool = False) -> None:
        """Let `fit` return after the current step; or raise KeyboardInterrupt, for signals."""
        self._stop = "interrupt" if interrupt or self._stop == "interrupt" else "stop"

    def train_step(self) -> Terms:
        """One generator update after `n_critic` discriminator updates.

        Returns:
            every term of both losses as of its last update, by `discriminator/name` and
            `generator/name`, without a graph, on the device.
        """
        # Set what is scheduled.
        self.consistent = False
        progress = self.training.progress(self.step)
        for part in (self.loss, self.augment, self.discriminator_update, self.generator_update):
            if part is not None:
                part.at(progress)

        # Seed the random numbers of this step.
        for network in (self.generator, self.discriminator):
            if not network.training:
                network.train()
        reseed(self.device, self.training.seed, "step", self.step)

        # Draw real images and z of every update.
        n_critic, batches = self.training.n_critic, self.training.batches_per_step
        inputs = [self._draw(self.step * batches + k) for k in range(batches)]

        # Choose the penalties of every update (lazy regularization).
        updates = range(self.step * n_critic, (self.step + 1) * n_critic)
        active = [self.discriminator_update.objective.active_penalties(n) for n in updates]
        active.append(self.generator_update.objective.active_penalties(self.step))

        # Update both networks.
        terms, self.record = self._update_networks(inputs, tuple(active))

        # Update the EMA of the generator.
        self.ema.decay = decay_at(self.training, progress)
        self.ema.update()

        # Average the terms over all processes.
        terms = self.execution.mean_over_processes(terms)
        self.step += 1
        self.consistent = True
        return terms

    def update_networks(
        self, inputs: Sequence[StepInput], active_penalties: tuple[ActivePenalties, ...]
    ) -> tuple[Terms, StepRecord]:
        """All updates of a step. Nothing here waits for the device, so a graph can capture it.

        Args:
            inputs: real images and z of each discriminator update; those of the generator update
                are the last.
            active_penalties: names of the penalties of each update, the generator's last.
        """
        terms: Terms = {}
        fake = None

        # Discriminator: n_critic updates, each on a real batch of its own.
        for k in range(self.training.n_critic):
            if self.shares_fakes and k == self.training.n_critic - 1:
                real, z = inputs[k]
                fake = self.generator_update.objective.generate(z, real.labels)
            detached = None if fake is None else fake.detach()
            update_terms, seen = self.discriminator_update(inputs[k], active_penalties[k], detached)
            terms |= {f"discriminator/{name}": value for name, value in update_terms.items()}

            # Let augmentations adapt to the scores.
            if self.augment is not None:
                scores = map(self.execution.gather, (seen.real_scores, seen.fake_scores))
                with torch.no_grad():
                    logged = self.augment.after_discriminator_step(*scores)
                terms |= {f"augment/{name}": value for name, value in logged.items()}

        # Generator: one update through the frozen discriminator.
        with frozen(self.discriminator_update.parameters):
            update_terms, record = self.generator_update(inputs[-1], active_penalties[-1], fake)
        terms |= {f"generator/{name}": value for name, value in update_terms.items()}

        return terms, record._replace(real_scores=seen.real_scores, fake_scores=seen.fake_scores)

    def _draw(self, k: int) -> StepInput:
        """The k-th real batch, and z for as many fakes; the rows of this process."""
        z = self.latent.sample(self.training.batch_size, device=self.device).to(self.dtype)
        real = self.execution.place_batch(self.batches[k])
        return StepInput(real.with_images(real.images.to(self.dtype)), z[self.execution.rows])
