"""Reads the pictures that training uses into memory, and never one of the evaluation's."""

import io
import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from painting import Pixels

HOLD_OUT_EVERY = 10


@dataclass(frozen=True)
class Plate:
    """A photograph and its hand-drawn mask stretched to squares, uint8 [t, t, 3] and [t, t]; aspect = width / height."""

    picture: Pixels
    mask: Pixels
    aspect: float


@dataclass(frozen=True)
class Sources:
    """All training pictures in memory.

    plates: photographs with masks. dishes: RGBA of those whose dish is whole inside the frame.
    grounds: square pieces of the photographs' own tables. cutouts: RGBA of food. photos: food photographs without mask.
    """

    plates: list[Plate]
    dishes: list[Pixels]
    grounds: list[Pixels]
    cutouts: list[Pixels]
    photos: list[Pixels]


def _rows(index: Path) -> list[dict]:
    return [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line]


def _square(path: Path, side: int) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)


def load_plates(shared: Path, side: int) -> list[Plate]:
    """The photographs of `masks/plates` with `split: train`, stretched to `side` pixels, in the index's order."""
    folder = shared / "data/masks"
    plates = []
    for row in _rows(folder / "plates/index.jsonl"):
        if row["split"] != "train":
            continue
        with Image.open(folder / row["mask"]) as opened:
            aspect = opened.width / opened.height
            mask = opened.convert("L").resize((side, side), Image.Resampling.BILINEAR)
        picture = _square(folder / row["image"], side)
        plates.append(Plate(np.array(picture), np.array(mask), aspect))
    return plates


def load_cutouts(shared: Path, longest: int) -> tuple[list[Pixels], list[Pixels]]:
    """RGBA of `cutouts.tar` without the labels that the visible masks use: those to train on, those held out."""
    rows = _rows(shared / "data/train/food/index.jsonl")
    labels = {
        row["file"]: row["label"]
        for row in rows
        if row["tar"] == "cutouts.tar" and not row.get("in_visible_masks", False)
    }
    kept: list[Pixels] = []
    held_out: list[Pixels] = []
    with tarfile.open(shared / "data/train/food/cutouts.tar") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name in labels else None
            if stream is None:
                continue
            picture = Image.open(io.BytesIO(stream.read())).convert("RGBA")
            picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
            # Split by label, for the same dish was often photographed more than once.
            target = held_out if zlib.crc32(labels[member.name].encode()) % 20 == 0 else kept
            target.append(np.array(picture))
    return kept, held_out


def load_photos(shared: Path, side: int) -> list[Pixels]:
    """The food photographs with `split: train`, stretched to `side` pixels."""
    folder = shared / "data/photos/food"
    rows = [row for row in _rows(folder / "index.jsonl") if row["split"] == "train"]
    return [np.array(_square(folder / row["file"], side)) for row in rows]


def whole_dish(plate: Plate) -> Pixels | None:
    """RGBA of the plate's dish cropped to its box and in its own proportions, or None where the frame cuts it."""
    solid = plate.mask > 127
    border = np.concatenate([solid[0], solid[-1], solid[:, 0], solid[:, -1]])
    if border.mean() > 0.02 or not 0.05 < solid.mean() < 0.9:
        return None
    x, y, width, height = cv2.boundingRect(solid.astype(np.uint8))
    dish = np.dstack([plate.picture, plate.mask])[y : y + height, x : x + width]
    stretch = np.sqrt(plate.aspect)
    return cv2.resize(dish, (round(width * stretch), round(height / stretch)), interpolation=cv2.INTER_AREA)


def free_ground(plate: Plate, smallest_share: float = 0.18) -> Pixels | None:
    """The largest square of the photograph that shows no dish, or None if it is under `smallest_share` of the side."""
    empty = cv2.copyMakeBorder((plate.mask < 10).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    reach = cv2.distanceTransform(empty, cv2.DIST_C, 3)
    _, radius, _, (x, y) = cv2.minMaxLoc(reach)
    half = int(radius) - 1
    if 2 * half < smallest_share * plate.mask.shape[0]:
        return None
    return plate.picture[y - 1 - half : y - 1 + half, x - 1 - half : x - 1 + half].copy()


def load_sources(shared: Path, size: int) -> tuple[Sources, list[Plate], list[Pixels]]:
    """Everything for training at `size` pixels; then the plates and the cutouts that are held out for validation."""
    side = round(size * 1.4)
    plates = load_plates(shared, side)
    held_plates = plates[::HOLD_OUT_EVERY]
    kept_plates = [plate for index, plate in enumerate(plates) if index % HOLD_OUT_EVERY]
    cutouts, held_cutouts = load_cutouts(shared, min(288, side))
    dishes = [dish for dish in map(whole_dish, kept_plates) if dish is not None]
    grounds = [ground for ground in map(free_ground, kept_plates) if ground is not None]
    sources = Sources(kept_plates, dishes, grounds, cutouts, load_photos(shared, side))
    return sources, held_plates, held_cutouts
