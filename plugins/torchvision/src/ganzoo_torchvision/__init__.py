"""MNIST, CIFAR, SVHN, CelebA, STL-10 and LSUN for ganzoo, most of them read by torchvision."""
