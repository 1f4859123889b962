"""Photographs to checked shards: `python -m alexnet_tf.data.prepare`."""
