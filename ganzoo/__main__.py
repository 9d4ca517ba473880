"""`python -m ganzoo` is the same as `ganzoo`."""

from ganzoo.cli import main

main()
