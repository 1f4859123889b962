"""The folder of shards: what its writer and its reader share."""
