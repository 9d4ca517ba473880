"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Fashion-MNIST."""
    yield ganzoo.DatasetSpec(
        name="fashion-mnist",
        factory="ganzoo_fashion_mnist.dataset:FashionMNIST",
        options="ganzoo_fashion_mnist.options:FashionMNISTOptions",
        summary="Grey images of clothes, 28 px, 10 classes; 10,000 images are included.",
        reference="Xiao et al. 2017, Fashion-MNIST, arXiv:1708.07747",
        starter=True,
    )
