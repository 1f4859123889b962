"""Weights that others have published, as nets and as runs of this project.

>>> from alexnet_tf import weights
>>> weights.read("nowhere.caffemodel")
Traceback (most recent call last):
...
alexnet_tf.errors.SpecError: no file nowhere.caffemodel. Give a file of weights.
"""

from alexnet_tf.weights.net import PublishedNet as PublishedNet
from alexnet_tf.weights.net import read as read
from alexnet_tf.weights.net import write_run as write_run
