"""MNIST, CIFAR, SVHN and CelebA for ganzoo, read by torchvision."""
