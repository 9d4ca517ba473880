from .resuming import resume as resume
from .run import Run as Run
from .starting import train as train
