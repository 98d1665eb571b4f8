"""Draws what food is served in: plates, bowls, boards and trays, pans and glasses."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from painting import (
    Field,
    Pixels,
    Rng,
    box_mask,
    ellipse_mask,
    fill,
    hull_mask,
    noise_field,
    paint,
    point,
    random_colour,
    wood_colour,
)
from tables import wood


@dataclass(frozen=True)
class Vessel:
    """Something food is served in: its `layer` and the `well`, the part of it that food may cover."""

    layer: Pixels
    well: Pixels


def _vessel_colour(rng: Rng) -> Field:
    kind = rng.random()
    if kind < 0.5:
        return random_colour(rng, 205, 250)
    return random_colour(rng, 15, 70) if kind < 0.7 else random_colour(rng)


def _layer(colour: Field, mask: Pixels) -> Pixels:
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), mask])


def _frame(size: int, rng: Rng) -> tuple[float, float, float]:
    """Centre x, centre y and radius in pixels of a vessel; it may be cut by the picture's edge."""
    radius = rng.uniform(0.22, 0.56) * size
    slack = max(0.04 * size, abs(size / 2 - radius))
    return size / 2 + rng.uniform(-slack, slack) * 0.8, size / 2 + rng.uniform(-slack, slack) * 0.8, radius


def _plate(size: int, rng: Rng) -> Vessel:
    x, y, radius = _frame(size, rng)
    squash = rng.uniform(0.45, 1.0)
    angle = float(rng.uniform(-25, 25))
    outer = ellipse_mask(size, (x, y, radius, radius * squash), angle)
    base = _vessel_colour(rng)
    canvas = paint(base, 0.85 + 0.25 * noise_field(size, (2, 2), rng))
    if rng.random() < 0.3:
        _radial_pattern(canvas, (x, y), rng)
    well_share = rng.uniform(0.6, 0.9)
    for share in (0.98, well_share + 0.03, well_share):
        ring = ellipse_mask(size, (x, y, radius * share, radius * share * squash), angle)
        fill(canvas, ring, np.clip(base * rng.uniform(0.8, 1.12), 0, 255))
        if share == 0.98 and rng.random() < 0.25:
            _radial_pattern(canvas, (x, y), rng)
    well = ellipse_mask(size, (x, y, radius * well_share, radius * well_share * squash), angle)
    return Vessel(_layer(canvas, outer), well)


def _radial_pattern(canvas: Field, centre: tuple[float, float], rng: Rng) -> None:
    size = canvas.shape[0]
    across, down = np.meshgrid(np.arange(size) - centre[0], np.arange(size) - centre[1])
    wave = np.sin(np.arctan2(down, across) * int(rng.integers(8, 40))) > rng.uniform(-0.5, 0.5)
    fill(canvas, (wave * 255).astype(np.uint8), random_colour(rng))


def _bowl(size: int, rng: Rng) -> Vessel:
    x, y, radius = _frame(size, rng)
    squash = rng.uniform(0.3, 0.8)
    depth = radius * rng.uniform(0.2, 1.0) * (1.1 - squash)
    base = _vessel_colour(rng)
    rim = ellipse_mask(size, (x, y, radius, radius * squash))
    foot = radius * rng.uniform(0.45, 0.95)
    body = hull_mask(size, [(x, y, radius, radius * squash), (x, y + depth, foot, foot * squash)])
    shade = np.linspace(1.1, 0.6, size, dtype=np.float32)[None, :].repeat(size, 0)
    canvas = paint(base, shade if rng.random() < 0.5 else shade[:, ::-1])
    fill(canvas, rim, base)
    inner = rng.uniform(0.88, 0.97)
    well = ellipse_mask(size, (x, y, radius * inner, radius * inner * squash))
    fill(canvas, well, base * rng.uniform(0.55, 0.95))
    return Vessel(_layer(canvas, np.maximum(body, rim)), well)


