"""What an architecture's networks must survive: copies, other precisions and layouts, compilers."""

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
    describe,
    expect_close,
    total,
)

promise = Promises(ArchitectureBench)


@promise(
    mend="keep every tensor as an nn.Parameter or with `register_buffer`, each in memory of its own"
)
def state_dict_round_trip(bench: ArchitectureBench) -> None:
    """Networks that take another's weights, through safetensors, give what that other gives."""
    for built in bench.all_variants():
        other = bench.build(built.demands, seed=6)
        for (name, network), (_, twin) in zip(built.both, other.both, strict=True):
            x = built.input_of(name)
            built.outputs(network, x)  # so that buffers move
            state = {key: value.contiguous() for key, value in network.state_dict().items()}
            twin.load_state_dict(load(save(state)))
            built.eval()
            other.eval()
            where = "after load_state_dict into a fresh one"
            expect_close(
                name, built, built.outputs(twin, x), built.outputs(network, x), where=where
            )


@promise(
    mend="keep no tensor with a graph as an attribute after a call, and no lambda or bound "
    "method that refers to the module: a copy's would still refer to the first"
)
def deep_copies(bench: ArchitectureBench) -> None:
    """A deepcopy, made after a call, gives the same and shares nothing with the first."""
    for built in bench.all_variants():
        built.eval()
        for name, network in built.both:
            x = built.input_of(name)
            before = built.outputs(network, x)
            try:
                copy = deepcopy(network)
            except Exception as error:  # whatever copying may raise
                raise Broken(f"the {name} cannot be copied after a call: {error}") from error
            expect_close(name, built, built.outputs(copy, x), before, where="copied")
            with torch.no_grad():
                for parameter in copy.parameters():
                    parameter.zero_()
            after = built.outputs(network, x)
            expect_close(name, built, after, before, where="after its copy was changed")
            zeroed = built.outputs(copy, x)
            same = all(torch.equal(zeroed[key], value) for key, value in before.items())
            expect(not same, f"a copy of the {name} computes with the weights of the first")


@promise(
    mend="replace functions whose backward is not differentiable (`once_differentiable`, "
    "in-place changes, `.data`) on the way from images to scores"
)
def double_backward(bench: ArchitectureBench) -> None:
    """A gradient by the input has itself a gradient, and the right one, as penalties need."""
    for built in bench.all_variants():
        for name, network in built.both:
            what = f"of the {name} built {describe(built.demands)}"
            norm = _gradient_norm(built, network, built.input_of(name))
            expect(norm.requires_grad, f"the input's gradient {what} has no graph")
            torch.autograd.backward(norm)
            seconds = [p.grad for p in network.parameters() if p.grad is not None]
            finite = all(second.isfinite().all() for second in seconds)
            expect(finite, f"the second gradient {what} is not finite")
            some = any(second.any() for second in seconds)
            expect(some, f"the second gradient {what} reaches no parameter")
            with suppress(RuntimeError):  # some networks cannot run in float64, and need not
                double = network.eval().double()
                _expect_right_slope(built, double, built.input_of(name).double(), what)


@promise(
    mend="let autocast choose dtypes: cast to the dtype of what is there (`y.to(x.dtype)`) "
    "before torch.lerp, index assignment and in-place sums; compute variances in float32"
)
def bfloat16_autocast(bench: ArchitectureBench) -> None:
    """Under bfloat16 autocast both networks give about what they give in float32, and train."""
    for built in bench.all_variants():
        for name, network in built.both:
            x = built.input_of(name)
            network.train()
            with torch.autocast("cpu", torch.bfloat16):
                outputs = built.outputs(network, x)
            torch.autograd.backward(total(outputs))
            finite = all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
            expect(finite, f"a gradient of the {name} in bfloat16 is not finite")
            network.eval()
            wanted = built.outputs(network, x)
            with torch.autocast("cpu", torch.bfloat16):
                seen = built.outputs(network, x)
            expect_close(name, built, seen, wanted, where="under autocast", tolerance=0.1)


