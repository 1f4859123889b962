"""Training images of a net, and the way from pixels to its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alexnet_tf.values import check_types, require

DatasetName = Literal["cifar10", "builtin", "imagenet"]
Scaling = Literal["mean_image", "standardised"]
JitterScale = Literal["eigenvalue", "stddev"]
MeanCrop = Literal["matching", "centre"]
Crop = Literal["random", "centre"]
Labels = Literal["classes", "classes_and_turns"]


@dataclass(frozen=True, kw_only=True)
class JitterSpec:
    """PCA colour jitter (section 4.1): one random colour added to a whole image.

    The colour is sum_k a_k s_k p_k with a_k from N(0, sigma^2) and p_k the eigenvectors
    of the RGB covariance. `scale="eigenvalue"`: s_k is the eigenvalue, as the paper says,
    of pixels in 0 to 1; `"stddev"`: its square root, as the 2012 code has it.
    """

    sigma: float = 0.1
    scale: JitterScale = "eigenvalue"
    divide: float = 1.0  # the image, after the colour is added; the 2012 code: 1.1
    epochs: int | None = None  # jitter in the first so many epochs; None: in all

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.sigma >= 0, "sigma", "at least 0")
        require(self, self.divide > 0, "divide", "greater than 0")
        require(self, self.epochs is None or self.epochs >= 1, "epochs", "at least 1, or null")


@dataclass(frozen=True, kw_only=True)
class AugmentSpec:
    """Random crops, reflections and colours of the training images (section 4.1).

    A net whose `input_size` is below the images' size sees a random crop in training
    and the centre (or ten views) at test time; `crop="centre"` takes the centre in
    training too. With 256 pixels and crops of 224 there are 33 x 33 places, all of which the
    2012 source draws from (convdata_jpeg.py); the paper's factor of 2048 is 32 x 32 places
    times two reflections.
    """

    crop: Crop = "random"
    positions: int | None = None  # along each axis; None: all; the paper's factor 2048: 32
    flip: bool = False  # reflect half of the images, left to right
    shared_by: int = 1  # consecutive images of a batch with the same crop and reflection
    jitter: JitterSpec | None = None

    def __post_init__(self) -> None:
        check_types(self)
        require(self, self.shared_by >= 1, "shared_by", "at least 1")
        positions = self.positions
        require(self, positions is None or positions >= 1, "positions", "at least 1, or null")


@dataclass(frozen=True, kw_only=True)
class ScalingConstants:
    """Mean and deviation of red, green and blue that belong to published weights.

    input = (pixel - mean) / deviation, of pixels of 0 to 255, whatever images are at hand.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        check_types(self)
        require(self, len(self.mean) == 3, "mean", "three numbers, of red, green and blue")
        three = len(self.deviation) == 3 and min(self.deviation) > 0
        require(self, three, "deviation", "three numbers greater than 0")


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Images, their split, and the way from pixels to network inputs.

    The validation images are a stratified part of the published training set, chosen
    by a hash of their index (`split`); the published test set is never part of either.
    `test_images` of it, chosen likewise whatever the seed, are what a trained net is tested on.
    Each of the three numbers must be a multiple of the number of classes (`data.split.split`).

    `scaling="mean_image"` subtracts the per-pixel mean over the training images and
    keeps the range 0-255 (paper section 2); `"standardised"` subtracts the mean and
    divides by the standard deviation of each colour channel. A crop subtracts the part
    of the mean image under it (`mean_crop="matching"`), or always its centre (2012 code).

    `labels="classes_and_turns"` shows every image in one of four quarter turns and asks for
    the turn too: four times as many labels, class * 4 + turn. Test images stand upright.
    """

    dataset: DatasetName = "cifar10"
    train_images: int | None = None  # a stratified part of the training images; None: all
    validation_images: int = 5000
    split: int = 0
    scaling: Scaling = "mean_image"
    mean_crop: MeanCrop = "matching"
    augment: AugmentSpec = AugmentSpec(crop="centre")
    labels: Labels = "classes"
    test_images: int | None = None  # a stratified part of the test images; None: all
    constants: ScalingConstants | None = None  # in place of what `scaling` measures

    def __post_init__(self) -> None:
        check_types(self)
        if self.train_images is not None:
            require(self, self.train_images >= 10, "train_images", "at least 10, or null for all")
        require(self, self.validation_images >= 0, "validation_images", "at least 0")
        if self.test_images is not None:
            require(self, self.test_images >= 10, "test_images", "at least 10, or null for all")
        require(self, self.split >= 0, "split", "at least 0")

    @property
    def rotations(self) -> int:
        """Number of quarter turns in which an image is shown, and of labels of a class: 1 or 4."""
        return 4 if self.labels == "classes_and_turns" else 1
