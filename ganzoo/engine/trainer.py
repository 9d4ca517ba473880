"""The trainer: the step of a GAN, and the loop around it. This is the file to read first.

It takes networks, a loss and images from whoever has them; it knows neither plugins nor files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import Switch
from ganzoo.data.loading import Images
from ganzoo.engine import distributed
from ganzoo.engine.acceleration import (
    Captured,
    Computation,
    switched,
    wants_compile,
    wants_graphs,
    wants_kept_memory,
    wants_rearranging,
)
from ganzoo.engine.batches import Batches
from ganzoo.engine.convolutions import rearranged
from ganzoo.engine.critic import Augmentation, BoundCritic, check_demands
from ganzoo.engine.ema import MovingAverage
from ganzoo.engine.memory import kept_memory
from ganzoo.engine.objectives import (
    DiscriminatorObjective,
    Drawn,
    Due,
    GeneratorObjective,
    Objective,
    Seen,
    Terms,
    generate,
)
from ganzoo.engine.optimizers import frozen, make_optimizer
from ganzoo.engine.precision import PrecisionPolicy, resolve_device, resolve_precision
from ganzoo.engine.randomness import isolated, reseed
from ganzoo.engine.sampling import sample_images
from ganzoo.engine.settings import (
    AnyPenalty,
    combined_demands,
    default_penalties,
    resolve_training,
)
from ganzoo.engine.shares import shares
from ganzoo.engine.updates import Update
from ganzoo.errors import UsageError
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.values import Batch


class Trainer:
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
    of its own. The generator is judged by the fakes of the last of them, or, where `reuse_fakes`
    is off, by new ones beside another real batch.

    In a process group of `torch.distributed` every process makes the same trainer and calls the
    same methods; each works off its share of every batch.

    Args:
        generator: `generator(z) -> (N, C, H, W)` in [-1, 1]; `generator(z, labels)` if
            conditional.
        discriminator: `discriminator(images) -> (N,)` raw scores, no sigmoid; `(images, labels)`
            if conditional; or a dict of tensors with `"scores"`.
        loss: what they minimize.
        data: the real images.
        latent: the distribution of z, or the length of a normal one.
        penalties: by name. None takes the loss's own, an empty mapping none at all.
        augment: differentiable `(N, C, H, W) -> (N, C, H, W)`, applied to every image the
            discriminator sees, in penalties too.
        device: `"auto"`, `"cpu"`, `"cuda"`, …
        precision: of the networks: `"auto"`, `"fp32"`, `"bf16"` or `"fp16"`.
        penalty_precision: of the networks inside penalties: `"auto"`, `"fp32"` or `"bf16"`.
        compile: each side's objective by `torch.compile`: `"on"`, `"off"` or `"auto"`.
        cuda_graphs: each step as one CUDA graph: `"on"`, `"off"` or `"auto"`.
        channels_last: the memory format of images and weights: `"on"`, `"off"` or `"auto"`.
        fused: optimizers in one pass over the weights: `"on"`, `"off"` or `"auto"`.
        rearrange: convolutions in another way where torch is slow: `"on"`, `"off"` or `"auto"`.
        keep_memory: keep what one step frees for the next: `"on"`, `"off"` or `"auto"`.
        data_on_device: keep all images on the accelerator: `"on"`, `"off"` or `"auto"`.
        flip: mirror each real image, left to right, half of the times it is shown.
        training: fields of `ganzoo.config.TrainingConfig` (`batch_size`, `n_critic`,
            `generator_lr`, `betas`, `conditional`, `seed`, …); those not given are the loss's
            paper's, then the engine's.

    Raises:
        UsageError: a setting is out of range, or the data has no labels to train on.
        Unsupported: the discriminator breaks what the loss demands of it.
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
        device: str = "auto",
        precision: str = "auto",
        penalty_precision: str = "auto",
        compile: Switch = "auto",  # noqa: A002  # as torch has it
        cuda_graphs: Switch = "auto",
        channels_last: Switch = "auto",
        fused: Switch = "auto",
        rearrange: Switch = "auto",
        keep_memory: Switch = "auto",
        data_on_device: Switch = "auto",
        flip: bool = False,
        **training: Any,
    ) -> None:
        if penalties is None:
            penalties = default_penalties(loss)
        penalties = {name: p for name, p in penalties.items() if p.weight}
        demands = combined_demands(loss, penalties.values())
        self.training = resolve_training(training, loss.settings())
        self.conditional = self.training.conditional or demands.labels
        if self.conditional and not data.spec.num_classes:
            raise UsageError(
                "conditional training needs labels, and these images have none; "
                "train without --conditional, or with a loss that needs no labels"
            )
        self.shares = shares(
            self.training.batch_size,
            self.training.accumulate,
            distributed.rank(),
            distributed.world_size(),
        )
        """The parts of each batch that are worked off here."""
        self.device = resolve_device(device)
        distributed.claim(self.device)
        self.policy = PrecisionPolicy(
            self.device,
            resolve_precision(precision, self.device, generator, discriminator),
            penalty_precision,
        )
        last = switched(channels_last, "channels_last", auto=True)
        self.memory_format = torch.channels_last if last else torch.contiguous_format
        self.generator = self._placed(generator)
        self.discriminator = self._placed(discriminator)
        self.rearranges = wants_rearranging(rearrange, self.device)
        self.keeps_memory = wants_kept_memory(keep_memory, self.device)
        self.loss = loss.to(self.device)
        self.latent = NormalLatent(latent) if isinstance(latent, int) else latent
        self.image = data.spec
        apart = check_demands(self.discriminator, self.image, demands, self.conditional)

        # one that has parameters or buffers is moved and saved with the rest
        self.augment = augment.to(self.device) if isinstance(augment, nn.Module) else augment
        self.ema = MovingAverage(self.generator, self.training.ema_decay)

        divided = len(self.shares[0]) < self.training.batch_size
        self.keeps_fakes = self.training.reuse_fakes and not divided
        """Whether fakes are made once for both networks; else, where reused, anew of the same z."""
        graphs = wants_graphs(cuda_graphs, self.device, self.policy.networks, divided=divided)
        compiles = wants_compile(compile, divided=divided)
        fuses = switched(fused, "fused", auto=True)

        def update(objective: Objective, lr: float, network: nn.Module) -> Update:
            optimizer = make_optimizer(
                self.training, lr, network.parameters(), capturable=graphs, fused=fuses
            )
            scaler = self.policy.scaler()
            return Update(objective, optimizer, scaler, self.shares, compile=compiles)

        judging, fooling = self._objectives(penalties, at_once=apart)
        self.discriminator_update = update(
            judging, self.training.discriminator_lr, self.discriminator
        )
        self.generator_update = update(fooling, self.training.generator_lr, self.generator)
        self._run: Computation = self._updates
        if graphs:
            self._run = Captured(self._updates, (self.generator, self.discriminator))
        self.batches = Batches(
            data,
            self.training.batch_size,
            self.training.seed,
            self.device,
            rows=slice(self.shares[0].start, self.shares[-1].stop),
            flip=flip,
            on_device=data_on_device,
        )
        self.step = 0
        self.consistent = True
        """Whether all is as after `step` whole steps; not so where one broke off in the middle."""
        self.seen = Seen()
        """Images and scores of the latest updates, for those who look at the run."""
        self.stopped = False
        """Whether `fit` has ended because of `stop`, here or in another process."""
        self._stop = False

    def fit(self, steps: int | None = None, observers: Sequence[Observer] = ()) -> None:
        """Train until `steps` generator updates are done in all, counted from the first.

        Args:
            steps: `training.steps` if None; less than what is done already does nothing.
            observers: are told of the start, each step and the end, in this order.
        """
        steps = self.training.steps if steps is None else steps
        memory = kept_memory() if self.keeps_memory else nullcontext()
        with memory, isolated(self.device):
            try:
                for observer in observers:
                    observer.started(self, steps)
                with distributed.contact():
                    while self.step < steps:
                        stopping = distributed.anyone(lambda: self._stop)
                        terms = self.train_step()
                        for observer in observers:
                            observer.step(self, terms)
                        if stopping():
                            self.stopped = True
                            raise KeyboardInterrupt
                for observer in observers:
                    observer.finished(self)
            except BaseException as error:
                for observer in observers:
                    observer.failed(self, error)
                raise

    def stop(self) -> None:
        """Have `fit` end after the step it is in, by a KeyboardInterrupt; for signal handlers."""
        self._stop = True

    def train_step(self) -> Terms:
        """One generator update after `n_critic` discriminator updates.

        Returns:
            every term of both losses as of its last update, by `discriminator/name` and
            `generator/name`, without a graph, on the device.
        """
        self.consistent = False
        for network in (self.generator, self.discriminator):
            if not network.training:
                network.train()
        reseed(self.device, self.training.seed, "step", self.step)
        first = self.step * self.training.batches_per_step
        drawn = [self._draw(first + k) for k in range(self.training.batches_per_step)]
        with rearranged() if self.rearranges else nullcontext():
            terms, self.seen = self._run(drawn, self._due())
        self.ema.update()
        terms = distributed.mean(terms)
        self.step += 1
        self.consistent = True
        return terms

    def _placed(self, network: nn.Module) -> nn.Module:
        """On the device, in the memory format."""
        return network.to(self.device, memory_format=self.memory_format)  # type: ignore[call-overload, no-any-return]

    def _draw(self, k: int) -> Drawn:
        """What there is to do here of the k-th batch: real images, and z for as many fakes."""
        z = self.latent.sample(self.training.batch_size, device=self.device)
        real = self.batches[k]
        real = real.with_images(real.images.contiguous(memory_format=self.memory_format))
        return Drawn(real, z[self.batches.indices.rows])

    def _due(self) -> tuple[Due, ...]:
        """Names of the penalties of each update of a step, the generator's last."""
        n_critic = self.training.n_critic
        updates = range(self.step * n_critic, (self.step + 1) * n_critic)
        theirs = self.generator_update.objective.due(self.step)
        return (*(self.discriminator_update.objective.due(update) for update in updates), theirs)

    def _updates(self, drawn: Sequence[Drawn], due: tuple[Due, ...]) -> tuple[Terms, Seen]:
        """All updates of a step: work for the device alone, which may be captured as a whole."""
        terms: Terms = {}
        last = self.training.n_critic - 1
        fake = None
        for k in range(self.training.n_critic):
            if k == last and self.keeps_fakes:
                real, z = drawn[k]
                fake = generate(self.generator, z, real, self.discriminator_update.objective.critic)
            found, seen = self._update_discriminator(drawn[k], due[k], fake)
            terms |= found
        found, judged = self._update_generator(drawn[-1], due[-1], fake)
        scores = {"real_scores": seen.real_scores, "fake_scores": seen.fake_scores}
        return terms | found, judged._replace(**scores)

    def _update_discriminator(
        self, drawn: Drawn, due: Due, fake: Batch | None
    ) -> tuple[Terms, Seen]:
        terms, seen = self.discriminator_update(drawn, due, fake)
        with torch.no_grad():
            self.loss.after_discriminator_step(self.discriminator)
        return {f"discriminator/{name}": value for name, value in terms.items()}, seen

    def _update_generator(self, drawn: Drawn, due: Due, fake: Batch | None) -> tuple[Terms, Seen]:
        with frozen(self.discriminator_update.trained):
            terms, seen = self.generator_update(drawn, due, fake)
        return {f"generator/{name}": value for name, value in terms.items()}, seen

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images of the averaged generator; see `ganzoo.Run.sample`. Does not move training."""
        return sample_images(
            self.ema.module,
            self.latent,
            n,
            seed=seed,
            num_classes=self.image.num_classes if self.conditional else 0,
            labels=labels,
            truncation=truncation,
        )

    def _objectives(
        self, penalties: Mapping[str, AnyPenalty], *, at_once: bool
    ) -> tuple[DiscriminatorObjective, GeneratorObjective]:
        critic = BoundCritic(
            self.discriminator,
            self.policy,
            self.policy.networks,
            conditional=self.conditional,
            augment=self.augment,
        )
        mine = {k: p for k, p in penalties.items() if isinstance(p, Penalty)}
        theirs = {k: p for k, p in penalties.items() if isinstance(p, GeneratorPenalty)}
        common = (self.generator, critic, self.loss)
        return (
            DiscriminatorObjective(*common, mine, at_once=at_once).to(self.device),
            GeneratorObjective(*common, theirs).to(self.device),
        )

    def state_dict(self) -> dict[str, Any]:
        """Everything that training goes on from: there is no random state beyond the seed."""
        return {
            "step": self.step,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "ema": self.ema.state_dict(),
            "loss": self.loss.state_dict(),
            "augment": self.augment.state_dict() if isinstance(self.augment, nn.Module) else {},
            "discriminator_update": self.discriminator_update.state_dict(),
            "generator_update": self.generator_update.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`, bit for bit; learning rates are those of `training`."""
        self.step = state["step"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.ema.load_state_dict(state["ema"])
        self.loss.load_state_dict(state["loss"])
        if isinstance(self.augment, nn.Module):
            self.augment.load_state_dict(state["augment"])
        settings = self.training
        self.discriminator_update.load_state_dict(
            state["discriminator_update"], settings.discriminator_lr
        )
        self.generator_update.load_state_dict(state["generator_update"], settings.generator_lr)
