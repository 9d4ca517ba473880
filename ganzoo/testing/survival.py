"""Promises of an architecture about copies, other precisions and layouts, and the compiler."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from unittest import SkipTest

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from ganzoo.testing.core import Broken, Promises, expect
from ganzoo.testing.networks import (
    WITH_LOGITS,
    ArchitectureBench,
    Built,
    Outputs,
    expect_close,
    weighted_sum,
)

promise = Promises(ArchitectureBench)


@promise(
    mend="keep every tensor as an nn.Parameter or with `register_buffer`, and share no memory "
    "between them"
)
def state_dict_round_trip(bench: ArchitectureBench) -> None:
    """Networks that load the weights of others, through safetensors, have the same outputs."""
    for built in bench.all_variants():
        rebuilt = bench.build(built.demands, built.image, seed=6)
        for (name, network), (_, other) in zip(built.both, rebuilt.both, strict=True):
            x = built.input_of(name)
            built.outputs(network, x)  # changes buffers
            state = {key: value.contiguous() for key, value in network.state_dict().items()}
            other.load_state_dict(load(save(state)))
            built.eval()
            rebuilt.eval()
            actual, expected = built.outputs(other, x), built.outputs(network, x)
            where = "after load_state_dict into a fresh one"
            expect_close(built.title(name), actual, expected, where=where)


@promise(
    mend="keep no tensor with a graph as an attribute after a call, and no lambda or bound "
    "method that refers to the module: a copy's would still refer to the first"
)
def deep_copies(bench: ArchitectureBench) -> None:
    """A deepcopy, made after a call, has the same outputs and shares nothing with the original."""
    for built in bench.all_variants():
        built.eval()
        for name, network in built.both:
            # Copy.
            x, what = built.input_of(name), built.title(name)
            before = built.outputs(network, x)
            try:
                copy = deepcopy(network)
            except Exception as error:  # copying may raise anything
                raise Broken(f"the {name} cannot be copied after a call: {error}") from error
            expect_close(what, built.outputs(copy, x), before, where="copied")

            # Change the copy.
            with torch.no_grad():
                for parameter in copy.parameters():
                    parameter.zero_()
            after = built.outputs(network, x)
            expect_close(what, after, before, where="after its copy was changed")
            zeroed = built.outputs(copy, x)
            same = all(torch.equal(zeroed[key], value) for key, value in before.items())
            expect(not same, f"a copy of the {name} computes with the weights of the first")


@promise(
    mend="replace functions whose backward is not differentiable (`once_differentiable`, "
    "in-place changes, `.data`) between images and scores"
)
def double_backward(bench: ArchitectureBench) -> None:
    """The gradient with respect to the input has a right gradient itself, as penalties need."""
    for built in bench.all_variants():
        for name, network in built.both:
            what = f"of {built.title(name)}"
            norm = _gradient_norm(built, network, built.input_of(name))
            expect(norm.requires_grad, f"the input's gradient {what} has no graph")
            torch.autograd.backward(norm)
            seconds = [p.grad for p in network.parameters() if p.grad is not None]
            finite = all(second.isfinite().all() for second in seconds)
            expect(finite, f"the second gradient {what} is not finite")
            nonzero = any(second.any() for second in seconds)
            expect(nonzero, f"the second gradient {what} reaches no parameter")

            # Compare with finite differences.
            with suppress(RuntimeError):  # a network need not run in float64
                double = network.eval().double()
                _expect_right_slope(built, double, built.input_of(name).double(), what)


@promise(
    mend="let autocast choose dtypes: cast to the dtype of another tensor (`y.to(x.dtype)`) "
    "before torch.lerp, index assignment and in-place sums; compute variances in float32"
)
def bfloat16_autocast(bench: ArchitectureBench) -> None:
    """Under bfloat16 autocast outputs are close to those in float32, and gradients are finite."""
    for built in bench.all_variants():
        for name, network in built.both:
            x = built.input_of(name)
            network.train()
            with torch.autocast("cpu", torch.bfloat16):
                outputs = built.outputs(network, x)
            torch.autograd.backward(weighted_sum(outputs))
            finite = all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
            expect(finite, f"a gradient of the {name} in bfloat16 is not finite")
            network.eval()
            expected = built.outputs(network, x)
            with torch.autocast("cpu", torch.bfloat16):
                actual = built.outputs(network, x)
            where = "under autocast"
            expect_close(built.title(name), actual, expected, where=where, tolerance=0.1)


@promise(
    mend="use `flatten` and `reshape`, not `view`, on feature maps, and do not depend on strides"
)
def channels_last(bench: ArchitectureBench) -> None:
    """With weights and images in channels_last, outputs and gradients are the same."""
    layout = torch.channels_last
    for built in bench.all_variants():
        built.eval()
        for name, network in built.both:
            x, what = built.input_of(name), built.title(name)
            expected, expected_gradients = _outputs_and_gradients(built, network, x)
            converted = network.to(memory_format=layout)
            x = x.to(memory_format=layout) if x.ndim == 4 else x
            actual, gradients = _outputs_and_gradients(built, converted, x)
            expect_close(what, actual, expected, where="in channels_last")
            expect_close(what, gradients, expected_gradients, where="in channels_last")


@promise(
    mend="remove what differs if `torch.compiler.is_compiling()`, and side effects on Python "
    "objects; `TORCH_LOGS=graph_breaks` shows what the compiler cannot follow"
)
def torch_compile(bench: ArchitectureBench) -> None:
    """Compiled by torch.compile, both networks have the same outputs and gradients.

    The backend captures, differentiates and runs the graphs, but generates no machine code: it
    needs no C compiler and is fast.
    """
    try:
        torch.compile(nn.Identity(), backend="eager")
    except RuntimeError as error:  # a Python that is too new, for example
        raise SkipTest(f"torch.compile does not run here: {error}") from None
    for built in bench.variants(WITH_LOGITS):
        built.eval()
        for name, network in built.both:
            x, what = built.input_of(name), built.title(name)
            expected, expected_gradients = _outputs_and_gradients(built, network, x)
            with _silenced_compiler():
                network.compile(backend="aot_eager")
                actual, gradients = _outputs_and_gradients(built, network, x)
            expect_close(what, actual, expected, where="compiled")
            expect_close(what, gradients, expected_gradients, where="compiled")


def _outputs_and_gradients(built: Built, network: nn.Module, x: Tensor) -> tuple[Outputs, Outputs]:
    """Outputs of a network, and the gradients of its parameters by name."""
    network.zero_grad()
    outputs = built.outputs(network, x)
    torch.autograd.backward(weighted_sum(outputs))
    gradients = {k: p.grad for k, p in network.named_parameters() if p.grad is not None}
    return {k: v.detach() for k, v in outputs.items()}, gradients


@contextmanager
def _silenced_compiler() -> Iterator[None]:
    """Silence the compiler's debug log, which pytest would show below a failure."""
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        yield
    finally:
        logging.disable(before)
        torch.compiler.reset()


