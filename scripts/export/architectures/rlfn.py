"""RLFN, the residual local feature network (Kong et al. 2022, https://arxiv.org/abs/2205.07514)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.05
ATTENTION_FEATURES = 16


class SpatialAttention(nn.Module):
    """Enhanced spatial attention: a mask seen from far away."""

    def __init__(self, features: int) -> None:
        super().__init__()
        width = ATTENTION_FEATURES
        self.conv1 = nn.Conv2d(features, width, 1)
        self.conv_f = nn.Conv2d(width, width, 1)
        self.conv2 = nn.Conv2d(width, width, 3, stride=2)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1)
        self.conv4 = nn.Conv2d(width, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        near = self.conv1(x)
        far = self.conv3(functional.max_pool2d(self.conv2(near), 7, stride=3))
        far = functional.interpolate(far, size=x.shape[2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.conv4(far + self.conv_f(near)))


class LocalFeatures(nn.Module):
    """Three convolutions with a residual connection, then attention."""

    def __init__(self, features: int) -> None:
        super().__init__()
        for name in ("c1_r", "c2_r", "c3_r"):
            self.add_module(name, nn.Conv2d(features, features, 3, padding=1))
        self.c5 = nn.Conv2d(features, features, 1)
        self.esa = SpatialAttention(features)

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for convolution in (self.c1_r, self.c2_r, self.c3_r):
            out = functional.leaky_relu(convolution(out), SLOPE)
        return self.esa(self.c5(out + x))


class RLFN(nn.Module):
    """Six blocks and pixel shuffle. Published checkpoints take 0..255; their export multiplies and divides."""

    def __init__(self, scale: int = 2, features: int = 52, blocks: int = 6) -> None:
        super().__init__()
        self.blocks = blocks
        self.conv_1 = nn.Conv2d(3, features, 3, padding=1)
        for number in range(1, blocks + 1):
            self.add_module(f"block_{number}", LocalFeatures(features))
        self.conv_2 = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(features, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, picture: Tensor) -> Tensor:
        first = self.conv_1(picture * 255)
        x = first
        for number in range(1, self.blocks + 1):
            x = self.get_submodule(f"block_{number}")(x)
        return self.upsampler(self.conv_2(x) + first) / 255
