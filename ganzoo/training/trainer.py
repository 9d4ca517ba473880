"""The trainer: the step of a GAN, and the loop around it. This is the file to read first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig
from ganzoo.data.batches import Batches
from ganzoo.data.loading import Images
from ganzoo.discovery.penalties import default_penalties
from ganzoo.execution.execution import Execution
from ganzoo.freeze import frozen
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.randomness import isolated, reseed
from ganzoo.training.critic import Augmentation, BoundCritic
from ganzoo.training.demands import CheckedDemands, check_discriminator, combined_demands
from ganzoo.training.ema import MovingAverage
from ganzoo.training.objectives import generate
from ganzoo.training.settings import resolve_settings
from ganzoo.training.state import TrainingState
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms
from ganzoo.training.updates import make_updates


class Trainer(TrainingState):
    """Trains a generator against a discriminator with a loss on images.

        trainer = ganzoo.Trainer(
            generator=MyGenerator(), discriminator=MyDiscriminator(), latent=64,
            loss=ganzoo.create("loss", "hinge"),
            data=ganzoo.ImageStore.from_dataset(my_dataset, size=32),
            batch_size=32,
        )
        trainer.fit(1000)
        images = trainer.sample(16)

    One step is one generator update after `n_critic` discriminator updates, each on a real batch
    of its own. The generator update uses the fakes of the last discriminator update or, if
    `reuse_fakes` is off, new fakes beside another real batch.

    In a process group of `torch.distributed` every process makes the same trainer and calls the
    same methods; each computes its part of every batch (data parallel).

    Args:
        generator: `generator(z) -> (N, C, H, W)` in [-1, 1]; `generator(z, labels)` if
            conditional.
        discriminator: `discriminator(images) -> (N,)` raw scores, no sigmoid; `(images, labels)`
            if conditional; or a dict of tensors with `"scores"`.
        loss: what both minimize.
        data: the real images.
        latent: the distribution of z, or the length of a normal one.
        penalties: by name. None takes the loss's own, an empty mapping none at all.
        augment: differentiable `(N, C, H, W) -> (N, C, H, W)`, applied to every image that the
            discriminator sees, in penalties too.
        training: the optimization; what it leaves open is the loss's paper's.
        execution: how it is computed.
        image: its `horizontal_flip` is used.
        demands: those that the discriminator was seen to meet already; tried here if None.
        settings: fields of these sections by name, as `ganzoo.train` takes them: `batch_size`,
            `n_critic`, `device`, `precision`, `horizontal_flip`, …

    Raises:
        UsageError: a setting is out of range, or the data has no labels to train on.
        Unsupported: the discriminator does not meet what the loss demands of it.
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: Loss,
        data: Images,
        latent: Latent | int,
        penalties: Mapping[str, AnyPenalty] | None = None,
        augment: Augmentation | None = None,
        training: TrainingConfig | None = None,
        execution: Execution | ExecutionConfig | None = None,
        image: ImageConfig | None = None,
        demands: CheckedDemands | None = None,
        **settings: Any,
    ) -> None:
        # Settings.
        networks = (generator, discriminator)
        self.training, self.execution, image = resolve_settings(
            training, execution, image, settings, loss.settings(), networks
        )
        self.device = self.execution.device

        # Networks, loss, augmentation, EMA.
        self.generator = self.execution.place(generator)
        self.discriminator = self.execution.place(discriminator)
        self.loss = loss.to(self.device)
        self.augment = augment.to(self.device) if isinstance(augment, nn.Module) else augment
        self.latent = NormalLatent(latent) if isinstance(latent, int) else latent
        self.image = data.spec
        self.ema = MovingAverage(self.generator, self.training.ema_decay)

        # Penalties, and what they and the loss demand.
        penalties = default_penalties(loss) if penalties is None else penalties
        penalties = {name: penalty for name, penalty in penalties.items() if penalty.weight}
        if demands is None:
            wanted = combined_demands(
                loss, penalties.values(), conditional=self.training.conditional
            )
            demands = check_discriminator(self.discriminator, self.image, wanted)
        self.conditional = demands.demands.labels

        # Updates of both networks.
        critic = BoundCritic(self.discriminator, self.execution, self.conditional, self.augment)
        joint = demands.independent_scores
        self.discriminator_update, self.generator_update = make_updates(
            self.generator, critic, loss, penalties, self.training, joint_forward=joint
        )
        self.shares_fakes = self.training.reuse_fakes and self.execution.whole_batches
        """Whether both networks' updates see the same fakes, made once with their graph."""
        self._update_networks = self.execution.captured(self.update_networks, networks)

        # Batches of real images.
        self.batches = Batches(
            data,
            self.training.batch_size,
            self.training.seed,
            self.device,
            rows=self.execution.rows,
            horizontal_flip=image.horizontal_flip,
            on_device=self.execution.data_on_device,
        )

        # Progress.
        self.step = 0
        self.consistent = True
        """Whether the state is that after `step` whole steps."""
        self.record = StepRecord()
        self.stopped = False
        """Whether `fit` has ended because of `stop`, here or in another process."""
        self._stop = False

    def fit(self, steps: int | None = None, observers: Sequence[Observer] = ()) -> None:
        """Train until `steps` generator updates are done, counted from the first.

        Args:
            steps: `training.steps` if None; nothing happens if as many are done already.
            observers: called at the start, after each step and at the end, in this order.
        """
        steps = self.training.steps if steps is None else steps
        with isolated(self.device):
            try:
                for observer in observers:
                    observer.started(self, steps)

                # Train; a request to stop ends all processes after the same step.
                with self.execution.lost_process_explained():
                    while self.step < steps:
                        stop_requested = self.execution.any_process(lambda: self._stop)
                        terms = self.train_step()
                        for observer in observers:
                            observer.step(self, terms)
                        if stop_requested():
                            self.stopped = True
                            raise KeyboardInterrupt

                for observer in observers:
                    observer.finished(self)
            except BaseException as error:
                for observer in observers:
                    observer.failed(self, error)
                raise

    def stop(self) -> None:
        """Let `fit` end after the current step, by a KeyboardInterrupt; for signal handlers."""
        self._stop = True

    def train_step(self) -> Terms:
        """One generator update after `n_critic` discriminator updates.

        Returns:
            every term of both losses as of its last update, by `discriminator/name` and
            `generator/name`, without a graph, on the device.
        """
        # Seed the random numbers of this step.
        self.consistent = False
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
        fake = detached = None

        # Discriminator: n_critic updates, each on a real batch of its own.
        for k in range(self.training.n_critic):
            if self.shares_fakes and k == self.training.n_critic - 1:
                critic = self.discriminator_update.objective.critic
                fake = generate(self.generator, inputs[k].z, inputs[k].real, critic)
                detached = fake.with_images(fake.images.detach())
            update_terms, seen = self.discriminator_update(inputs[k], active_penalties[k], detached)
            with torch.no_grad():
                self.loss.after_discriminator_step(self.discriminator)
            terms |= {f"discriminator/{name}": value for name, value in update_terms.items()}

        # Generator: one update through the frozen discriminator.
        with frozen(self.discriminator_update.parameters):
            update_terms, record = self.generator_update(inputs[-1], active_penalties[-1], fake)
        terms |= {f"generator/{name}": value for name, value in update_terms.items()}

        return terms, record._replace(real_scores=seen.real_scores, fake_scores=seen.fake_scores)

    def _draw(self, k: int) -> StepInput:
        """The k-th real batch, and z for as many fakes; the rows of this process."""
        z = self.latent.sample(self.training.batch_size, device=self.device)
        return StepInput(self.execution.place_batch(self.batches[k]), z[self.execution.rows])
