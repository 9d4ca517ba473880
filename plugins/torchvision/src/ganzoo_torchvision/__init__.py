"""MNIST, CIFAR, SVHN and CelebA for ganzoo, by torchvision's own code."""
