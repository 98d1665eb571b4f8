"""Good food photographs, and what goes wrong with them.

A training pair is a photograph and the same one spoiled: too dark or too bright, under tungsten or fluorescent light,
behind haze, flat, pale, grey in its fine structure, noisy. One pair in seven is not spoiled at all: what is good must stay. Everything works on batches of tensors, on the CPU and on a GPU.
"""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import torch
from model import LUMA, SIDE_PX, to_linear, to_srgb
from PIL import Image
from torch import Tensor
from torch.nn import functional

CACHE_PX = 256
SHARE_GOOD = 0.15
# Of a batch: food in studios, and food in shops and kitchens; the rest are good photographs of dishes.
SHARE_STUDIO = 0.25
SHARE_EVERYDAY = 0.25
EVERYDAY = ("grocery.tar", "ingredients.tar", "kuih.tar")
EDGE_VARIANCE = 0.01
# Grounds that studio cutouts are laid on: white, greys, warm wood, slate, cloth.
GROUNDS = ((250, 250, 250), (225, 225, 224), (128, 128, 128), (150, 111, 78), (92, 66, 46), (64, 66, 70), (205, 196, 180))


def _square(photo: Image.Image) -> np.ndarray:
    return np.asarray(photo.convert("RGB").resize((CACHE_PX, CACHE_PX), Image.Resampling.BOX))


def load_photographs(shared: Path, split: str) -> Tensor:
    """Photographs of photos/food of a split: uint8 [n, 3, CACHE_PX, CACHE_PX], stretched to squares."""
    folder = shared / "data" / "photos" / "food"
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    photos = [_square(Image.open(folder / row["file"])) for row in rows if row["split"] == split]
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).contiguous()


def _members(shared: Path, name: str):
    with tarfile.open(shared / "data" / "train" / "food" / name) as tar:
        for member in tar.getmembers():
            if member.isfile():
                yield Image.open(io.BytesIO(tar.extractfile(member).read()))


def load_everyday(shared: Path) -> Tensor:
    """Food in shops and kitchens: not as well lit as it could be, but of more colours than the photographs are."""
    pictures = [_square(picture) for name in EVERYDAY for picture in _members(shared, name)]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def load_studio(shared: Path, seed: int) -> Tensor:
    """Food cut out of studio photographs, on plain grounds: neutral light that photographs of homes seldom have."""
    rng = np.random.default_rng(seed)
    pictures = []
    for picture in _members(shared, "cutouts.tar"):
        cutout = picture.convert("RGBA")
        side = int(max(cutout.size) * rng.uniform(1.05, 1.6))
        ground = Image.new("RGB", (side, side), GROUNDS[rng.integers(len(GROUNDS))])
        ground.paste(cutout, tuple((side - length) // 2 for length in cutout.size), cutout)
        pictures.append(_square(ground))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def views(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Random parts of at least 70 % of each side, mirrored half of the time: float [n, 3, SIDE_PX, SIDE_PX], 0..1."""
    count, device = len(pictures), pictures.device
    draw = lambda low, high: low + (high - low) * torch.rand(count, generator=generator, device=device)
    share_x, share_y = draw(0.7, 1), draw(0.7, 1)
    mirror = torch.where(draw(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0], theta[:, 1, 1] = share_x * mirror, share_y
    theta[:, 0, 2], theta[:, 1, 2] = (1 - share_x) * draw(-1, 1), (1 - share_y) * draw(-1, 1)
    grid = functional.affine_grid(theta, [count, 3, SIDE_PX, SIDE_PX], align_corners=False)
    return functional.grid_sample(pictures.float() / 255, grid, align_corners=False, padding_mode="border").clamp(0, 1)


def _mean(plane: Tensor, radius: int) -> Tensor:
    return functional.avg_pool2d(plane, 2 * radius + 1, stride=1, padding=radius, count_include_pad=False)


def luma_base(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Luma [n, 1, h, w] and its edge-preserving base: a guided filter of luma by itself (He et al. 2013)."""
    weights = torch.tensor(LUMA, device=picture.device).reshape(1, 3, 1, 1)
    luma = (picture * weights).sum(1, keepdim=True)
    radius = max(1, round(min(picture.shape[2:]) / 24))
    mean = _mean(luma, radius)
    variance = _mean(luma * luma, radius) - mean * mean
    slope = variance / (variance + EDGE_VARIANCE)
    return luma, _mean(slope, radius) * luma + _mean(mean - slope * mean, radius)


def spoil(good: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Spoil photographs.

    good: sRGB [n, 3, h, w], 0..1. Returns the spoiled ones, and [n, 1] how much local contrast must be put back:
    0.5 says half of what is there more.
    """
    count, device = len(good), good.device

    def draw(low: float, high: float, share: float, rest: float) -> Tensor:
        """[n, 1, 1, 1]: a random value for a share of the pictures, else `rest`."""
        value = low + (high - low) * torch.rand(count, generator=generator, device=device)
        chosen = torch.rand(count, generator=generator, device=device) < share
        return torch.where(chosen & is_spoiled, value, torch.full_like(value, rest)).reshape(-1, 1, 1, 1)

    is_spoiled = torch.rand(count, generator=generator, device=device) >= SHARE_GOOD
    flatness = draw(0.1, 0.6, 0.3, 0.0)
    luma, base = luma_base(good)
    linear = to_linear((good - flatness * (luma - base)).clamp(0, 1))
    # Light: warmth trades red for blue as black bodies do; tint is the green of fluorescent tubes, or its opposite.
    warmth, tint = draw(-0.4, 1.1, 0.6, 0.0), draw(-0.2, 0.35, 0.3, 0.0)
    gains = torch.cat([torch.exp(0.45 * warmth), torch.exp(0.6 * tint), torch.exp(-0.75 * warmth)], dim=1)
    gains = gains / (gains * torch.tensor(LUMA, device=device).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    linear = linear * gains * torch.exp2(draw(-2.0, 1.2, 0.55, 0.0))
    veil = draw(0.05, 0.4, 0.25, 0.0)
    colour = 0.75 + 0.25 * torch.rand(count, 3, 1, 1, generator=generator, device=device)
    linear = linear * (1 - veil) + veil * colour * draw(0.4, 1.0, 1.0, 1.0)
    srgb = to_srgb(linear.clamp(0, 1))
    grey = (srgb * torch.tensor(LUMA, device=device).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    srgb = grey + (srgb - grey) * draw(0.6, 1.15, 0.2, 1.0)
    srgb = 0.5 + (srgb - 0.5) * draw(0.55, 1.0, 0.3, 1.0)
    srgb = srgb.clamp(1e-4, 1) ** draw(0.85, 1.2, 0.15, 1.0)
    noise = torch.randn(srgb.shape, generator=generator, device=device) * draw(0.0, 0.03, 0.3, 0.0)
    return (srgb + noise).clamp(0, 1), (flatness / (1 - flatness)).reshape(-1, 1)
