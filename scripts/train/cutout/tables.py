"""Draws tables and cloths: wood, stone, plain, checked and tiled surfaces under uneven light."""

from collections.abc import Callable

import cv2
import numpy as np

from painting import Field, Pixels, Rng, noise_field, paint, point, random_colour, wood_colour


def wood(size: int, rng: Rng) -> Field:
    """A canvas of wood, its grain across, in one to six planks."""
    grain = noise_field(size, (int(rng.integers(15, 60)), 3), rng)
    broad = noise_field(size, (6, 2), rng)
    shade = 0.75 + 0.25 * grain + 0.2 * broad
    planks = int(rng.integers(1, 7))
    edges = np.linspace(0, size, planks + 1).astype(int)
    for top, bottom in zip(edges[:-1], edges[1:], strict=True):
        shade[top:bottom] *= rng.uniform(0.85, 1.1)
        if top > 0:
            shade[top : top + max(1, size // 150)] *= rng.uniform(0.3, 0.8)
    return paint(wood_colour(rng), shade.astype(np.float32))


def _stone(size: int, rng: Rng) -> Field:
    shade = np.zeros((size, size), np.float32)
    for octave in (3, 9, 27, 70):
        shade += noise_field(size, (octave, octave), rng) * rng.uniform(0.05, 0.3)
    return paint(random_colour(rng), 0.7 + shade)


def _plain(size: int, rng: Rng) -> Field:
    shade = 0.75 + 0.4 * noise_field(size, (2, 2), rng)
    return paint(random_colour(rng), shade)


def _cloth(size: int, rng: Rng) -> Field:
    first, second = random_colour(rng, 60), random_colour(rng, 60)
    period = rng.uniform(0.04, 0.25) * size
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    stripes = (across % period < period * rng.uniform(0.2, 0.6)).astype(np.float32)
    if rng.random() < 0.6:
        stripes = (stripes + (down % period < period * 0.5)) / 2
    folds = 0.75 + 0.35 * noise_field(size, (4, 4), rng)
    return paint(first, folds) * (1 - stripes[..., None]) + paint(second, folds) * stripes[..., None]


def _tiles(size: int, rng: Rng) -> Field:
    period = int(rng.uniform(0.12, 0.45) * size)
    shade = 0.8 + 0.25 * noise_field(size, (8, 8), rng)
    joint = max(1, size // 100)
    for start in range(int(rng.integers(0, period)), size, period):
        shade[start : start + joint] *= 0.7
        shade[:, start : start + joint] *= 0.7
    return paint(random_colour(rng), shade)


_TABLES: tuple[Callable[[int, Rng], Field], ...] = (wood, wood, _stone, _plain, _cloth, _tiles)


def draw_table(size: int, rng: Rng) -> Pixels:
    """A table or cloth seen from above or aslant, sometimes with a second surface or cutlery: [size, size, 3]."""
    surface = _TABLES[rng.integers(len(_TABLES))](size, rng)
    angle, scale = rng.choice([0.0, 90.0, rng.uniform(0, 360)]), rng.uniform(1.0, 1.8)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(angle), float(scale))
    surface = cv2.warpAffine(surface, turn, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    if rng.random() < 0.3:
        wall = _TABLES[rng.integers(len(_TABLES))](size, rng)
        line = int(rng.uniform(0.05, 0.5) * size)
        surface[:line] = wall[:line] * rng.uniform(0.4, 1.1)
    light = 0.7 + 0.5 * noise_field(size, (2, 2), rng)
    picture = np.clip(surface * light[..., None], 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _draw_cutlery(picture, rng)
    return picture


def _draw_cutlery(picture: Pixels, rng: Rng) -> None:
    size = picture.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        start = rng.uniform(0, size, 2)
        end = start + rng.normal(0, size * 0.3, 2)
        colour = tuple(float(v) for v in random_colour(rng, 120))
        cv2.line(picture, point(start), point(end), colour, max(2, size // 60), cv2.LINE_AA)
        cv2.ellipse(picture, point(end), (size // 30, size // 18), float(rng.uniform(0, 180)), 0, 360, colour, -1)
