"""Spectral normalization (Miyato et al. 2018, arXiv:1802.05957)."""

from __future__ import annotations

import warnings
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

# torch has a public function for this, and no public name for what it registers
from torch.nn.utils.parametrizations import _SpectralNorm

import ganzoo
from ganzoo_spectral_norm.options import SpectralNormOptions

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED, nn.Linear)


class Normalized(_SpectralNorm):
    """W / sigma(W), as `torch.nn.utils.parametrizations.spectral_norm`, always in float32.

    Autocast would multiply by the singular vectors in half precision.
    """

    def forward(self, weight: Tensor) -> Tensor:
        """The normalized weight; in training mode after a power iteration."""
        with torch.autocast("cpu" if weight.is_meta else weight.device.type, enabled=False):
            normalized: Tensor = super().forward(weight)
        return normalized

    def largest_singular_value(self, weight: Tensor) -> Tensor:
        """Sigma(W) itself, which power iterations approach from below.

        It is the root of the largest eigenvalue of W W^T, many times faster than the SVD of W.
        """
        matrix: Tensor = self._reshape_weight_to_matrix(weight)
        if len(matrix) > matrix.shape[1]:
            matrix = matrix.T
        eigenvalues: Tensor = torch.linalg.eigvalsh(matrix @ matrix.T)
        return eigenvalues[-1].sqrt()


class SpectralNorm(ganzoo.Constraint):
    """Every trained weight W of a convolution, linear layer or embedding becomes W / sigma(W).

    Sigma(W) is the largest singular value of W as a matrix with a row for each output channel: the
    Lipschitz constant of a linear layer. Each forward pass in training mode first makes
    `n_power_iterations` power iterations from the singular vectors of the one before (algorithm 1).
    These vectors are buffers. They move in each pass: of real images, of fakes, of each micro-batch
    of gradient accumulation, and of a frozen network too. With a generator they move once more in
    a step that does not share its fakes (several processes, gradient accumulation).
    """

    options: SpectralNormOptions

    def __init__(self, options: SpectralNormOptions | None = None) -> None:
        super().__init__(options or SpectralNormOptions())

    def wrap(self, network: nn.Module) -> None:
        """Parametrize the layers that are trained and not normalized yet.

        A pattern of `exclude` that matches no layer is a warning.

        Raises:
            Unsupported: there is no such layer, or the weights of one are all zero.
        """
        # Layers to normalize.
        kinds = (*LAYERS, nn.Embedding) if self.options.embeddings else LAYERS
        layers = {
            name: layer
            for name, layer in network.named_modules()
            if isinstance(layer, kinds) and _is_trained(layer)
        }
        excluded = self._excluded(list(layers), network)
        layers = {name: layer for name, layer in layers.items() if name not in excluded}
        if not layers:
            raise ganzoo.Unsupported(
                f"spectral-norm needs a convolution, linear layer or embedding that is trained, "
                f"and {type(network).__name__} has {'no other' if excluded else 'none'}. Leave "
                "spectral-norm out, or choose another of its networks: discriminator or generator"
            )

        # Parametrizations.
        options = self.options
        for name, layer in layers.items():
            if _is_normalized(layer):
                continue
            weight: Tensor = layer.weight
            if not weight.any():
                raise ganzoo.Unsupported(
                    f"the weights of '{name}' in {type(network).__name__} start at 0, and "
                    f"spectral-norm cannot divide them by their norm. Leave that layer out: "
                    f'exclude = ["{name}"]'
                )
            rows = 1 if isinstance(layer, TRANSPOSED) else 0
            normalized = Normalized(weight, options.n_power_iterations, rows, options.eps)
            parametrize.register_parametrization(layer, "weight", normalized)

    def _excluded(self, names: list[str], network: nn.Module) -> set[str]:
        """The layers that `exclude` matches."""
        excluded: set[str] = set()
        for pattern in self.options.exclude:
            matched = {name for name in names if fnmatchcase(name, pattern)}
            if not matched and self.options.networks != "both":  # the other may have it
                message = (
                    f"spectral-norm excludes '{pattern}', and no trained layer of "
                    f"{type(network).__name__} has this name. Its layers: {', '.join(names)}"
                )
                warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
            excluded |= matched
        return excluded

    @torch.no_grad()
    def settle(self, generator: nn.Module) -> None:
        """Replace parametrized weights by plain ones, whose largest singular value is exactly 1.

        So an export holds the weights of the plain architecture.
        """
        for layer in list(generator.modules()):
            functions = _functions(layer)
            if not functions or not isinstance(functions[-1], Normalized):
                continue
            functions[-1].train()  # a power iteration: the average's own estimate, and positive

            # A class of its own: torch's remove_parametrizations edits the class, which the network
            # that this one is a copy of shares, and would break that network.
            cls = type(layer)
            layer.__class__ = type(cls.__name__, cls.__bases__, dict(vars(cls)))
            parametrize.remove_parametrizations(layer, "weight")

            weight = layer.weight
            assert isinstance(weight, Tensor)
            weight.div_(functions[-1].largest_singular_value(weight))


def _is_trained(layer: nn.Module) -> bool:
    """Whether its weight is, or what its weight is computed from."""
    return any(p.requires_grad and p.ndim > 1 for p in layer.parameters())


def _is_normalized(layer: nn.Module) -> bool:
    """Whether its weight is spectrally normalized already, by either function of torch."""
    by_hook = hasattr(layer, "weight_u")
    return by_hook or any(isinstance(each, _SpectralNorm) for each in _functions(layer))


def _functions(layer: nn.Module) -> list[nn.Module]:
    """The functions of its parametrized weight, innermost first; none for a plain weight."""
    if not parametrize.is_parametrized(layer, "weight"):
        return []
    return list(layer.get_submodule("parametrizations.weight").children())
