"""The training loop: the step of a GAN, and the loop around it. This is the file to read first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

from ganzoo.config import TrainingConfig
from ganzoo.config.length import length
from ganzoo.errors import instances
from ganzoo.execution.execution import Execution
from ganzoo.freeze import frozen
from ganzoo.interfaces.observer import Observer
from ganzoo.monitoring.divergence import DivergenceCheck
from ganzoo.monitoring.time_budget import TimeBudget
from ganzoo.randomness import isolated, reseed
from ganzoo.training.ema import decay_at
from ganzoo.training.state import Parts, TrainingState
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms


class TrainingLoop(TrainingState):
    """Trains the parts of a trainer, see `ganzoo.Trainer`.

    Args:
        parts: networks, their updates, batches of real images.
        training: the optimization.
        execution: how it is computed.
    """

    def __init__(self, parts: Parts, training: TrainingConfig, execution: Execution) -> None:
        super().__init__(parts, training)
        self.execution, self.device = execution, execution.device
        self.shares_fakes = training.reuse_fakes and execution.whole_batches
        """Whether both networks' updates see the same fakes, made once with their graph."""
        self._update_networks = execution.captured(
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
        own = instances("observers", observers, Observer)
        observers, self.stopped = [*self.checks, *own, budget], False
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
