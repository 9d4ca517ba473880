"""Reporting: runs compared in a table, and shown on an HTML page."""

from ganzoo.reporting.comparing import Comparison as Comparison
from ganzoo.reporting.comparing import compare as compare
from ganzoo.reporting.leaderboard import leaderboard as leaderboard
from ganzoo.reporting.page import report as report
