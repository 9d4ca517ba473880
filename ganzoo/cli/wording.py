"""Wording: short names and lines that several commands print. Imports no torch."""

from __future__ import annotations


def short_term(name: str) -> str:
    """Shorten `discriminator/real` to `D real`."""
    side, _, term = name.partition("/")
    return f"{side[:1].upper()} {term}"
