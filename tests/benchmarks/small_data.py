"""Does augmenting what the discriminator sees help with little data? Trains on few clothes.

    python tests/benchmarks/small_data.py --path /usr/share/datasets/fashion-mnist
    python tests/benchmarks/small_data.py --path … --images 500 --steps 3000 --seeds 0 1 2

Trains DCGAN with `bce` on the first images of Fashion-MNIST with and without augmentations, the
same number of steps, and compares with images that were not trained on. Prints Fréchet distances,
mean and standard deviation over seeds, with the floor; one line of JSON for each run goes to
`--out`, and a run that is there already is not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

import ganzoo

WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "none": {},
    "diffaugment": {"diffaugment": {}},
    "diffaugment, translation and cutout": {"diffaugment": {"policy": "translation,cutout"}},
    "ada": {"ada": {}},
}
"""Augmentations by the title of the row."""


def first_images(source: Path, count: int, folder: Path) -> None:
    """Write the first training images as PNG files into folders of their classes."""
    dataset = ganzoo.create("dataset", "fashion-mnist", path=source).open("train")
    for number in range(count):
        image, label = dataset.images[number]
        target = folder / f"{label}-{dataset.class_names[label].replace('/', '-')}"
        target.mkdir(parents=True, exist_ok=True)
        if not isinstance(image, Image.Image):
            image = Image.fromarray(image[0].numpy())
        image.save(target / f"{number:05}.png")


def distance(way: str, seed: int, images: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The Fréchet distance of one training, with its floor."""
    with tempfile.TemporaryDirectory() as folder:
        run = ganzoo.train(
            arch={"name": "dcgan", "base_channels": asked.width},
            loss="bce",
            data={"name": "image-folder", "path": str(images)},
            augment=WAYS[way],
            size=32,
            steps=asked.steps,
            precision="fp32",
            seed=seed,
            threads=asked.threads,
            run_dir=Path(folder) / "run",
        )
        reference = {"name": "fashion-mnist", "path": str(asked.path)}
        (result,) = ganzoo.evaluate(
            run, reference, metrics="frechet", extractor="classifier", n=asked.n
        )
    return {
        "way": way,
        "seed": seed,
        "images": asked.images,
        "steps": asked.steps,
        "width": asked.width,
        "name": result.name,
        "value": result.value,
        "floor": result.floor,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--path", type=Path, required=True, help="folder of the full set")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("small_data.jsonl"))
    asked = parser.parse_args()

    # Train what is missing.
    done = (
        [json.loads(line) for line in asked.out.read_text().splitlines()]
        if (asked.out.exists())
        else []
    )
    setup = {"images": asked.images, "steps": asked.steps, "width": asked.width}
    done = [line for line in done if setup.items() <= line.items()]
    with tempfile.TemporaryDirectory() as folder:
        first_images(asked.path, asked.images, Path(folder))
        for seed in asked.seeds:
            for way in WAYS:
                if not any((line["way"], line["seed"]) == (way, seed) for line in done):
                    done.append(distance(way, seed, Path(folder), asked))
                    with asked.out.open("a") as file:
                        file.write(json.dumps(done[-1]) + "\n")
                    print(done[-1], flush=True)

    # Print the table.
    for way in WAYS:
        lines = [line for line in done if line["way"] == way]
        values = [line["value"] for line in lines]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(
            f"{way:36} {lines[0]['name']:16} {statistics.mean(values):8.1f} ± {spread:6.1f}  "
            f"(floor {lines[0]['floor']:.1f}; {len(values)} seeds)"
        )


if __name__ == "__main__":
    main()
