"""Looking back: runs side by side in a table, and as a page that people open."""

from ganzoo.reporting.comparing import Comparison as Comparison
from ganzoo.reporting.comparing import compare as compare
from ganzoo.reporting.page import report as report
