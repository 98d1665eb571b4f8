"""Training pairs: food photographs reduced at least twice (so that their JPEG noise is gone), and their reductions."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

REDUCTIONS = (2.0, 2.6)
SHARE_COMPRESSED = 0.15
COMPRESSED_QUALITY = (85, 96)


@dataclass(frozen=True)
class Pair:
    """One photograph. high: uint8 [scale*h, scale*w, 3]; low, compressed: uint8 [h, w, 3]."""

    high: np.ndarray
    low: np.ndarray
    compressed: np.ndarray


def reduce_bicubic(high: Image.Image, scale: int) -> tuple[Image.Image, Image.Image]:
    """Crop to a multiple of scale and reduce with PIL's BICUBIC; gives (high, low)."""
    width, height = high.width // scale * scale, high.height // scale * scale
    high = high.crop((0, 0, width, height))
    return high, high.resize((width // scale, height // scale), Image.Resampling.BICUBIC)


def _compress(picture: Image.Image, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(buffer).convert("RGB"))


def load_pairs(shared: Path, scale: int, seed: int) -> list[Pair]:
    """All `split: train` photographs of photos/food at every reduction; about 0.5 GB."""
    rng = np.random.default_rng(seed)
    folder = shared / "data" / "photos" / "food"
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    pairs = []
    for row in rows:
        if row["split"] != "train":
            continue
        photo = Image.open(folder / row["file"]).convert("RGB")
        for reduction in REDUCTIONS:
            size = (int(photo.width / reduction), int(photo.height / reduction))
            if min(size) < 200:
                continue
            high, low = reduce_bicubic(photo.resize(size, Image.Resampling.LANCZOS), scale)
            quality = int(rng.integers(*COMPRESSED_QUALITY))
            pairs.append(Pair(np.asarray(high), np.asarray(low), _compress(low, quality)))
    return pairs


def batch(pairs: list[Pair], scale: int, count: int, patch: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random patches: low uint8 [count, 3, patch, patch] and high [count, 3, scale*patch, scale*patch].

    Flipped, turned by quarters and with shuffled colour channels: 48 views of every place.
    """
    lows, highs = [], []
    for _ in range(count):
        pair = pairs[rng.integers(len(pairs))]
        source = pair.compressed if rng.random() < SHARE_COMPRESSED else pair.low
        y = rng.integers(source.shape[0] - patch + 1)
        x = rng.integers(source.shape[1] - patch + 1)
        low = source[y : y + patch, x : x + patch]
        high = pair.high[y * scale : (y + patch) * scale, x * scale : (x + patch) * scale]
        turns, is_flipped, channels = rng.integers(4), rng.random() < 0.5, rng.permutation(3)
        for view, views in ((low, lows), (high, highs)):
            view = np.rot90(view[:, :, channels], turns)
            views.append((view[:, ::-1] if is_flipped else view).transpose(2, 0, 1))
    return np.stack(lows), np.stack(highs)
