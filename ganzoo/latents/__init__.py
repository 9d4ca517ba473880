"""Latents: projection, directions and style mixing in the latent spaces of a trained generator."""

from ganzoo.latents.directions import Directions as Directions
from ganzoo.latents.directions import directions as directions
from ganzoo.latents.mixing import mix as mix
from ganzoo.latents.projecting import Projection as Projection
from ganzoo.latents.projecting import project as project
