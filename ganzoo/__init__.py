"""ganzoo: a GAN zoo whose animals are plugins.

    import ganzoo

    run = ganzoo.train(arch="dcgan", loss="bce", steps=500)
    images = run.sample(64)

The public names are those of `__init__.pyi`. Each is imported on first use: `import ganzoo` imports
no torch.
"""

from __future__ import annotations

import lazy_loader

_import_public_name, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("gan-zoo")
    value: object = _import_public_name(name)
    globals()[name] = value  # found directly from now on
    return value
