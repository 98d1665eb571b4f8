"""Makes training examples: photographs with masks, turned and recoloured, and composed scenes."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from painting import Pixels, Rng
from scenes import compose, fill_vessel, place
from sources import Plate, Sources
from tables import draw_table
from vessels import draw_vessel

Example = tuple[Pixels, Pixels]

# How often each kind of example is drawn. The photographs are few, so half of what is seen is composed.
KIND_SHARES = {"photograph": 0.5, "dish": 0.17, "vessel": 0.13, "cutout": 0.14, "white": 0.06}


def _photograph(plate: Plate, size: int, rng: Rng) -> Example:
    """A photograph as it is, or cropped, turned, mirrored and slanted."""
    for _ in range(4):
        matrix = _random_view(plate.picture.shape[0], size, rng)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        mask = cv2.warpAffine(plate.mask, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        if 0.03 < mask.mean() / 255 < 0.98:
            break
    source = cv2.GaussianBlur(plate.picture, (3, 3), 0) if rng.random() < 0.5 else plate.picture
    picture = cv2.warpAffine(source, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return picture, mask


def _random_view(side: int, size: int, rng: Rng) -> np.ndarray:
    """Matrix [2, 3] from the example's pixels to a square source of `side` pixels."""
    linear = np.diag([1.0 if rng.random() < 0.5 else -1.0, 1.0])
    shift = np.zeros(2)
    if rng.random() < 0.8:
        turn = rng.random()
        degrees = rng.uniform(-15, 15) if turn < 0.5 else 90.0 * rng.integers(4)
        if turn > 0.75:
            degrees = rng.uniform(0, 360)
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        stretch = np.exp(rng.normal(0, 0.15, 2) + rng.uniform(np.log(0.5), np.log(1.2)))
        shear = np.array([[1, rng.normal(0, 0.08)], [0, 1]])
        linear = np.array([[cos, -sin], [sin, cos]]) @ shear @ np.diag(stretch) @ linear
        shift = rng.uniform(-0.5, 0.5, 2) * np.maximum(0.1, 1 - stretch)
    linear = linear * (side / size)
    offset = np.full(2, side / 2) + shift * side - linear @ np.full(2, size / 2)
    return np.column_stack([linear, offset])


def _ground(sources: Sources, size: int, rng: Rng) -> Pixels:
    """A drawn table, or a piece of a real one mirrored until it fills the frame."""
    if rng.random() < 0.5:
        return draw_table(size, rng)
    ground = sources.grounds[rng.integers(len(sources.grounds))]
    scale = size / ground.shape[0] * rng.uniform(0.5, 1.3)
    angle = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 8))
    matrix = cv2.getRotationMatrix2D((ground.shape[1] / 2, ground.shape[0] / 2), angle, scale)
    matrix[:, 2] += size / 2 - ground.shape[0] / 2
    return cv2.warpAffine(ground, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101)


