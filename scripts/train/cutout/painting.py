"""Brushes for drawn scenes: colours, smooth noise, and masks of simple shapes.

Pictures are uint8 [s, s, 3] RGB, layers uint8 [s, s, 4] RGBA with straight alpha, masks uint8 [s, s], and a canvas is
float32 [s, s, 3] in 0..255.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Rng = np.random.Generator


def noise_field(size: int, cells: tuple[int, int], rng: Rng) -> Field:
    """Smooth noise [size, size] in 0..1 with `cells` (down, across) bumps."""
    grid = rng.random((max(2, cells[0]), max(2, cells[1])), dtype=np.float32)
    return np.clip(cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)


def random_colour(rng: Rng, low: float = 20, high: float = 245) -> Field:
    """An RGB colour [3] in 0..255 of moderate saturation."""
    grey = rng.uniform(low, high)
    return np.clip(grey + rng.normal(0, 1, 3) * rng.choice([4, 12, 40]), 0, 255).astype(np.float32)


def wood_colour(rng: Rng) -> Field:
    """An RGB colour [3] in 0..255 between birch and walnut."""
    light = rng.uniform(0.25, 1.0)
    return (np.array([225, 180, 130], np.float32) * light + rng.normal(0, 8, 3)).astype(np.float32)


def paint(base: Field, shade: Field) -> Field:
    """A canvas of the colour `base` [3] under the light `shade` [s, s], 1 being as it is."""
    return base[None, None, :] * shade[..., None]


def fill(canvas: Field, mask: Pixels, colour: Field) -> None:
    """Covers `canvas` in place with one colour [3] where `mask` says so."""
    weight = (mask.astype(np.float32) / 255)[..., None]
    canvas += (colour - canvas) * weight


def point(place: NDArray[np.floating]) -> tuple[int, int]:
    """The pixel (x, y) of a place, as OpenCV's drawing wants it."""
    return int(place[0]), int(place[1])


def ellipse_mask(size: int, box: tuple[float, float, float, float], angle: float = 0) -> Pixels:
    """Mask of an ellipse; `box` is centre x, centre y, radius x, radius y in pixels."""
    mask = np.zeros((size, size), np.uint8)
    centre, radii = (int(box[0] * 16), int(box[1] * 16)), (int(box[2] * 16), int(box[3] * 16))
    cv2.ellipse(mask, centre, radii, angle, 0, 360, 255, -1, cv2.LINE_AA, 4)
    return mask


def hull_mask(size: int, boxes: list[tuple[float, float, float, float]]) -> Pixels:
    """Mask of the convex hull of upright ellipses."""
    turn = np.linspace(0, 2 * np.pi, 40)
    points = np.concatenate(
        [np.stack([x + a * np.cos(turn), y + b * np.sin(turn)], 1) for x, y, a, b in boxes]
    )
    mask = np.zeros((size, size), np.uint8)
    outline = cv2.convexHull((points * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, outline, 255, cv2.LINE_AA, 4)
    return mask


def box_mask(size: int, centre: tuple[float, float], sides: tuple[float, float], angle: float) -> Pixels:
    """Mask of a box with rounded corners, turned by `angle` degrees; `sides` are width and height in pixels."""
    mask = np.zeros((size, size), np.uint8)
    round_by = min(sides) * 0.08
    corners = cv2.boxPoints((centre, (sides[0] - 2 * round_by, sides[1] - 2 * round_by), angle))
    cv2.fillConvexPoly(mask, (corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    reach = 2 * int(round_by) + 1
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
