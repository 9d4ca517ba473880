"""Fashion-MNIST for ganzoo, with a subset that needs no download."""