def _blurred_photo(sources: Sources, size: int, rng: Rng) -> Pixels:
    """A food photograph out of focus, the blur's sigma 0.4 to 4 % of the side."""
    photo = sources.photos[rng.integers(len(sources.photos))]
    side = photo.shape[0]
    width = int(side * rng.uniform(0.6, 1.0))
    x, y = rng.integers(0, side - width + 1, 2)
    crop = cv2.resize(photo[y : y + width, x : x + width], (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        crop = crop[:, ::-1].copy()
    sigma = size * float(np.exp(rng.uniform(np.log(0.004), np.log(0.04))))
    return cv2.GaussianBlur(crop, (0, 0), sigma)


def _placed(cutout: Pixels, size: int, rng: Rng, angle: float) -> Pixels:
    """The cutout somewhere in the frame, its longer side 40 to 115 % of it."""
    rows, columns = cutout.shape[:2]
    longer = size * rng.uniform(0.4, 1.15)
    scale = longer / max(rows, columns) * np.exp(rng.normal(0, 0.1, 2))
    slack = max(0.08 * size, (size - longer) * 0.6)
    centre = size / 2 + rng.uniform(-0.5, 0.5, 2) * slack
    frame = ((float(centre[0]), float(centre[1])), (columns * scale[0], rows * scale[1]))
    return place(cutout, size, frame, angle)


def _dish(sources: Sources, size: int, rng: Rng) -> Example:
    """A real dish with its plate on another background."""
    dish = sources.dishes[rng.integers(len(sources.dishes))]
    angle = float(rng.normal(0, 12) if rng.random() < 0.6 else rng.uniform(0, 360))
    layer = _placed(dish, size, rng, angle)
    choice = rng.random()
    if choice < 0.65:
        background = _ground(sources, size, rng)
    elif choice < 0.9:
        background = _blurred_photo(sources, size, rng)
    else:
        background = np.full((size, size, 3), rng.integers(200, 256), np.uint8)
    return compose(background, layer, rng), layer[..., 3]


def _vessel(sources: Sources, size: int, rng: Rng) -> Example:
    """Cut-out food in a drawn vessel on a table."""
    vessel = draw_vessel(size, rng)
    food = sources.cutouts[rng.integers(len(sources.cutouts))]
    layer = fill_vessel(vessel, food, rng) if rng.random() < 0.93 else vessel.layer
    blurred = rng.random() < 0.15
    background = _blurred_photo(sources, size, rng) if blurred else _ground(sources, size, rng)
    return compose(background, layer, rng), layer[..., 3]


def _cutout(sources: Sources, size: int, rng: Rng) -> Example:
    """Cut-out food alone, mostly over a blurred photograph of another dish, else on a table."""
    food = sources.cutouts[rng.integers(len(sources.cutouts))]
    layer = _placed(food, size, rng, float(rng.uniform(0, 360)))
    blurred = rng.random() < 0.75
    background = _blurred_photo(sources, size, rng) if blurred else _ground(sources, size, rng)
    return compose(background, layer, rng), layer[..., 3]


def _white(sources: Sources, size: int, rng: Rng) -> Example:
    """Cut-out food on white or nearly white, without shadow."""
    food = sources.cutouts[rng.integers(len(sources.cutouts))]
    layer = _placed(food, size, rng, float(rng.normal(0, 20)))
    alpha = layer[..., 3:].astype(np.float32) / 255
    white = rng.integers(235, 256) if rng.random() < 0.3 else 255
    return (layer[..., :3] * alpha + white * (1 - alpha)).astype(np.uint8), layer[..., 3]


def _recolour(picture: Pixels, rng: Rng) -> Pixels:
    """Another exposure, white balance, contrast and saturation; at times blur, noise or JPEG blocks."""
    x = picture.astype(np.float32) / 255
    x = x ** float(np.exp(rng.normal(0, 0.25)))
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * rng.uniform(0.5, 1.5)
    x = (x - 0.5) * rng.uniform(0.75, 1.25) + 0.5 + rng.normal(0, 0.04)
    x = x * np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.3:
        x = x + rng.standard_normal(x.shape, dtype=np.float32) * rng.uniform(0.01, 0.05)
    result = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))]
        result = cv2.imdecode(cv2.imencode(".jpg", result, quality)[1], cv2.IMREAD_COLOR)
    return result


def draw_example(sources: Sources, size: int, rng: Rng, kind: str | None = None) -> Example:
    """One example of a random or the named kind: picture uint8 [size, size, 3], matte uint8 [size, size]."""
    if kind is None:
        kind = str(rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    if kind == "photograph":
        picture, matte = _photograph(sources.plates[rng.integers(len(sources.plates))], size, rng)
    else:
        make = {"dish": _dish, "vessel": _vessel, "cutout": _cutout, "white": _white}[kind]
        picture, matte = make(sources, size, rng)
    # White stays white: a recoloured one would be another kind of picture.
    recoloured = _recolour(picture, rng) if kind != "white" and rng.random() < 0.85 else picture
    if kind != "photograph" and rng.random() < 0.5:
        return recoloured[:, ::-1].copy(), matte[:, ::-1].copy()
    return recoloured, matte


@dataclass(frozen=True)
class BatchPlan:
    """What `batches` makes: examples of `size` pixels, `count` to a batch, from step `first` to before `last`."""

    size: int
    count: int
    first: int
    last: int
    seed: int


def to_tensors(examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, s, s] and mattes [n, 1, s, s], both float32 in 0..1."""
    pictures = torch.from_numpy(np.stack([picture for picture, _ in examples])).permute(0, 3, 1, 2)
    mattes = torch.from_numpy(np.stack([matte for _, matte in examples]))[:, None]
    return pictures.float() / 255, mattes.float() / 255


def batches(sources: Sources, plan: BatchPlan) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches made ahead in a thread; what a step's batch holds depends on the seed and the step alone."""
    ready: queue.Queue[tuple[Tensor, Tensor]] = queue.Queue(maxsize=2)

    def produce() -> None:
        for step in range(plan.first, plan.last):
            rng = np.random.default_rng([plan.seed, step])
            ready.put(to_tensors([draw_example(sources, plan.size, rng) for _ in range(plan.count)]))

    threading.Thread(target=produce, daemon=True).start()
    for _ in range(plan.first, plan.last):
        yield ready.get()
