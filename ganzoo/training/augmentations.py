"""The augmentations of a training, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from ganzoo.errors import PluginError
from ganzoo.interfaces.augmentation import Augmentation
from ganzoo.interfaces.schedule import Progress


class Function(Augmentation):
    """An augmentation that calls a function or module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        """Call it."""
        return self.function(images)


class Pipeline(nn.Module):
    """Applies augmentations in their order, and passes on scores and progress.

    Args:
        augmentations: by name.
    """

    def __init__(self, augmentations: Mapping[str, Augmentation]) -> None:
        super().__init__()
        self.by_name = dict(augmentations)
        self.stages = nn.ModuleList(augmentations.values())

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to augmented ones of the same shape.

        Raises:
            PluginError: an augmentation changes the shape.
        """
        augmented = images
        for name, stage in self.by_name.items():
            augmented = stage(augmented)
            if augmented.shape != images.shape:
                raise PluginError(
                    f"the augmentation '{name}' made images of the shape {tuple(augmented.shape)} "
                    f"of {tuple(images.shape)}; it must keep the shape"
                )
        return augmented

    def at(self, progress: Progress) -> None:
        """Tell each the progress."""
        for stage in self.by_name.values():
            stage.at(progress)

    def after_discriminator_step(
        self, real_scores: Tensor | None, fake_scores: Tensor | None
    ) -> dict[str, Tensor]:
        """Let each adapt to the scores; returns what they log, by `NAME/…`."""
        logged: dict[str, Tensor] = {}
        for name, stage in self.by_name.items():
            for key, value in stage.after_discriminator_step(real_scores, fake_scores).items():
                logged[f"{name}/{key}"] = value
        return logged
