"""The loss of Softmax GAN for ganzoo (Lin 2017)."""
