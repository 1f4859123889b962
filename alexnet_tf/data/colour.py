"""Principal components of pixel colours, for the colour noise of the paper's section 4.1.

Every pixel value is an integer, so the sums behind the covariance are kept as integers:
the result does not depend on the order of the images, nor on how they were grouped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 16

#: Eigenvalues of ImageNet's RGB covariance, descending, in squared 0-255 units: squares of
#: the stdevs in cuda-convnet2's input_meta. The constants .2175/.0188/.0045 that are widely
#: copied are other, rounded variances in squared 0-1 units. Only the default of
#: `layers.PCAJitter` uses them: training measures the colours of its own images.
IMAGENET_EIGENVALUES: NDArray[np.float64] = np.array([121.7801, 37.0939, 19.7208]) ** 2

#: Their eigenvectors as columns, components red, green, blue; from the same file, with the
#: sign rule of `rgb_pca`.
IMAGENET_EIGENVECTORS: NDArray[np.float64] = np.array(
    [
        [0.56351, 0.71258, -0.41796],
        [0.57618, 0.02354, 0.81698],
        [0.59200, -0.70120, -0.39731],
    ]
)

for _constant in (IMAGENET_EIGENVALUES, IMAGENET_EIGENVECTORS):
    _constant.setflags(write=False)


@dataclass(frozen=True)
class Moments:
    """Exact sums over pixels: their number, and the sums of c and of c * d for channels c, d.

    Integers of any size: the moments of two sets of pixels add up to those of both (`+`), in
    any order, without rounding.
    """

    count: int = 0
    sums: tuple[int, int, int] = (0, 0, 0)
    #: rr, rg, rb, gg, gb, bb.
    products: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)

    def __add__(self, other: Moments) -> Moments:
        a, b = self.numbers(), other.numbers()
        return Moments.of_numbers([x + y for x, y in zip(a, b, strict=True)])

    def numbers(self) -> list[int]:
        """Return the ten sums: count, three sums, six products; an index of shards keeps these."""
        return [self.count, *self.sums, *self.products]

    @classmethod
    def of_numbers(cls, numbers: Iterable[int]) -> Moments:
        """Return the moments of ten numbers in the order of `numbers`."""
        count, r, g, b, *p = (int(number) for number in numbers)
        rr, rg, rb, gg, gb, bb = p
        return cls(count, (r, g, b), (rr, rg, rb, gg, gb, bb))

    def covariance(self) -> NDArray[np.float64]:
        """Return the (3, 3) covariance, in squared pixel units, divided by the count.

        Raises:
            ValueError: no pixel was counted.
        """
        if not self.count:
            raise ValueError("the covariance of no pixels at all is not defined")
        products = iter(self.products)
        result = np.zeros((3, 3))
        for i in range(3):
            for j in range(i, 3):
                exact = self.count * next(products) - self.sums[i] * self.sums[j]
                result[i, j] = result[j, i] = exact / self.count**2
        return result

    def pca(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return eigenvalues (3,), descending, and eigenvectors (3, 3), as columns.

        The sign of a vector is free: here its component of largest size is positive.

        Raises:
            ValueError: no pixel was counted.
        """
        values, vectors = np.linalg.eigh(self.covariance())
        # eigh may return a hair less than zero for a direction without any variation
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        largest = np.abs(vectors).argmax(axis=0)
        signs = np.sign(vectors[largest, np.arange(3)])
        return values, vectors * signs


def moments(pixels: NDArray[np.uint8]) -> Moments:
    """Return the exact sums of an array (..., 3) of uint8, red, green and blue last.

    Raises:
        ValueError: another shape or type.

    >>> moments(np.array([[0, 0, 0], [10, 20, 20]], np.uint8))
    Moments(count=2, sums=(10, 20, 20), products=(100, 200, 200, 400, 400, 400))
    """
    if pixels.dtype != np.uint8 or pixels.ndim < 1 or pixels.shape[-1] != 3:
        raise ValueError(
            "`pixels` must be uint8 of shape (..., 3). "
            f"Received: {pixels.dtype} of shape {pixels.shape}"
        )
    total = Moments()
    flat = pixels.reshape(-1, 3)
    for start in range(0, len(flat), _CHUNK):
        channels = np.ascontiguousarray(flat[start : start + _CHUNK].T).astype(np.int64)
        # einsum and not dot: integers stay exact, and no BLAS threads get in each other's way
        products = [
            np.einsum("i,i->", channels[i], channels[j]) for i in range(3) for j in range(i, 3)
        ]
        total += Moments.of_numbers([channels.shape[1], *channels.sum(axis=1), *products])
    return total


def rgb_pca(
    images: Iterable[NDArray[np.uint8]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the principal components of the colours of all pixels, in one pass (section 4.1).

    Args:
        images: arrays (..., 3) of uint8, of any and of differing sizes.

    Returns:
        Eigenvalues (3,), descending, in squared 0-255 units, and eigenvectors (3, 3), as
        columns, each with its largest component positive.

    Raises:
        ValueError: an array of another shape or type, or no pixel at all.

    >>> values, vectors = rgb_pca([np.array([[0, 0, 0], [10, 20, 20]], np.uint8)])
    >>> values.round(6), vectors[:, 0].round(3)
    (array([225.,   0.,   0.]), array([0.333, 0.667, 0.667]))
    """
    total = Moments()
    for image in images:
        total += moments(image)
    return total.pca()


def jitter_axes(
    eigenvalues: NDArray[np.float64], eigenvectors: NDArray[np.float64], scale: str
) -> NDArray[np.float32]:
    """Return (3, 3) float32: row k is s_k p_k, the colour of a draw a = e_k (section 4.1).

    Training and `layers.PCAJitter` both add draws from N(0, sigma^2) times these rows to pixels
    of 0 to 255. An eigenvalue has the unit of squared pixels, so that the text's wording depends
    on it: it is read as of pixels of 0 to 1, whose lambda p is lambda p / 255 in units of 0 to
    255. Of pixels of 0 to 255 it would give ImageNet colours of some 1500.

    Args:
        eigenvalues: (3,), in squared 0-255 units.
        eigenvectors: (3, 3), as columns.
        scale: "eigenvalue", as the text has it, or "stddev", its root, as the 2012 code
            (convdata_jpeg.py) has it.

    Returns:
        Colours in 0-255 units: a component a row, red, green and blue.

    >>> jitter_axes(np.array([510.0, 255.0, 0.0]), np.eye(3), "eigenvalue").diagonal()
    array([2., 1., 0.], dtype=float32)
    """
    lengths = eigenvalues / 255 if scale == "eigenvalue" else np.sqrt(eigenvalues)
    return (eigenvectors * lengths[None, :]).T.astype(np.float32)
