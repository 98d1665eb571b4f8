"""The colour and tone network.

It looks at a picture reduced to a square and answers with a transform for the whole picture: a 3x3 matrix in linear
light (exposure, white balance, saturation), then a rising curve for each channel in sRGB (tone, contrast). Both are
evaluated on the corners of a lattice, so that what leaves the graph is a 3D lookup table as in "Learning
Image-adaptive 3D Lookup Tables" (Zeng et al. 2020, https://arxiv.org/abs/2009.14468); predicting curves and a matrix
rather than weights of learned tables needs far fewer photographs and cannot fold colours over each other. One more
number is how much local contrast the picture lacks.

Beside convolutions it sees two kinds of histograms: of each channel, which tell exposure and contrast, and of the pixels'
log-chroma, in which a change of the light is a shift ("Convolutional Color Constancy", Barron 2015,
https://arxiv.org/abs/1507.00410).
"""

import torch
from torch import Tensor, nn

SIDE_PX = 128
LATTICE = 33
WIDTHS = (16, 32, 48, 64, 96)
HIDDEN = 128
KNOTS = 12
LEVEL_BINS = 16
CHROMA_BINS = 16
CHROMA_REACH = 1.6
POOL = 4
LUMA = (0.299, 0.587, 0.114)
# How far one step of the outputs reaches.
GAIN_REACH = 1.6
MIX_REACH = 0.25
SLOPE_REACH = 1.6
STRENGTH_REACH = 1.0


def to_linear(srgb: Tensor) -> Tensor:
    """sRGB 0..1 to linear light 0..1 (IEC 61966-2-1)."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light to sRGB, continued above 1 by its own formula."""
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def soft_limit(value: Tensor, knee: float = 0.9) -> Tensor:
    """Values above the knee approach 1 without reaching it, so that lifted highlights keep their drawing."""
    room = 1 - knee
    above = (value - knee).clamp(min=0)
    return torch.where(value > knee, knee + room * (above / room) / (1 + above / room), value)


def apply_transform(colours: Tensor, matrix: Tensor, slopes: Tensor, limit: Tensor) -> Tensor:
    """Apply the transforms.

    colours: sRGB [n, 3, p], 0..1. matrix: [n, 3, 3] in linear light. slopes: positive [n, 3, KNOTS], of equal steps,
    whose running sum is the curve. limit: [n, 1, 1], 0 clips highlights, 1 rolls them off.
    """
    linear = torch.bmm(matrix, to_linear(colours)).clamp(min=0)
    toned = to_srgb(linear)
    toned = torch.lerp(toned.clamp(max=1), soft_limit(toned), limit)
    curve = torch.cat([torch.zeros_like(slopes[:, :, :1]), slopes.cumsum(2)], dim=2) / KNOTS
    position = toned.clamp(0, 1) * KNOTS
    index = position.detach().floor().clamp(max=KNOTS - 1).long()
    low, high = curve.gather(2, index), curve.gather(2, index + 1)
    return (low + (high - low) * (position - index)).clamp(0, 1)


def bumps(values: Tensor, low: float, high: float, bins: int) -> Tensor:
    """How much each value [n, c, p] belongs to each of some equal bins: [n, c, p, bins], soft at the edges."""
    centres = low + (high - low) * (torch.arange(bins, device=values.device) + 0.5) / bins
    return torch.exp(-(((values[..., None] - centres) * bins / (high - low)) ** 2))


def histograms(picture: Tensor) -> Tensor:
    """Histograms of the channels and luma, and of log-chroma weighted by luma: [n, 4 LEVEL_BINS + CHROMA_BINS^2]."""
    small = nn.functional.avg_pool2d(picture, POOL).flatten(2)
    luma = (small * torch.tensor(LUMA, device=picture.device)[:, None]).sum(1, keepdim=True)
    levels = bumps(torch.cat([small, luma], dim=1), 0, 1, LEVEL_BINS).mean(2).flatten(1)
    red, green, blue = torch.log(small + 0.02).split(1, dim=1)
    across = bumps(red - green, -CHROMA_REACH, CHROMA_REACH, CHROMA_BINS)[:, 0]
    down = bumps(blue - green, -CHROMA_REACH, CHROMA_REACH, CHROMA_BINS)[:, 0]
    weighted = across * luma.transpose(1, 2)
    chroma = torch.bmm(weighted.transpose(1, 2), down).flatten(1) / luma.sum(2).clamp(min=1e-3)
    return torch.cat([levels * 8, chroma * 8], dim=1)


class ColourNetwork(nn.Module):
    """RGB [n, 3, SIDE_PX, SIDE_PX] in 0..1 -> (matrix, slopes, limit, strength); see `apply_transform`."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [], 3
        for width in WIDTHS:
            layers += [nn.Conv2d(inputs, width, 3, stride=2, padding=1), nn.LeakyReLU(0.1)]
            inputs = width
        self.features = nn.Sequential(*layers)
        seen = 2 * inputs + 4 * LEVEL_BINS + CHROMA_BINS**2
        self.head = nn.Sequential(
            nn.Linear(seen, HIDDEN), nn.LeakyReLU(0.1), nn.Dropout(0.1), nn.Linear(HIDDEN, HIDDEN), nn.LeakyReLU(0.1)
        )
        self.answer = nn.Linear(HIDDEN, 1 + 2 + 6 + 2 * KNOTS + KNOTS + 2)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)
        with torch.no_grad():
            self.answer.bias[-2] = -3  # the roll-off of highlights starts small

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.features(picture * 2 - 1)
        mean = features.mean(dim=(2, 3))
        spread = (features - mean[:, :, None, None]).square().mean(dim=(2, 3)).add(1e-6).sqrt()
        answer = self.answer(self.head(torch.cat([mean, spread, histograms(picture)], dim=1)))
        exposure, casts, mix, tones, own, limit, strength = answer.split((1, 2, 6, KNOTS, 2 * KNOTS, 1, 1), dim=1)
        red, blue = casts[:, :1], casts[:, 1:]
        gains = torch.exp(GAIN_REACH * (exposure + torch.cat([red, -(red + blue) / 2, blue], dim=1)))
        matrix = torch.eye(3, device=gains.device) * gains[:, :, None] + self._mixing(mix, gains)
        red_own, blue_own = own.split((KNOTS, KNOTS), dim=1)
        both = torch.stack([tones + red_own, tones, tones + blue_own], dim=1)
        return matrix, torch.exp(SLOPE_REACH * both), limit.sigmoid()[:, :, None], STRENGTH_REACH * strength

    @staticmethod
    def _mixing(mix: Tensor, gains: Tensor) -> Tensor:
        """Off-diagonal parts whose rows sum to 0: grey stays as the gains make it."""
        zero = torch.zeros_like(mix[:, :1])
        a, b, c, d, e, f = (MIX_REACH * mix).split(1, dim=1)
        rows = torch.cat([-(a + b), a, b, c, -(c + d), d, e, f, -(e + f)], dim=1) + zero
        return rows.reshape(-1, 3, 3) * gains[:, None, :]


def lattice(size: int = LATTICE) -> Tensor:
    """Corners of the table: [3, size^3], red slowest and blue fastest."""
    steps = torch.linspace(0, 1, size)
    return torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij")).reshape(3, -1)
