"""Export: a run's generator as a file for other programs, with a model card."""

from ganzoo.exporting.card import model_card as model_card
from ganzoo.exporting.folder import FORMATS as FORMATS
from ganzoo.exporting.folder import export as export
