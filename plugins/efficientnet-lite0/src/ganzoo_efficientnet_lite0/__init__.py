"""Image features of EfficientNet-Lite0, weights included."""
