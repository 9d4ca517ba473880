"""Make the included subset: the first 1,000 training images of each class, in order.

    python make_subset.py FOLDER_WITH_THE_IDX_FILES

The output is byte for byte reproducible from the same originals.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
from ganzoo_fashion_mnist import idx

PER_CLASS = 1000
ASSETS = Path(__file__).parent / "src" / "ganzoo_fashion_mnist" / "assets"


def main(folder: Path) -> None:
    """Read the full training split, write the subset."""
    images = idx.read(idx.find(folder, "train-images-idx3-ubyte"))
    labels = idx.read(idx.find(folder, "train-labels-idx1-ubyte"))
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == k)[:PER_CLASS] for k in range(10)]))
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        packed = gzip.compress(idx.encode(array[chosen]), compresslevel=9, mtime=0)
        (ASSETS / f"train-{name}-ubyte.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
