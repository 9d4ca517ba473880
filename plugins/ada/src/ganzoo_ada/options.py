"""Options of ADA: how p is chosen, and which transforms it applies."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

import ganzoo

Group = Literal["blit", "geom", "color", "filter", "noise", "cutout"]

TRANSFORMS: dict[Group, tuple[str, ...]] = {
    "blit": ("xflip", "rotate90", "xint"),
    "geom": ("scale", "rotate", "aniso", "xfrac"),
    "color": ("brightness", "contrast", "lumaflip", "hue", "saturation"),
    "filter": ("filter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
}
"""The transforms of each group, in the order in which they are applied."""

SETS = {"bgcfnc"[:count]: get_args(Group)[:count] for count in range(2, 7)}
"""The paper's sets of groups: `bg`, `bgc`, `bgcf`, `bgcfn`, `bgcfnc`."""


def _parse_groups(given: object) -> object:
    """A set by its name, or text with commas, as a list."""
    if not isinstance(given, str):
        return given
    return SETS.get(given) or [word.strip() for word in given.split(",") if word.strip()]


Groups = Annotated[tuple[Group, ...], BeforeValidator(_parse_groups)]
Multiplier = Annotated[float, Field(ge=0, le=1)]


class AdaOptions(ganzoo.Options):
    """The controller, the groups, and one multiplier for each transform.

    An image is transformed with probability p times the multiplier.
    """

    mode: Literal["adaptive", "fixed"] = Field(
        "adaptive", description="Whether p follows the scores or is fixed (or scheduled)."
    )
    p: ganzoo.Scheduled = Field(
        0.0,
        ge=0,
        le=1,
        description="Probability of each transform: at first where it is adaptive; throughout, "
        "a number or a schedule, where it is fixed.",
    )
    target: float = Field(
        0.6, ge=-1, le=1, description="r_t = E[sign D(x)] of real images at which p stays."
    )
    interval: int = Field(4, ge=1, description="Discriminator updates between changes of p.")
    speed: float = Field(
        500.0, gt=0, description="Thousands of real images in which p can go from 0 to 1."
    )

    groups: Groups = Field(
        SETS["bgc"],
        min_length=1,
        description="Groups of transforms: 'bg', 'bgc', 'bgcf', 'bgcfn', 'bgcfnc', or names like "
        "'blit,geom,color,cutout'.",
    )

    xflip: Multiplier = Field(1.0, description="blit: mirror.")
    rotate90: Multiplier = Field(1.0, description="blit: rotate by quarter turns.")
    xint: Multiplier = Field(1.0, description="blit: translate by whole pixels.")
    scale: Multiplier = Field(1.0, description="geom: scale.")
    rotate: Multiplier = Field(1.0, description="geom: rotate by any angle.")
    aniso: Multiplier = Field(1.0, description="geom: scale one axis up and the other down.")
    xfrac: Multiplier = Field(1.0, description="geom: translate by fractions of pixels.")
    brightness: Multiplier = Field(1.0, description="color: brightness.")
    contrast: Multiplier = Field(1.0, description="color: contrast.")
    lumaflip: Multiplier = Field(1.0, description="color: exchange dark and light, not the hue.")
    hue: Multiplier = Field(1.0, description="color: rotate the hue; not of grey images.")
    saturation: Multiplier = Field(1.0, description="color: saturation; not of grey images.")
    filter: Multiplier = Field(1.0, description="filter: amplify or damp frequency bands.")
    noise: Multiplier = Field(1.0, description="noise: add Gaussian noise.")
    cutout: Multiplier = Field(1.0, description="cutout: set a square to zero.")

    @field_validator("p")
    @classmethod
    def _p_fits_the_mode(
        cls, p: float | ganzoo.Schedule, info: ValidationInfo
    ) -> float | ganzoo.Schedule:
        match info.data.get("mode"):
            case "adaptive" if isinstance(p, ganzoo.Schedule):
                raise ValueError("should be a number; a schedule needs mode = 'fixed'")
            case "fixed" if p == 0:
                raise ValueError("should be above 0 where mode is 'fixed', like 0.5")
        return p

    @field_validator("groups")
    @classmethod
    def _each_group_once(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        if len(set(groups)) < len(groups):
            raise ValueError("should name each group once")
        return groups

    def multiplier(self, transform: str) -> float:
        """The multiplier of a transform; 0 if its group is off."""
        on = any(transform in TRANSFORMS[group] for group in self.groups)
        value: float = getattr(self, transform) if on else 0.0
        return value

    def without_effect(self) -> list[str]:
        """Multipliers that were changed, of transforms whose group is off."""
        off = [t for group, each in TRANSFORMS.items() if group not in self.groups for t in each]
        return [transform for transform in off if getattr(self, transform) != 1]

    def any_of(self, group: Group) -> bool:
        """Whether any transform of a group is on."""
        return any(map(self.multiplier, TRANSFORMS[group]))
