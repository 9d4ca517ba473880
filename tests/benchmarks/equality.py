"""Do captured and compiled steps train as eager ones do?"""

from __future__ import annotations

import math
import os
from typing import Any, NamedTuple

import torch
from cases import noise_trainer
from modes import MODES, fresh_compiler, refusals
from torch import Tensor, nn

import ganzoo
from ganzoo.assembly.demands import combined_demands

TOLERANCE = 0.02
"""The largest difference of weights allowed, relative to the distance that training moved them.

Where a mode only rounds in another order, 100 steps of Adam make about 0.005 of it; where it draws
other random numbers, 0.1. But a rounding that flips the sign of an activation is enlarged: `hinge`
then differs by 0.04, `wgan-div` by 0.14. Where a mode differs by more than this, it may differ by
twice as much as the farthest of `NUDGED` eager trainings whose initial weights differ by `NUDGE`.
"""

NUDGE = 1e-6
"""A relative change of weights, about that of a sum of some hundred float32 in another order."""

NUDGED = 4

ARCH = {"name": "dcgan", "base_channels": 4, "latent_dim": 16}
CLASSES, SHAPE, BATCH_SIZE = 3, (1, 16, 16), 16

PENALISED: dict[str, dict[str, dict[str, Any]]] = {
    "bce + lazy r1": {"r1": {"interval": 4}},
    "bce + dragan": {"dragan": {}},
}
"""Penalties that no loss brings by itself, on the loss `bce`."""


class Trained(NamedTuple):
    """What a training leaves, on the CPU.

    Attributes:
        refusal: why a mode was refused; empty if it was not.
        initial: the parameters of both networks in float64, before the first step.
        final: the same after the last.
        state: all tensors of both networks.
    """

    refusal: str
    initial: list[Tensor]
    final: list[Tensor]
    state: dict[str, Tensor]


def losses() -> list[str]:
    """Every installed loss, and `bce` with other penalties."""
    return [*(name for name in ganzoo.names("loss") if _fits(name)), *PENALISED]


def _fits(loss: str) -> bool:
    """Whether it demands no output that only some architectures compute."""
    made = ganzoo.create("loss", loss)
    penalties = [ganzoo.create("penalty", name) for name in made.default_penalties()]
    outputs = combined_demands(made, penalties).outputs.values()
    return all(output.size != "own" for output in outputs)


def compare(loss: str, precision: str, mode: str, *, device: str, steps: int) -> dict[str, Any]:
    """Train the same networks in eager mode and in another mode, and compare their weights.

    Returns:
        `outcome`: `"passed"`, `"failed"`, or `"refused"` with `why`. `equal_to_the_bit`.
        `of_the_weights` and `of_the_training`: the norm of the difference over that of the weights,
        and over that of their change since initialization; the larger of both networks.
    """
    _make_repeatable()
    found = train(loss, precision, mode, device, steps)
    if found.refusal:
        return {"outcome": "refused", "why": found.refusal}
    expected = train(loss, precision, "eager", device, steps)

    of_the_weights, of_the_training = differences(found, expected)

    # A captured step runs the same kernels: it must be equal to the bit, if eager mode is.
    # A compiled one rounds in another order: it must do no more than nudged weights do.
    equal, allowed = same(found, expected), TOLERANCE
    if "compile" not in MODES[mode] and not equal:
        again = train(loss, precision, "eager", device, steps)
        allowed = 0.0 if same(again, expected) else TOLERANCE
    elif of_the_training > TOLERANCE:
        others = [train(loss, precision, "eager", device, steps, nudge=n) for n in range(NUDGED)]
        allowed = max(TOLERANCE, *(2 * differences(other, expected)[1] for other in others))
    if not math.isfinite(of_the_training):
        return {"outcome": "failed", "why": "the weights are not finite"}
    return {
        "outcome": "passed" if equal or 0 < of_the_training <= allowed else "failed",
        "equal_to_the_bit": equal,
        "of_the_weights": of_the_weights,
        "of_the_training": of_the_training,
        "allowed": allowed,
        "steps": steps,
    }


def differences(found: Trained, expected: Trained) -> tuple[float, float]:
    """The norm of the difference over that of the weights, and over that of their change.

    Both are the larger of the two networks.
    """
    both = zip(found.final, expected.final, expected.initial, strict=True)
    ratios = [
        [norm(ours - final) / norm(final), norm(ours - final) / norm(final - initial)]
        for ours, final, initial in both
    ]
    of_the_weights, of_the_training = torch.tensor(ratios).amax(0).tolist()
    return of_the_weights, of_the_training


def train(
    loss: str, precision: str, mode: str, device: str, steps: int, *, nudge: int | None = None
) -> Trained:
    """Train small networks; ends early if a mode is refused.

    Args:
        nudge: the seed of a small change of the initial weights; none if it is None.
    """
    with fresh_compiler(mode), refusals() as refusal:
        trainer = noise_trainer(
            ARCH,
            loss.partition(" ")[0],
            SHAPE,
            penalty=PENALISED.get(loss),
            classes=CLASSES,
            batch_size=BATCH_SIZE,
            device=device,
            precision=precision,
            **MODES[mode],
        )
        networks = (trainer.generator, trainer.discriminator)
        initial = [parameters(network) for network in networks]
        if nudge is not None:
            rng = torch.Generator().manual_seed(nudge)
            for parameter in (p for network in networks for p in network.parameters()):
                signs = torch.randn(parameter.shape, generator=rng).sign()
                parameter.data *= 1 + NUDGE * signs.to(parameter)
        for _ in range(steps):
            if not refusal():
                trainer.train_step()
        state = {
            f"{number}.{name}": value.cpu()
            for number, network in enumerate(networks)
            for name, value in network.state_dict().items()
        }
        return Trained(refusal(), initial, [parameters(network) for network in networks], state)


def parameters(network: nn.Module) -> Tensor:
    """All parameters as one vector, in float64 on the CPU."""
    return torch.cat([p.detach().cpu().double().flatten() for p in network.parameters()])


def norm(vector: Tensor) -> float:
    """The Euclidean norm."""
    return float(torch.linalg.vector_norm(vector))


def same(a: Trained, b: Trained) -> bool:
    """Whether all tensors are equal to the bit."""
    return all(torch.equal(a.state[name], b.state[name]) for name in b.state)


def _make_repeatable() -> None:
    """Let eager mode repeat itself to the bit."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.allow_tf32 = False  # its rounding would hide differences
