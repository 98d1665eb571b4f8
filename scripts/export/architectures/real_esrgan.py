"""The networks of Real-ESRGAN (Wang et al. 2021, https://arxiv.org/abs/2107.10833): RRDBNet and the compact one."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Compact(nn.Module):
    """SRVGGNetCompact: plain convolutions at the input's size, pixel shuffle, added to the nearest enlargement."""

    def __init__(self, features: int = 64, convolutions: int = 32, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = [nn.Conv2d(3, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(convolutions):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, 3 * scale * scale, 3, padding=1))
        self.body = nn.ModuleList(layers)

    def forward(self, picture: Tensor) -> Tensor:
        x = picture
        for layer in self.body:
            x = layer(x)
        base = functional.interpolate(picture, scale_factor=self.scale, mode="nearest")
        return functional.pixel_shuffle(x, self.scale) + base


SLOPE, RESIDUAL = 0.2, 0.2


def leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all before it."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 6):
            inputs = features + (number - 1) * growth
            self.add_module(f"conv{number}", nn.Conv2d(inputs, features if number == 5 else growth, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for number in range(1, 5):
            seen.append(leaky(self.get_submodule(f"conv{number}")(torch.cat(seen, 1))))
        return self.conv5(torch.cat(seen, 1)) * RESIDUAL + x


class ResidualDense(nn.Module):
    """Three dense blocks in a row, around them a residual connection."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.rdb3(self.rdb2(self.rdb1(x))) * RESIDUAL + x


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks; 4x inside, so that 2x begins by folding 2x2 pixels into channels."""

    def __init__(self, scale: int = 4, blocks: int = 23, features: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.folding = 4 // scale
        self.conv_first = nn.Conv2d(3 * self.folding**2, features, 3, padding=1)
        self.body = nn.Sequential(*(ResidualDense(features, growth) for _ in range(blocks)))
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            self.add_module(name, nn.Conv2d(features, features, 3, padding=1))
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        folded = functional.pixel_unshuffle(picture, self.folding) if self.folding > 1 else picture
        features = self.conv_first(folded)
        features = features + self.conv_body(self.body(features))
        for convolution in (self.conv_up1, self.conv_up2):
            features = leaky(convolution(functional.interpolate(features, scale_factor=2, mode="nearest")))
        return self.conv_last(leaky(self.conv_hr(features)))
