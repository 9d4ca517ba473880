"""Options of spectral normalization."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class SpectralNormOptions(ganzoo.ConstraintOptions):
    """Options of spectral normalization."""

    n_power_iterations: int = Field(
        1, ge=1, description="Power iterations in each forward pass of training."
    )
    eps: float = Field(
        1e-12, gt=0, description="Lower bound of the norms that singular vectors are divided by."
    )
    embeddings: bool = Field(True, description="Normalize embeddings too.")
    exclude: tuple[str, ...] = Field(
        (), description="Layers to leave out, by name or by a pattern such as `body.*`."
    )