def _board(size: int, rng: Rng) -> Vessel:
    x, y, radius = _frame(size, rng)
    sides = (radius * rng.uniform(1.4, 2.0), radius * rng.uniform(0.8, 1.8))
    angle = float(rng.choice([0.0, rng.uniform(-45, 45)]))
    outer = box_mask(size, (x, y), sides, angle)
    wooden = rng.random() < 0.55
    base = wood_colour(rng) if wooden else _vessel_colour(rng)
    surface = wood(size, rng) if wooden else paint(base, 0.85 + 0.25 * noise_field(size, (2, 2), rng))
    share = rng.uniform(0.8, 0.95)
    well = box_mask(size, (x, y), (sides[0] * share, sides[1] * share), angle)
    if not wooden:
        fill(surface, well, np.clip(base * rng.uniform(0.7, 1.1), 0, 255))
    return Vessel(_layer(surface, outer), well)


def _pan(size: int, rng: Rng) -> Vessel:
    x, y, radius = _frame(size, rng)
    squash = rng.uniform(0.6, 1.0)
    outer = ellipse_mask(size, (x, y, radius, radius * squash))
    turn = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn) * squash])
    start, end = np.array([x, y]) + way * radius * 0.9, np.array([x, y]) + way * radius * rng.uniform(1.3, 2.2)
    base = random_colour(rng, 15, 80) if rng.random() < 0.7 else random_colour(rng, 120, 220)
    cv2.line(outer, point(start), point(end), 255, max(3, int(radius * rng.uniform(0.1, 0.2))), cv2.LINE_AA)
    canvas = paint(base, 0.8 + 0.4 * noise_field(size, (3, 3), rng))
    share = rng.uniform(0.82, 0.95)
    well = ellipse_mask(size, (x, y, radius * share, radius * share * squash))
    fill(canvas, well, base * rng.uniform(0.6, 1.2))
    return Vessel(_layer(canvas, outer), well)


def _glass(size: int, rng: Rng) -> Vessel:
    x, y, radius = _frame(size, rng)
    top, bottom = radius * rng.uniform(0.4, 0.75), radius * rng.uniform(0.3, 0.7)
    squash, half = rng.uniform(0.08, 0.35), radius * rng.uniform(0.6, 1.1)
    mouth = (x, y - half, top, top * squash)
    body = hull_mask(size, [mouth, (x, y + half, bottom, bottom * squash)])
    drink = random_colour(rng, 30, 240)
    middle = np.linspace(-1, 1, size, dtype=np.float32) - (2 * x / size - 1)
    shade = 1 - 0.5 * np.clip(np.abs(middle) * size / (2 * top), 0, 1) ** 3
    canvas = paint(drink, shade[None, :].repeat(size, 0))
    level = y - half + rng.uniform(0, 0.8) * half
    canvas[: max(0, int(level))] = canvas[: max(0, int(level))] * 0.3 + 0.7 * random_colour(rng, 90, 240)
    surface = (x, level, top * 0.92, top * squash)
    fill(canvas, ellipse_mask(size, surface), np.clip(drink * rng.uniform(0.8, 1.3), 0, 255))
    if rng.random() < 0.6:
        glint = ellipse_mask(size, (x - top * 0.55, y, top * 0.08, half * 0.6))
        fill(canvas, (glint * 0.7).astype(np.uint8), np.full(3, 250, np.float32))
    return Vessel(_layer(canvas, body), ellipse_mask(size, mouth))


_VESSELS: tuple[Callable[[int, Rng], Vessel], ...] = (
    _plate, _plate, _plate, _bowl, _bowl, _board, _board, _pan, _glass,
)  # fmt: skip


def draw_vessel(size: int, rng: Rng) -> Vessel:
    """A random plate, bowl, board or tray, pan or glass, placed somewhere in the picture."""
    return _VESSELS[rng.integers(len(_VESSELS))](size, rng)
