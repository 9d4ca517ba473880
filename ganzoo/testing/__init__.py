"""The conformance kit: every promise that training relies on, as a named check of a plugin.

A plugin's test file is three lines:

    import ganzoo.testing

    @ganzoo.testing.conformance("acme-gan")
    def test_conformance(check): check()

`ganzoo.testing.checks("acme-gan")` returns the same checks without pytest, and
`ganzoo plugins check acme-gan` runs them at the shell.
"""

from __future__ import annotations

from ganzoo.testing.collect import checks, conformance
from ganzoo.testing.core import Check, CheckFailed

__all__ = ["Check", "CheckFailed", "checks", "conformance"]
