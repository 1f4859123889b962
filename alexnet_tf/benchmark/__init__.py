"""The speed of training on this machine: `python -m alexnet_tf.benchmark`.

`machine` compares ways to use the machine; `rows` to `chart` measure one net, piece by
piece and beside PyTorch.
"""
