"""The trial of networks of a library user: whether they fit the images, z and each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.copying import copied_to
from ganzoo.errors import Unsupported, in_a_line, out_of_memory
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.randomness import isolated
from ganzoo.sampling import trial_conditions
from ganzoo.scoring import with_labels


def input_dtype(networks: Sequence[nn.Module]) -> torch.dtype:
    """The type of images and z: float64 if a network has such weights, else float32."""
    types = {p.dtype for network in networks for p in network.parameters()}
    return torch.float64 if torch.float64 in types else torch.float32


@torch.no_grad()
def check_shapes(
    networks: Sequence[nn.Module],
    image: ImageSpec,
    latent: Latent,
    *,
    conditional: bool,
    device: torch.device | None = None,
) -> None:
    """Run copies of both networks on two images, and refuse what does not fit.

    Weights, buffers and random state do not change.

    Args:
        networks: generator and discriminator.
        image: shape of the images.
        latent: of z.
        conditional: whether the networks are called with labels.
        device: where the copies are run; that of each network if None.

    Raises:
        Unsupported: the generator does not take z or makes images of another shape, or the
            discriminator does not take them.
    """
    # Inputs.
    # A view of a parameter that requires a gradient fails in hooks of torch's FlopCounterMode.
    copies = [copied_to(network, device) for network in networks]
    frozen = (copy.eval().requires_grad_(False) for copy in copies)
    generator, discriminator = frozen
    device, dtype = next(generator.parameters()).device, input_dtype(networks)
    labels = trial_conditions(image, 2) if conditional else None
    labels = None if labels is None else labels.to(device)

    with isolated(device):
        # Generator.
        z = latent.sample(2, device=device).to(dtype)
        arguments = (z,) if labels is None else (z, labels)
        with _explained(
            f"the generator does not take z of shape (2, {latent.latent_dim})", conditional
        ):
            images = generator(*arguments)
        if not isinstance(images, Tensor):
            raise Unsupported(
                f"the generator returns a {type(images).__name__}, and must return images"
            )
        if images.shape != (2, *image.shape):
            raise Unsupported(
                f"the generator makes images of shape {tuple(images.shape)} of 2 z, and the data "
                f"has images of {image}: they must be {(2, *image.shape)}. Data is resized by "
                "data=ganzoo.ImageStore.from_dataset(…, size=…)"
            )

        # Discriminator.
        with _explained(f"the discriminator does not take images of {image}", conditional):
            discriminator(*with_labels(images.to(dtype), labels))


@contextmanager
def _explained(what: str, conditional: bool) -> Iterator[None]:
    """Turn an error of a network's `forward` into a sentence; its trace stays behind it."""
    try:
        yield
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError) as error:
        if out_of_memory(error):
            raise
        beside = " beside labels, for training is conditional" if conditional else ""
        raise Unsupported(f"{what}{beside}: {in_a_line(error)}") from error
