"""A classifier of the dataset itself, for metrics, and what it says of classes."""