@promise(
    mend="use `flatten` and `reshape`, not `view`, on feature maps, and let no result depend "
    "on strides"
)
def channels_last(bench: ArchitectureBench) -> None:
    """With weights and images in channels_last both networks give and learn the same."""
    layout = torch.channels_last
    for built in bench.all_variants():
        built.eval()
        for name, network in built.both:
            x = built.input_of(name)
            wanted, wanted_gradients = _value_and_gradients(built, network, x)
            moved = network.to(memory_format=layout)
            x = x.to(memory_format=layout) if x.ndim == 4 else x
            seen, gradients = _value_and_gradients(built, moved, x)
            expect_close(name, built, seen, wanted, where="in channels_last")
            expect_close(name, built, gradients, wanted_gradients, where="in channels_last")


@promise(
    mend="take out what differs where `torch.compiler.is_compiling()` and side effects on "
    "Python objects; `TORCH_LOGS=graph_breaks` shows what the compiler cannot follow"
)
def torch_compile(bench: ArchitectureBench) -> None:
    """Compiled by torch.compile both networks give and learn the same.

    The graphs are captured, differentiated and run without machine code, so that no C compiler is
    needed and it is quick.
    """
    try:
        torch.compile(nn.Identity(), backend="eager")
    except RuntimeError as error:  # a Python that is too new, say
        raise SkipTest(f"torch.compile does not run here: {error}") from None
    for built in bench.variants(WITH_LOGITS):
        built.eval()
        for name, network in built.both:
            x = built.input_of(name)
            wanted, wanted_gradients = _value_and_gradients(built, network, x)
            with _quiet_compiler():
                network.compile(backend="aot_eager")
                seen, gradients = _value_and_gradients(built, network, x)
            expect_close(name, built, seen, wanted, where="compiled")
            expect_close(name, built, gradients, wanted_gradients, where="compiled")


def _value_and_gradients(built: Built, network: nn.Module, x: Tensor) -> tuple[Outputs, Outputs]:
    """What a network gives, and the gradients of its parameters by name."""
    network.zero_grad()
    outputs = built.outputs(network, x)
    torch.autograd.backward(total(outputs))
    gradients = {k: p.grad for k, p in network.named_parameters() if p.grad is not None}
    return {k: v.detach() for k, v in outputs.items()}, gradients


@contextmanager
def _quiet_compiler() -> Iterator[None]:
    """Without the traces that the compiler logs and pytest would show below a failure."""
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        yield
    finally:
        logging.disable(before)
        torch.compiler.reset()


def _gradient_norm(built: Built, network: nn.Module, x: Tensor) -> Tensor:
    """Half the squared norm of the output's gradient by the input, with a graph."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(total(built.outputs(network, x)), x, create_graph=True)
    return 0.5 * gradient.square().sum()


def _expect_right_slope(built: Built, network: nn.Module, x: Tensor, what: str) -> None:
    """The norm's slope along a direction of the parameters is its central difference quotient.

    The step is so short that no unit passes a kink of its ReLU, where the norm jumps.
    """
    step = 1e-9
    parameters = [p for p in network.parameters() if p.requires_grad]
    source = torch.Generator().manual_seed(6)
    way = [torch.randn(p.shape, dtype=p.dtype, generator=source) for p in parameters]
    norm = _gradient_norm(built, network, x)
    found = torch.autograd.grad(norm, parameters, allow_unused=True)
    analytic = sum((g * w).sum().item() for g, w in zip(found, way, strict=True) if g is not None)
    values = []
    for move in (step, -2 * step):
        with torch.no_grad():
            for parameter, direction in zip(parameters, way, strict=True):
                parameter.add_(direction, alpha=move)
        values.append(_gradient_norm(built, network, x).item())
    numeric = (values[0] - values[1]) / (2 * step)
    expect(
        abs(analytic - numeric) <= 1e-2 * abs(numeric) + 1e-4 * norm.item(),
        f"the second gradient {what} is wrong: along some direction {analytic:.4g}, by finite "
        f"differences in float64 {numeric:.4g}",
    )
