"""The program in a model card: loads the exported file and writes a picture."""

from __future__ import annotations

from ganzoo.exporting.subject import Subject

PACKAGES = {
    "onnx": "onnxruntime numpy pillow",
    "torch-export": "torch numpy pillow",
    "safetensors": "gan-zoo",
}


def packages(subject: Subject, format_name: str) -> str:
    """Packages to install, with the distribution of the architecture if ganzoo builds it."""
    if format_name != "safetensors":
        return PACKAGES[format_name]
    if subject.own_class:
        return "torch safetensors numpy pillow"
    others = {subject.run.provider.plugin.distribution} - {PACKAGES[format_name]}
    return " ".join([PACKAGES[format_name], *others])


def snippet(subject: Subject, format_name: str, file: str) -> str:
    """Write the program."""
    body = {"onnx": _onnx, "torch-export": _torch_export, "safetensors": _safetensors}
    return "\n".join([*body[format_name](subject, file), *_pictures(subject), ""])


def _onnx(subject: Subject, file: str) -> list[str]:
    feeds = '{"z": z, "labels": labels}' if subject.is_conditional else '{"z": z}'
    return [
        "import numpy as np",
        "import onnxruntime",
        *_image_import(subject),
        "",
        f'session = onnxruntime.InferenceSession("{file}")',
        "n, rng = 16, np.random.default_rng(0)",
        f"z = {subject.latent.numpy}",
        *_labels(subject, "np.arange(n) % {}", 'np.load("conditions.npy")'),
        f'(images,) = session.run(["images"], {feeds})',
    ]


def _torch_export(subject: Subject, file: str) -> list[str]:
    return [
        "import numpy as np",
        "import torch",
        *_image_import(subject),
        "",
        f'generator = torch.export.load("{file}").module()',
        *_by_torch(subject),
    ]


def _safetensors(subject: Subject, file: str) -> list[str]:
    if subject.own_class:
        module, name = subject.own_class
        return [
            "import numpy as np",
            "import torch",
            *_image_import(subject),
            "from safetensors.torch import load_file",
            "",
            f"from {module} import {name}  # your class, with the arguments of the training",
            "",
            f"generator = {name}().eval()",
            f'generator.load_state_dict(load_file("{file}"))',
            *_by_torch(subject),
        ]
    return [
        "import json",
        "from pathlib import Path",
        "",
        "import ganzoo",
        "import numpy as np",
        "import torch",
        *_image_import(subject),
        "from pydantic import TypeAdapter",
        "from safetensors.torch import load_file",
        "",
        'about = json.loads(Path("ganzoo.json").read_text())',
        'chosen = about["architecture"]',
        'architecture = ganzoo.create("architecture", chosen["name"], **chosen["options"])',
        'image = TypeAdapter(ganzoo.ImageSpec).validate_python(about["image"])',
        'demands = TypeAdapter(ganzoo.Demands).validate_python(about["demands"])',
        "generator = architecture.build(image, demands).generator.eval()",
        f'generator.load_state_dict(load_file("{file}"))',
        *_by_torch(subject),
    ]


def _by_torch(subject: Subject) -> list[str]:
    arguments = "z, labels" if subject.is_conditional else "z"
    return [
        "n = 16",
        "torch.manual_seed(0)",
        f"z = {subject.latent.torch}",
        *_labels(subject, "torch.arange(n) % {}", 'torch.from_numpy(np.load("conditions.npy"))'),
        "with torch.no_grad():",
        f"    images = generator({arguments}).numpy()",
    ]


def _labels(subject: Subject, classes: str, file: str) -> list[str]:
    """Choose labels: classes in turn, or the conditions in a file."""
    if not subject.is_conditional:
        return []
    if subject.run.num_classes:
        return [f"labels = {classes.format(subject.run.num_classes)}  # classes in turn"]
    kind = subject.run.manifest.image.condition_kind
    return [f"labels = {file}[:n]  # {kind}s of training images"]


def _is_picture(subject: Subject) -> bool:
    return subject.run.manifest.image.channels in (1, 3)


def _image_import(subject: Subject) -> list[str]:
    return ["from PIL import Image"] if _is_picture(subject) else []


def _pictures(subject: Subject) -> list[str]:
    """Write the first image as a picture; print the shape of data that are no pictures."""
    if not _is_picture(subject):
        return ["print(images.shape)"]
    view = "pixels[0]" if subject.run.manifest.image.channels == 1 else "pixels.transpose(1, 2, 0)"
    return [
        "pixels = np.uint8((images[0].clip(-1, 1) + 1) * 127.5 + 0.5)",
        f'Image.fromarray({view}).save("image.png")',
    ]
