"""Options of the consistency penalties."""

from __future__ import annotations

from pydantic import Field, field_validator

import ganzoo


class ConsistencyOptions(ganzoo.PenaltyOptions):
    """Options of consistency regularization (CR)."""

    weight: ganzoo.Scheduled = Field(
        10.0, ge=0, description="Lambda of the paper; 0 switches it off."
    )
    augmentation: str | dict[str, object] = Field(
        "flip-shift",
        description="The augmentation T: a name, or a table of name and options. It does not adapt "
        "to scores here.",
    )

    @field_validator("augmentation")
    @classmethod
    def _has_a_name(cls, value: str | dict[str, object]) -> str | dict[str, object]:
        if isinstance(value, dict) and not isinstance(value.get("name"), str):
            raise ValueError("should have a name: {name = 'diffaugment', policy = 'color'}")
        return value


class BalancedConsistencyOptions(ConsistencyOptions):
    """Options of balanced consistency regularization (bCR)."""

    weight: ganzoo.Scheduled = Field(
        10.0, ge=0, description="Lambda_real of the paper; 0 switches both terms off."
    )
    fake_weight: float = Field(
        1.0, ge=0, description="Lambda_fake / lambda_real: the fakes' term relative to the reals'."
    )


class LatentConsistencyOptions(ganzoo.PenaltyOptions):
    """Options of latent consistency regularization (zCR) of the discriminator."""

    weight: ganzoo.Scheduled = Field(
        20.0, ge=0, description="Lambda_dis of the paper; 0 switches it off."
    )
    std: float = Field(0.05, gt=0, description="Standard deviation of the noise added to z.")


class DiversityOptions(ganzoo.PenaltyOptions):
    """Options of zCR's term for the generator."""

    weight: ganzoo.Scheduled = Field(
        0.5, ge=0, description="Lambda_gen of the paper; 0 switches it off."
    )
    std: float = Field(0.05, gt=0, description="Standard deviation of the noise added to z.")
