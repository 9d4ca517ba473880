"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

OPTIONS = "ganzoo_torchvision.options:TorchvisionOptions"


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Datasets that torchvision downloads and reads, and LSUN."""
    yield ganzoo.DatasetSpec(
        name="mnist",
        factory="ganzoo_torchvision.datasets:MNIST",
        options=OPTIONS,
        summary="Grey handwritten digits, 28 px, 10 classes; downloaded on first use.",
        reference="LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
    )
    yield ganzoo.DatasetSpec(
        name="cifar10",
        factory="ganzoo_torchvision.datasets:CIFAR10",
        options=OPTIONS,
        summary="Colour photographs, 32 px, 10 classes; downloaded on first use.",
        reference="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
    )
    yield ganzoo.DatasetSpec(
        name="cifar100",
        factory="ganzoo_torchvision.datasets:CIFAR100",
        options=OPTIONS,
        summary="Colour photographs, 32 px, 100 classes; downloaded on first use.",
        reference="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
    )
    yield ganzoo.DatasetSpec(
        name="svhn",
        factory="ganzoo_torchvision.datasets:SVHN",
        options=OPTIONS,
        summary="Colour images of house numbers, 32 px, 10 classes; downloaded on first use.",
        reference="Netzer et al. 2011, Reading Digits in Natural Images",
    )
    yield ganzoo.DatasetSpec(
        name="celeba",
        factory="ganzoo_torchvision.datasets:CelebA",
        options="ganzoo_torchvision.options:CelebAOptions",
        summary="Aligned and cropped faces, 64 px by default; downloaded on first use.",
        reference="Liu et al. 2015, Deep Learning Face Attributes in the Wild, arXiv:1411.7766",
    )
    yield ganzoo.DatasetSpec(
        name="stl10",
        factory="ganzoo_torchvision.datasets:STL10",
        options="ganzoo_torchvision.options:STL10Options",
        summary="Colour photographs, 96 px, 10 classes or none; downloaded on first use.",
        reference="Coates et al. 2011, An Analysis of Single-Layer Networks in Unsupervised "
        "Feature Learning",
    )
    yield ganzoo.DatasetSpec(
        name="lsun",
        factory="ganzoo_torchvision.lsun:LSUN",
        options="ganzoo_torchvision.options:LSUNOptions",
        summary="Scenes and objects, 64 px by default, from LSUN's LMDB folders; needs lmdb.",
        reference="Yu et al. 2015, LSUN: Construction of a Large-scale Image Dataset using Deep "
        "Learning with Humans in the Loop, arXiv:1506.03365",
    )
