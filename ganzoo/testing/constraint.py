"""Promises of a constraint on the weights of a network."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from ganzoo.interfaces.constraint import Constraint
from ganzoo.testing.core import Bench, Promises, expect

N = 4
"""Images in a batch."""


class Stack(nn.Module):
    """A small network with layers of every common kind, and a frozen part."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.get_rng_state()
        torch.default_generator.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)
        self.embed = nn.Embedding(3, 4)
        self.norm = nn.GroupNorm(1, 4)
        self.frozen = nn.Conv2d(4, 4, 1).requires_grad_(False)
        self.score = nn.Linear(4, 1)
        torch.set_rng_state(rng)

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, 3, H, W)` to scores `(N,)`."""
        features = self.second(torch.tanh(self.first(images)))
        labels = torch.arange(len(images)) % 3
        features = self.norm(features) + self.embed(labels)[:, :, None, None]
        scores: Tensor = self.score(torch.tanh(self.frozen(features)).mean((2, 3)))
        return scores[:, 0]


class ConstraintBench(Bench):
    """A constraint under test."""

    def constrained(self, *, seed: int = 1) -> tuple[Constraint, Stack]:
        """Make it, and a network that it has wrapped, with random numbers from the seed."""
        constraint, network = self.make(), Stack()
        torch.default_generator.manual_seed(seed)
        constraint.wrap(network)
        return constraint, network

    def updated(self, steps: int = 3) -> tuple[Constraint, Stack]:
        """A network after some updates under the constraint."""
        constraint, network = self.constrained()
        trained = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trained, lr=0.1)
        for seed in range(steps):
            images = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
            loss = network(images).square().mean() - network(images).mean()
            penalty = constraint.penalty(network)
            optimizer.zero_grad()
            torch.autograd.backward(loss if penalty is None else loss + penalty)
            optimizer.step()
            with torch.no_grad():
                constraint.after_update(network)
        return constraint, network


promise = Promises(ConstraintBench)


@promise(mend="leave out parameters whose `requires_grad` is off, and their layers")
def leaves_frozen_parts_alone(bench: ConstraintBench) -> None:
    """Parameters that do not require gradients keep their values and their names."""
    _, network = bench.updated()
    expect(isinstance(network.frozen.weight, nn.Parameter), "it wraps a frozen layer")
    same = torch.equal(network.frozen.weight, Stack().frozen.weight)
    expect(same, "it changes the weights of a frozen layer")


@promise(
    mend="register what `wrap` adds as parameters, buffers or parametrizations of the layers, and "
    "make it from the layer alone"
)
def state_round_trip(bench: ConstraintBench) -> None:
    """A wrapped network that loads another's state_dict computes the same."""
    (_, network), (_, loaded) = bench.updated(), bench.constrained(seed=2)
    loaded.load_state_dict(network.state_dict())
    images = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    for mode in (True, False):
        first, second = (each.train(mode)(images) for each in (network, loaded))
        expect(torch.equal(first, second), "after load_state_dict it computes something else")


@promise(mend="keep no reference to the layers you wrap; keep state in buffers of the network")
def deep_copies(bench: ConstraintBench) -> None:
    """A deep copy of a wrapped network, as the average of the generator is one, is independent."""
    constraint, network = bench.updated()
    copy = deepcopy(network).eval()
    images = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    before = copy(images)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
        constraint.after_update(network)
        network.train()(images)
    expect(torch.equal(copy(images), before), "a copy changes with the network it was made of")


@promise(mend="in `settle`, change the copy that you are given alone, its layers' own tensors")
def settling_changes_the_copy_alone(bench: ConstraintBench) -> None:
    """A settled copy still computes finite values, and the network it was made of is as before."""
    constraint, network = bench.updated()
    images = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    before = network.eval()(images)
    copy = deepcopy(network)
    with torch.no_grad():
        constraint.settle(copy)
    expect(copy.eval()(images).isfinite().all(), "a settled copy computes something infinite")
    expect(torch.equal(network(images), before), "settling a copy changes the original")


@promise(mend="change weights under `torch.no_grad()`, in place, by functions that can be repeated")
def after_update_is_idempotent(bench: ConstraintBench) -> None:
    """Applied twice after an update, it changes no more than once."""
    constraint, network = bench.updated()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        constraint.after_update(network)
    for name, value in network.state_dict().items():
        change = (value - before[name]).abs().max().item()
        expect(change <= 1e-5, f"a second application moves '{name}' by {change:.2g}")


@promise(mend="return a scalar of the weights with their graph, at least 0, or None")
def penalty_is_a_scalar(bench: ConstraintBench) -> None:
    """Its penalty, if it has one, is a scalar that is not negative and has a gradient."""
    constraint, network = bench.updated()
    penalty = constraint.penalty(network)
    if penalty is None:
        return
    expect(isinstance(penalty, Tensor) and not penalty.ndim, "the penalty is no scalar")
    expect(penalty.item() >= 0, f"the penalty is {penalty.item():.4g}")
    expect(penalty.requires_grad, "the penalty has no gradient by the weights")


@promise(mend="change only the network that you are given, in place")
def constrains_something(bench: ConstraintBench) -> None:
    """It wraps layers, changes weights after an update, or gives a penalty."""
    constraint, network = bench.constrained()
    wrapped = set(network.state_dict()) != set(Stack().state_dict())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.mul_(10)
        moved = {name: value.clone() for name, value in network.state_dict().items()}
        constraint.after_update(network)
    after = network.state_dict()
    acts = any(not torch.equal(after[name], moved[name]) for name in before)
    penalizes = constraint.penalty(network) is not None
    expect(wrapped or acts or penalizes, "it does none of the three")
