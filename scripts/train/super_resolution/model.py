"""The compact residual super-resolution network.

Five residual blocks of two 3x3 convolutions (EDSR's block without batch norm, Lim et al. 2017,
https://arxiv.org/abs/1707.02921) at the input's resolution, then pixel shuffle (Shi et al. 2016,
https://arxiv.org/abs/1609.05158). The network predicts what a bicubic enlargement misses; that enlargement is a
fixed convolution here, one kernel for each output phase, so that every output pixel depends on a finite window
of the input and a picture cut into overlapping tiles comes out as it would in one piece.
"""

import torch
from torch import Tensor, nn

FEATURES = 32
BLOCKS = 5
KEYS_A = -0.5


def receptive_radius_px() -> int:
    """Input pixels on each side that an output pixel depends on."""
    convolutions = 1 + 2 * BLOCKS + 1 + 1  # head, blocks, join, tail
    return convolutions


def _keys(distance: float) -> float:
    """Keys' cubic kernel (1981) with a = -0.5, as PIL's BICUBIC uses it."""
    x = abs(distance)
    if x < 1:
        return (KEYS_A + 2) * x**3 - (KEYS_A + 3) * x**2 + 1
    if x < 2:
        return KEYS_A * (x**3 - 5 * x**2 + 8 * x - 4)
    return 0.0


def bicubic_phases(scale: int) -> Tensor:
    """Kernels of a pixel-centre-aligned bicubic enlargement: [scale^2, 1, 5, 5], one for each output phase."""
    taps = torch.zeros(scale, 5)
    for phase in range(scale):
        centre = (phase + 0.5) / scale - 0.5  # position of the output pixel in input pixels
        for tap in range(5):
            taps[phase, tap] = _keys(centre - (tap - 2))
    taps /= taps.sum(dim=1, keepdim=True)
    kernels = taps[:, None, :, None] * taps[None, :, None, :]  # [scale, scale, 5, 5]
    return kernels.reshape(scale * scale, 1, 5, 5)


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), width kept."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(torch.relu(self.first(x)))


class CompactResidual(nn.Module):
    """RGB [n, 3, h, w] in 0..1 -> RGB [n, 3, scale*h, scale*w], not clamped."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, FEATURES, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(FEATURES) for _ in range(BLOCKS)))
        self.join = nn.Conv2d(FEATURES, FEATURES, 3, padding=1)
        self.tail = nn.Conv2d(FEATURES, 3 * scale * scale, 3, padding=1)
        self.register_buffer("bicubic", bicubic_phases(scale).repeat(3, 1, 1, 1), persistent=False)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def forward(self, picture: Tensor) -> Tensor:
        features = self.head(picture)
        features = features + self.join(self.blocks(features))
        base = nn.functional.conv2d(picture, self.bicubic, padding=2, groups=3)
        return nn.functional.pixel_shuffle(self.tail(features) + base, self.scale)

    def load_trunk(self, state: dict[str, Tensor]) -> None:
        """Take everything but the tail from a network of another scale."""
        self.load_state_dict({k: v for k, v in state.items() if not k.startswith("tail.")}, strict=False)
