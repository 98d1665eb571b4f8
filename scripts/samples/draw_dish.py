"""Draws the sample dish that a first run uploads: two fried eggs, tomatoes and herbs on a plate on a wooden table.

    python scripts/samples/draw_dish.py        (needs numpy and pillow; writes src/cli/sample-dish.jpg)

Everything is computed, so that the repository holds no picture that somebody else made.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SIDE = 1024
SUPERSAMPLING = 2
OUTPUT = Path(__file__).parents[2] / "src" / "cli" / "sample-dish.jpg"

rng = np.random.default_rng(7)
size = SIDE * SUPERSAMPLING
ys, xs = np.mgrid[0:size, 0:size] / size


def smooth_noise(cells_y: int, cells_x: int) -> np.ndarray:
    """Values in 0..1, [size, size], smooth between random cells."""
    grid = Image.fromarray((rng.random((cells_y, cells_x)) * 255).astype(np.uint8))
    return np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC)) / 255


def blob(cx: float, cy: float, radius: float, wobble: float, lobes: int) -> np.ndarray:
    """Signed distance-like field, negative inside a wavy disc."""
    angle = np.arctan2(ys - cy, xs - cx)
    edge = radius * (1 + wobble * np.sin(lobes * angle + cx * 40) + wobble * 0.6 * np.sin((lobes + 3) * angle + cy * 60))
    return np.hypot(xs - cx, ys - cy) - edge


def paint(canvas: np.ndarray, field: np.ndarray, colour: np.ndarray, softness: float = 0.0015) -> None:
    """Lay a colour ([3] or [size, size, 3], 0..1) where the field is negative."""
    alpha = np.clip(0.5 - field / (2 * softness), 0, 1)[..., None]
    canvas += (colour - canvas) * alpha


def shadow(canvas: np.ndarray, field: np.ndarray, depth: float, reach: float) -> None:
    canvas *= 1 - depth * np.clip(1 - np.maximum(field, 0) / reach, 0, 1)[..., None] ** 2


def shaded(colour: tuple[float, float, float], cx: float, cy: float, radius: float, gloss: float) -> np.ndarray:
    """A round thing lit from the upper left, with a highlight."""
    light = 1 - 0.35 * np.clip(((xs - cx) + (ys - cy)) / radius, -1, 1)
    spot = np.exp(-(((xs - cx + 0.4 * radius) ** 2 + (ys - cy + 0.4 * radius) ** 2) / (0.16 * radius) ** 2))
    return np.clip(np.array(colour) * light[..., None] + gloss * spot[..., None], 0, 1)


def table() -> np.ndarray:
    planks = np.floor(xs * 5)
    tone = 0.75 + 0.12 * np.sin(planks * 12.9) + 0.25 * (smooth_noise(6, 160) - 0.5) + 0.1 * (smooth_noise(30, 30) - 0.5)
    tone *= 1 - 0.5 * np.exp(-(((xs * 5) % 1) ** 2) / 0.0004)
    return np.clip(np.array([0.55, 0.38, 0.24]) * tone[..., None] * (1.15 - 0.4 * ys[..., None]), 0, 1)


canvas = table()
plate = np.hypot(xs - 0.5, ys - 0.5) - 0.4
shadow(canvas, np.hypot(xs - 0.515, ys - 0.525) - 0.4, 0.55, 0.05)
rim = np.hypot(xs - 0.5, ys - 0.5)
porcelain = 0.93 - 0.1 * (xs + ys - 1) - 0.09 * np.exp(-(((rim - 0.29) / 0.012) ** 2)) + 0.04 * np.exp(-(((rim - 0.385) / 0.01) ** 2))
paint(canvas, plate, np.clip(porcelain[..., None] * np.array([1, 0.99, 0.96]), 0, 1))

for cx, cy, radius in ((0.43, 0.43, 0.13), (0.57, 0.53, 0.125)):
    white = blob(cx, cy, radius, 0.07, 5)
    shadow(canvas, white, 0.25, 0.02)
    crisp = np.clip(-white / 0.02, 0, 1)[..., None]
    paint(canvas, white, np.array([0.78, 0.6, 0.38]) * (1 - crisp) + np.array([0.97, 0.96, 0.92]) * crisp)
    yolk = blob(cx + 0.01, cy - 0.01, 0.05, 0.02, 3)
    shadow(canvas, yolk, 0.2, 0.01)
    paint(canvas, yolk, shaded((0.98, 0.68, 0.12), cx + 0.01, cy - 0.01, 0.06, 0.6))

for cx, cy in ((0.34, 0.62), (0.42, 0.69), (0.3, 0.52)):
    tomato = blob(cx, cy, 0.052, 0.015, 4)
    shadow(canvas, blob(cx + 0.008, cy + 0.012, 0.052, 0.015, 4), 0.4, 0.02)
    paint(canvas, tomato, shaded((0.8, 0.13, 0.08), cx, cy, 0.06, 0.7))

for _ in range(26):
    cx, cy = 0.66 + 0.07 * rng.standard_normal(), 0.36 + 0.05 * rng.standard_normal()
    turn, length = rng.random() * np.pi, 0.03 + 0.02 * rng.random()
    u = (xs - cx) * np.cos(turn) + (ys - cy) * np.sin(turn)
    v = -(xs - cx) * np.sin(turn) + (ys - cy) * np.cos(turn)
    leaf = np.hypot(u / length, v / (length * 0.42)) - 1
    shadow(canvas, leaf * 0.02, 0.18, 0.01)
    vein = 1 - 0.25 * np.exp(-((v / 0.0015) ** 2))
    paint(canvas, leaf * 0.02, np.clip(np.array([0.18, 0.45 + 0.15 * rng.random(), 0.14]) * vein[..., None], 0, 1))

for _ in range(120):
    angle, reach = rng.random() * 2 * np.pi, 0.27 * np.sqrt(rng.random())
    speck = np.hypot(xs - 0.5 - reach * np.cos(angle), ys - 0.5 - reach * np.sin(angle)) - 0.0018
    paint(canvas, speck, np.array([0.2, 0.16, 0.12]))

picture = Image.fromarray((np.clip(canvas, 0, 1) * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
grain = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), np.float32) + rng.normal(0, 2.2, (SIDE, SIDE, 1))
Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(OUTPUT, quality=88)
