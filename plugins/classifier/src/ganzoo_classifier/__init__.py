"""A classifier of the dataset itself, as a feature extractor, and a metric of classes."""
