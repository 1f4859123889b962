"""Keras layers of the 2012 network that Keras itself does not have."""

from alexnet_tf.layers.clipped_pooling import ClippedPooling2D as ClippedPooling2D
