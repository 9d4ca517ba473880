"""The outputs of a discriminator that a loss demands by name."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ganzoo.interfaces.architecture import Output


class OutputHeads(nn.Module):
    """Computes the demanded outputs of a discriminator from the features of its last layer.

        self.heads = ganzoo.nn.OutputHeads(512, demands.outputs, image.num_classes)
        ...
        return {"scores": scores, **self.heads(features, labels)}

    An output of the image is a linear layer of the features, one of the label an embedding, and
    one of any size the features themselves.

    Args:
        features: length of the features of an image.
        outputs: `Demands.outputs`.
        num_classes: of the images.
    """

    def __init__(self, features: int, outputs: Mapping[str, Output], num_classes: int) -> None:
        super().__init__()
        self.names = list(outputs)
        self.of_image = nn.ModuleDict()
        self.of_label = nn.ModuleDict()
        for name, output in outputs.items():
            length = output.length(num_classes)
            if length is None:
                continue
            if output.of == "label":
                self.of_label[name] = nn.Embedding(num_classes, length)
            else:
                self.of_image[name] = nn.Linear(features, length)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """The outputs by name.

        Args:
            features: `(N, features)`.
            labels: `(N,)`, for outputs of the label.
        """
        outputs = {}
        for name in self.names:
            if name in self.of_label:
                assert labels is not None, f"the output '{name}' belongs to a label: give labels"
                outputs[name] = self.of_label[name](labels)
            else:
                outputs[name] = self.of_image[name](features) if name in self.of_image else features
        return outputs
