"""Keras layers of the 2012 network that Keras itself does not have."""

from alexnet_tf.layers.clipped_pooling import ClippedPooling2D as ClippedPooling2D
from alexnet_tf.layers.dropout import ScaledDropout as ScaledDropout
from alexnet_tf.layers.grouped import FlattenTowers as FlattenTowers
from alexnet_tf.layers.grouped import GroupedConv2D as GroupedConv2D
from alexnet_tf.layers.grouped import GroupedDense as GroupedDense
from alexnet_tf.layers.local_response_norm import LocalResponseNorm as LocalResponseNorm
from alexnet_tf.layers.locally_connected import LocallyConnected2D as LocallyConnected2D
from alexnet_tf.layers.pca_jitter import PCAJitter as PCAJitter
from alexnet_tf.layers.spatial_response_norm import SpatialResponseNorm as SpatialResponseNorm
