"""A labelled image set, wherever it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    # shards need array_record, which is not there on every system
    from alexnet_tf.data.images import Images
    from alexnet_tf.data.shards import Shards

#: Images in memory, or prepared ones on disk.
Source: TypeAlias = "Images | Shards"
