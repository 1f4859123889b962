"""Does this project compute on a machine's GPU what it computes on a processor, and how fast?

    python -m alexnet_tf.check_gpu

`command` runs each check of `checks` in a process of its own and prints a table.
"""