def _gradient_norm(built: Built, network: nn.Module, x: Tensor) -> Tensor:
    """Half the squared norm of the output's gradient with respect to the input, with a graph.

    The input is z or images, and a condition of floats. A network need not use both.
    """
    inputs = [x, *(c.to(x.dtype) for c in built.labels(len(x)) if c.is_floating_point())]
    inputs = [value.detach().requires_grad_() for value in inputs]
    gradients = torch.autograd.grad(
        weighted_sum(built.outputs(network, *inputs)), inputs, create_graph=True, allow_unused=True
    )
    norms = [0.5 * gradient.square().sum() for gradient in gradients if gradient is not None]
    expect(norms, "the output does not depend on the input")
    return torch.stack(norms).sum()


def _expect_right_slope(built: Built, network: nn.Module, x: Tensor, what: str) -> None:
    """Expect that the norm's slope along a direction of the parameters is its central difference.

    The step is so short that no unit passes a kink of its ReLU, where the norm jumps.
    """
    step = 1e-9
    parameters = [p for p in network.parameters() if p.requires_grad]
    rng = torch.Generator().manual_seed(6)
    directions = [torch.randn(p.shape, dtype=p.dtype, generator=rng) for p in parameters]

    # Slope by autograd.
    norm = _gradient_norm(built, network, x)
    gradients = torch.autograd.grad(norm, parameters, allow_unused=True)
    analytic = 0.0
    for gradient, direction in zip(gradients, directions, strict=True):
        if gradient is not None:
            analytic += (gradient * direction).sum().item()

    # Slope by a central difference.
    values = []
    for move in (step, -2 * step):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(direction, alpha=move)
        values.append(_gradient_norm(built, network, x).item())
    numeric = (values[0] - values[1]) / (2 * step)

    expect(
        abs(analytic - numeric) <= 1e-2 * abs(numeric) + 1e-4 * norm.item(),
        f"the second gradient {what} is wrong: along some direction {analytic:.4g}, by finite "
        f"differences in float64 {numeric:.4g}",
    )
