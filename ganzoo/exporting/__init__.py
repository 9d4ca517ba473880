"""Export: a run's generator as a file that others can use, and the card that explains it."""

from ganzoo.exporting.folder import FORMATS as FORMATS
from ganzoo.exporting.folder import export as export
