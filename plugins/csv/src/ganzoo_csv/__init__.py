"""The log of a ganzoo run as a CSV table."""
