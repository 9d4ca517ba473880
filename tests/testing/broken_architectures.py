"""A good architecture, and ones that each break one promise."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.parametrizations import spectral_norm

import ganzoo


class Generator(nn.Module):
    def __init__(self, image, classes):
        super().__init__()
        self.shape = image.shape
        self.embed = nn.Embedding(classes, 4) if classes else None
        self.first = nn.Linear(8 if classes else 4, 16)
        self.last = nn.Linear(16, image.channels * image.height * image.width)

    def forward(self, z, labels=None):
        if self.embed is not None:
            z = torch.cat([z, self.embed(labels)], dim=1)
        return self.end(self.last(F.leaky_relu(self.first(z), 0.2))).view(-1, *self.shape)

    def end(self, x):
        return torch.tanh(x)


class Discriminator(nn.Module):
    def __init__(self, image, classes, logits):
        super().__init__()
        self.first = nn.Conv2d(image.channels, 8, 3, 2, 1)
        self.second = nn.Conv2d(8, 8, 3, 2, 1)
        self.score = nn.Linear(8, 1)
        self.embed = nn.Embedding(classes, 8) if classes and not logits else None
        self.logits = nn.Linear(8, classes) if logits else None

    def forward(self, images, labels=None):
        features = self.features(images)
        scores = self.score(features)[:, 0]
        if self.embed is not None:
            scores = scores + (self.embed(labels) * features).sum(1)
        scores = self.end(scores)
        if self.logits is None:
            return scores
        return {"scores": scores, "class_logits": self.logits(features)}

    def features(self, images):
        return F.leaky_relu(self.second(self.inner(images)), 0.2).mean((2, 3))

    def inner(self, images):
        return F.leaky_relu(self.first(images), 0.2)

    def end(self, scores):
        return scores


class Good(ganzoo.Architecture):
    generator = Generator
    discriminator = Discriminator
    latent = ganzoo.NormalLatent(4)

    def __init__(self, options):
        pass

    def build(self, image, demands):
        classes = image.num_classes if demands.labels else 0
        return ganzoo.Networks(
            self.generator(image, classes),
            self.discriminator(image, classes, demands.unconditional_scores),
        )


class GoodSpectralNorm(Good):
    """Every call in training moves its buffers, and a gate starts at zero."""

    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.gate = nn.Parameter(torch.zeros(()))
            self.score = spectral_norm(self.score)
            self.second = spectral_norm(self.second)

        def inner(self, images):
            maps = super().inner(images)
            return maps + self.gate * maps.mean((2, 3), keepdim=True)


class GoodUnconditional(Good):
    """Grey images of 32 pixels, no labels, batch statistics, dropout."""

    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.between = nn.BatchNorm2d(8)

        def inner(self, images):
            return F.dropout(self.between(self.first(images)), 0.2, self.training)

    def natural_size(self, height, width):
        return (32, 32)

    def build(self, image, demands):
        if image.shape != (1, 32, 32) or demands.labels or demands.forbids_batch_statistics:
            raise ganzoo.Unsupported("not that")
        return super().build(image, demands)


class GoodConditionalOnly(Good):
    """Refuses to be built without labels."""

    def build(self, image, demands):
        if not demands.labels:
            raise ganzoo.Unsupported("it is conditional; add --conditional")
        return super().build(image, demands)


class GeneratorOfVectors(Generator):
    """It adds a vector, or a flat picture, to the features of z."""

    def __init__(self, image):
        super().__init__(image, 0)
        self.condition = nn.Linear(math.prod(image.condition_shape), 16)

    def forward(self, z, labels):
        features = self.first(z) + self.seen(labels)
        return self.end(self.last(F.leaky_relu(features, 0.2))).view(-1, *self.shape)

    def seen(self, labels):
        return self.condition(labels.flatten(1))


class DiscriminatorOfVectors(Discriminator):
    def __init__(self, image):
        super().__init__(image, 0, False)
        self.condition = nn.Linear(math.prod(image.condition_shape), 8)

    def forward(self, images, labels):
        features = self.features(images)
        return self.score(features)[:, 0] + (self.condition(labels) * features).sum(1)


class GoodOfVectors(Good):
    """Unconditional, or of vectors."""

    conditions = frozenset({"none", "vector"})

    def build(self, image, demands):
        if not demands.labels:
            return super().build(image, demands)
        return ganzoo.Networks(GeneratorOfVectors(image), DiscriminatorOfVectors(image))


class MinibatchChannel(nn.Module):
    mixes_images = True

    def forward(self, maps):
        return maps + maps.var(0, correction=0).add(1e-8).sqrt().mean()


class GoodStyle(Good):
    """Linear images in training, classes or longer vectors, and a layer that mixes images."""

    conditions = frozenset({"none", "classes", "vector"})

    class generator(Generator):  # noqa: N801
        def end(self, x):
            return x if self.training else x.clamp(-1, 1)

    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.deviation = MinibatchChannel()

        def inner(self, images):
            return self.deviation(super().inner(images))

    def build(self, image, demands):
        if demands.labels and image.condition_kind == "vector":
            return ganzoo.Networks(GeneratorOfVectors(image), DiscriminatorOfVectors(image))
        return super().build(image, demands)


class DiscriminatorOfPictures(Discriminator):
    """Four scores an image."""

    def __init__(self, image):
        super().__init__(image, 0, False)
        self.first = nn.Conv2d(image.channels + image.condition.channels, 8, 3, 2, 1)
        self.score = nn.Linear(8, 4)

    def forward(self, images, labels):
        return self.score(self.features(self.seen(images, labels)))

    def seen(self, images, labels):
        return torch.cat([images, labels], 1)


class GoodOfPictures(Good):
    """It needs a picture, as for translation."""

    conditions = frozenset({"picture"})
    generator = GeneratorOfVectors
    discriminator = DiscriminatorOfPictures

    def build(self, image, demands):
        return ganzoo.Networks(self.generator(image), self.discriminator(image))


class BlindGenerator(GoodOfPictures):
    class generator(GeneratorOfVectors):  # noqa: N801
        def seen(self, labels):
            return self.condition(torch.zeros_like(labels).flatten(1) + 1)


class BlindDiscriminator(GoodOfPictures):
    class discriminator(DiscriminatorOfPictures):  # noqa: N801
        def seen(self, images, labels):
            return torch.cat([images, torch.zeros_like(labels) + 1], 1)


class NamesVectorsItRefuses(Good):
    conditions = frozenset({"none", "classes", "vector"})

    def build(self, image, demands):
        if image.condition is not None:
            raise ganzoo.Unsupported("vectors are for later")
        return super().build(image, demands)


class BuildsSquaresOnly(Good):
    def build(self, image, demands):
        square = ganzoo.ImageSpec(image.channels, image.height, image.height, image.num_classes)
        return super().build(square, demands)


class IgnoresChannels(Good):
    def build(self, image, demands):
        coloured = ganzoo.ImageSpec(3, image.height, image.width, image.num_classes)
        return super().build(coloured, demands)


class NamesSizesItRefuses(Good):
    def build(self, image, demands):
        if image.height % 16 or image.width % 16:
            raise ganzoo.Unsupported("sides must be multiples of 16")
        return super().build(image, demands)


class ScoresInDouble(Good):
    class discriminator(Discriminator):  # noqa: N801
        def end(self, scores):
            return scores.double()


class WithoutTanh(Good):
    class generator(Generator):  # noqa: N801
        def end(self, x):
            return x


class SqueezesTheBatch(Good):
    class discriminator(Discriminator):  # noqa: N801
        def features(self, images):
            maps = F.leaky_relu(self.second(self.inner(images)), 0.2)
            return F.adaptive_avg_pool2d(maps, 1).squeeze()


class DeafGenerator(Good):
    class generator(Generator):  # noqa: N801
        def __init__(self, image, classes):
            super().__init__(image, 0)


class DeafDiscriminator(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes if logits else 0, logits)


class LogitsPeekAtLabels(Good):
    class discriminator(Discriminator):  # noqa: N801
        def forward(self, images, labels=None):
            outputs = super().forward(images, labels)
            if self.logits is not None:
                outputs["class_logits"] = outputs["class_logits"] + F.one_hot(labels, 3)
            return outputs


class NoLogits(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, False)


class NumpyInitialization(Good):
    class generator(Generator):  # noqa: N801
        def __init__(self, image, classes):
            super().__init__(image, classes)
            drawn = np.random.default_rng().normal(0, 0.1, self.first.weight.shape)
            self.first.weight.data = torch.from_numpy(drawn).float()


class BatchNormDespiteAll(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.between = nn.BatchNorm2d(8)

        def inner(self, images):
            return F.leaky_relu(self.between(self.first(images)), 0.2)


class BatchNormBehindAGate(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.between = nn.BatchNorm2d(8)
            self.gate = nn.Parameter(torch.zeros(()))

        def inner(self, images):
            maps = super().inner(images)
            return maps + self.gate * self.between(maps)


class MinibatchDeviation(Good):
    class discriminator(Discriminator):  # noqa: N801
        def inner(self, images):
            maps = super().inner(images)
            return maps + maps.var(0, correction=0).add(1e-8).sqrt().mean()


class UnusedLayer(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.forgotten = nn.Linear(2, 2)


class EndsInSigmoid(Good):
    class discriminator(Discriminator):  # noqa: N801
        def end(self, scores):
            return torch.sigmoid(scores)


class EndsInTanh(Good):
    class discriminator(Discriminator):  # noqa: N801
        def end(self, scores):
            return 10 * torch.tanh(scores)


class EndsInSoftplus(Good):
    class discriminator(Discriminator):  # noqa: N801
        def end(self, scores):
            return F.softplus(scores)


class UnseededLatent(ganzoo.NormalLatent):
    def sample(self, n, *, generator=None, device="cpu", truncation=None):
        return torch.randn(n, self.latent_dim, device=device)


class LatentOfItsOwnMind(Good):
    latent = UnseededLatent(4)


class UnknownSetting(Good):
    def settings(self):
        return {"learning_rate": 1e-4}


class ConstraintThatIsNotThere(Good):
    def default_constraints(self):
        return {"spectral-normal": {"networks": "discriminator"}}


class HiddenTensor(Good):
    class generator(Generator):  # noqa: N801
        def __init__(self, image, classes):
            super().__init__(image, classes)
            self.phases = torch.randn(16)

        def end(self, x):
            return torch.tanh(x + self.phases.mean())


class TiedWeights(Good):
    class discriminator(Discriminator):  # noqa: N801
        def __init__(self, image, classes, logits):
            super().__init__(image, classes, logits)
            self.again = nn.Conv2d(8, 8, 3, 1, 1)
            self.again.weight = self.second.weight

        def inner(self, images):
            return self.again(super().inner(images))


class RemembersFeatures(Good):
    class discriminator(Discriminator):  # noqa: N801
        def features(self, images):
            self.latest = super().features(images)
            return self.latest


class LambdaOfItself(Good):
    class generator(Generator):  # noqa: N801
        def __init__(self, image, classes):
            super().__init__(image, classes)
            self.body = lambda z: self.last(F.leaky_relu(self.first(z), 0.2))

        def forward(self, z, labels=None):
            if self.embed is not None:
                z = torch.cat([z, self.embed(labels)], dim=1)
            return torch.tanh(self.body(z)).view(-1, *self.shape)


class FastSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 2 * x * gradient


class OnceDifferentiable(Good):
    class discriminator(Discriminator):  # noqa: N801
        def inner(self, images):
            return FastSquare.apply(self.first(images))


class HastySquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.twice = 2 * x.detach()
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return ctx.twice * gradient


class DetachedBackward(Good):
    class discriminator(Discriminator):  # noqa: N801
        def inner(self, images):
            return HastySquare.apply(self.first(images))


class MixesDtypes(Good):
    class discriminator(Discriminator):  # noqa: N801
        def inner(self, images):
            maps = self.first(images)
            return torch.lerp(maps, torch.ones(maps.shape), 0.2)


class ViewsFeatures(Good):
    class discriminator(Discriminator):  # noqa: N801
        def features(self, images):
            maps = F.leaky_relu(self.second(self.inner(images)), 0.2)
            return maps.view(len(maps), -1).view(len(maps), 8, -1).mean(2)


class OtherwiseCompiled(Good):
    class discriminator(Discriminator):  # noqa: N801
        def inner(self, images):
            if torch.compiler.is_compiling():  # a shortcut that has gone stale
                return F.relu(self.first(images))
            return super().inner(images)
