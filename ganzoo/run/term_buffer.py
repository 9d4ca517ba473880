"""The term buffer is in `ganzoo.training.term_buffer`, which runs and trainers share."""

from ganzoo.training.term_buffer import TermBuffer as TermBuffer
from ganzoo.training.term_buffer import TermBufferState as TermBufferState
