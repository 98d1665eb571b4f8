"""Lays cut-out food in vessels and on backgrounds, with shadow and light."""

import cv2
import numpy as np

from painting import Pixels, Rng
from vessels import Vessel


def fill_vessel(vessel: Vessel, food: Pixels, rng: Rng) -> Pixels:
    """Layer of `vessel` with `food` (RGBA of any size) lying in its well, now and then filling it to the rim."""
    size = vessel.layer.shape[0]
    x, y, width, height = cv2.boundingRect(vessel.well)
    if width < 4 or height < 4:
        return vessel.layer
    filling = rng.random() < 0.35
    share = rng.uniform(1.1, 1.6) if filling else rng.uniform(0.55, 1.0)
    frame = ((x + width / 2, y + height / 2), (width * share, height * share))
    placed = place(food, size, frame, float(rng.uniform(0, 360)))
    alpha = placed[..., 3].astype(np.float32) / 255
    if filling:
        alpha = alpha * (vessel.well.astype(np.float32) / 255)
    blended = vessel.layer.astype(np.float32)
    blended[..., :3] += (placed[..., :3] - blended[..., :3]) * alpha[..., None]
    blended[..., 3] = np.maximum(blended[..., 3], alpha * 255)
    return blended.astype(np.uint8)


def place(
    cutout: Pixels, size: int, frame: tuple[tuple[float, float], tuple[float, float]], angle: float
) -> Pixels:
    """Layer [size, size, 4] of `cutout` turned by `angle` degrees about the centre of `frame`.

    frame: centre (x, y) and the (width, height) in pixels that the unturned cutout is scaled to.
    """
    (x, y), (width, height) = frame
    rows, columns = cutout.shape[:2]
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    scale_x, scale_y = width / columns, height / rows
    # A strongly reduced cutout is reduced by area first, as a camera would see it, or it would shimmer.
    shrink = min(1.0, 1.5 * max(scale_x, scale_y))
    if shrink < 0.7:
        cutout = cv2.resize(cutout, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        rows, columns = cutout.shape[:2]
        scale_x, scale_y = width / columns, height / rows
    matrix = np.array([[cos * scale_x, -sin * scale_y, 0], [sin * scale_x, cos * scale_y, 0]], np.float32)
    matrix[:, 2] = np.array([x, y]) - matrix[:, :2] @ np.array([columns / 2, rows / 2])
    return cv2.warpAffine(cutout, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))


def compose(background: Pixels, layer: Pixels, rng: Rng) -> Pixels:
    """Lays `layer` on `background`, usually with a soft shadow and a light of its own: uint8 [s, s, 3]."""
    size = background.shape[0]
    alpha = layer[..., 3].astype(np.float32) / 255
    ground = background.astype(np.float32)
    if rng.random() < 0.8:
        offset = rng.normal(0, 0.03 * size, 2)
        shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
        shadow = cv2.warpAffine(alpha, shift, (size, size))
        shadow = cv2.GaussianBlur(shadow, (0, 0), float(rng.uniform(0.005, 0.05) * size))
        ground *= (1 - shadow * rng.uniform(0.15, 0.75))[..., None]
    if rng.random() < 0.5:
        alpha = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.3, 0.9)))
    subject = layer[..., :3].astype(np.float32) * rng.uniform(0.75, 1.2)
    return np.clip(ground + (subject - ground) * alpha[..., None], 0, 255).astype(np.uint8)
