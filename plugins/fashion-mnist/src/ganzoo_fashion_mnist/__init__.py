"""Fashion-MNIST for ganzoo; a subset is included."""
