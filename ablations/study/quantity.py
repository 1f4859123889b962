"""Names of the quantities that are read off a finished run."""

from __future__ import annotations

from typing import Literal

#: What is read off a finished run; `ablations.analysis.quantities` says how.
Quantity = Literal[
    "test_error",
    "test_error_ten_views",
    "validation_error",
    "train_error",
    "generalisation_gap",
    "running_train_error",
    "early_train_error",
    "epochs_to_error",
    "epochs_to_converge",
    "seconds_per_epoch",
    "kernel_colour_split",
    "shuffled_colour_split",
    "fc7_neighbour_agreement",
    "pixel_neighbour_agreement",
    "dropout_mean_error",
    "dropout_kl_halved",
    "dropout_kl_unhalved",
    "dropout_kl_one_mask",
    "dropout_kl_arithmetic",
    "colour_split_chance",
    "fc7_neighbour_pixel_rank",
    "epochs_to_70",
    "epochs_to_60",
    "epochs_to_50",
    "epochs_to_40",
    "epochs_to_settle",
    "rate_divisions",
    "decay_pull",
    "norm_spread",
    "units_kept",
    "views_moved",
    "colour_shift",
]
