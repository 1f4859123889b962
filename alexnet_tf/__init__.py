"""The network of "ImageNet Classification with Deep Convolutional Neural Networks" (2012)."""
