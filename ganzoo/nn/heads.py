"""The end of a discriminator: its score and the outputs that a loss demands by name."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ganzoo.errors import Unsupported
from ganzoo.interfaces.architecture import Demands, Output
from ganzoo.interfaces.dataset import ImageSpec


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

    Raises:
        Unsupported: an output's size is `"own"`, so no head on features gives it.
    """

    def __init__(self, features: int, outputs: Mapping[str, Output], num_classes: int) -> None:
        super().__init__()
        self.names = list(outputs)
        self.of_image = nn.ModuleDict()
        self.of_label = nn.ModuleDict()
        for name, output in outputs.items():
            if output.size == "own":
                raise Unsupported(
                    f"the loss or a penalty needs the output '{name}', which this architecture's "
                    "discriminator does not compute. Choose an architecture that has it, or leave "
                    "out the loss or penalty"
                )
            length = output.length(num_classes)
            if length is None:
                continue
            if output.of == "label":
                self.of_label[name] = nn.Embedding(num_classes, length)
            else:
                self.of_image[name] = nn.Linear(features, length)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """The outputs by name, a row for each image: `(N, length)`.

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


class DiscriminatorHeads(nn.Module):
    """The end of a discriminator: its score, and the outputs that a loss demands by name.

        self.heads = ganzoo.nn.DiscriminatorHeads(512, image, demands)
        ...
        return self.heads(features, labels)

    The score is a linear layer of the features h. If the networks are conditional and the score may
    use the label, the inner product <embedding(label), h> is added: a projection discriminator
    (Miyato & Koyama 2018, arXiv:1802.05637).

    Args:
        features: length of the features of an image.
        image: of the images; its number of classes counts.
        demands: as given to `Architecture.build`.

    Raises:
        Unsupported: an output's size is `"own"`.
    """

    def __init__(self, features: int, image: ImageSpec, demands: Demands) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)
        projects = demands.labels and not demands.unconditional_scores
        self.embedding = nn.Embedding(image.num_classes, features) if projects else None
        self.outputs = OutputHeads(features, demands.outputs, image.num_classes)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """Scores `(N,)`, or a dict with `"scores"` where outputs are demanded.

        Args:
            features: `(N, features)`.
            labels: `(N,)`, if the networks are conditional.
        """
        scores: Tensor = self.score(features).flatten()
        if self.embedding is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = scores + (self.embedding(labels) * features).sum(1)
        outputs = self.outputs(features, labels)
        return {"scores": scores, **outputs} if outputs else scores
