"""U²-Net and IS-Net: nested U-structures.

U²-Net: Qin et al. 2020, https://arxiv.org/abs/2005.09007. IS-Net: Qin et al. 2022, https://arxiv.org/abs/2203.03041.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvNormRelu(nn.Module):
    """A dilated 3x3 convolution with batch norm."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn_s1(self.conv_s1(x)))


def halved(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


def enlarged_like(x: Tensor, other: Tensor) -> Tensor:
    return functional.interpolate(x, size=other.shape[2:], mode="bilinear", align_corners=False)


class ResidualU(nn.Module):
    """A small U-Net of `depth` levels around a residual connection; `flat` dilates in place of halving."""

    def __init__(self, depth: int, inputs: int, middle: int, outputs: int, flat: bool = False) -> None:
        super().__init__()
        self.depth, self.flat = depth, flat
        self.rebnconvin = ConvNormRelu(inputs, outputs)
        for level in range(1, depth + 1):
            dilation = 2 ** (level - 1) if flat else (2 if level == depth else 1)
            self.add_module(f"rebnconv{level}", ConvNormRelu(outputs if level == 1 else middle, middle, dilation))
        for level in range(depth - 1, 0, -1):
            dilation = 2 ** (level - 1) if flat else 1
            self.add_module(f"rebnconv{level}d", ConvNormRelu(2 * middle, outputs if level == 1 else middle, dilation))

    def forward(self, x: Tensor) -> Tensor:
        start = self.rebnconvin(x)
        levels, x = [], start
        for level in range(1, self.depth + 1):
            if not self.flat and 1 < level < self.depth:
                x = halved(x)
            x = self.get_submodule(f"rebnconv{level}")(x)
            levels.append(x)
        x = levels.pop()
        for level in range(self.depth - 1, 0, -1):
            beside = levels.pop()
            x = x if self.flat or level == self.depth - 1 else enlarged_like(x, beside)
            x = self.get_submodule(f"rebnconv{level}d")(torch.cat((x, beside), 1))
        return x + start


# Depth, middle and output channels of the encoder's stages 1..6, then of the decoder's stages 5..1.
FULL = ([(7, 32, 64), (6, 32, 128), (5, 64, 256), (4, 128, 512), (4, 256, 512), (4, 256, 512)],
        [(4, 256, 512), (4, 128, 256), (5, 64, 128), (6, 32, 64), (7, 16, 64)])  # fmt: skip
PORTABLE = ([(7, 16, 64), (6, 16, 64), (5, 16, 64), (4, 16, 64), (4, 16, 64), (4, 16, 64)],
            [(4, 16, 64), (4, 16, 64), (5, 16, 64), (6, 16, 64), (7, 16, 64)])  # fmt: skip


class NestedU(nn.Module):
    """Six stages down, five up, and a matte from each of the decoder's and the last: [n, 3, h, w] 0..1 normalised."""

    def __init__(self, stages: tuple[list, list], inputs: int) -> None:
        super().__init__()
        encoder, decoder = stages
        widths = []
        for number, (depth, middle, outputs) in enumerate(encoder, 1):
            stage = ResidualU(depth, widths[-1] if widths else inputs, middle, outputs, flat=number > 4)
            self.add_module(f"stage{number}", stage)
            widths.append(outputs)
        below = widths[5]
        for number, (depth, middle, outputs) in zip(range(5, 0, -1), decoder, strict=True):
            stage = ResidualU(depth, below + widths[number - 1], middle, outputs, flat=number == 5)
            self.add_module(f"stage{number}d", stage)
            below = outputs
        for number, outputs in enumerate([*(stage[2] for stage in reversed(decoder)), widths[5]], 1):
            self.add_module(f"side{number}", nn.Conv2d(outputs, 1, 3, padding=1))

    def logits(self, x: Tensor, size: Tensor) -> list[Tensor]:
        """The six side outputs before the sigmoid, finest first, all of the size of `size`."""
        levels = []
        for number in range(1, 7):
            x = self.get_submodule(f"stage{number}")(x if number == 1 else halved(x))
            levels.append(x)
        tops = [levels.pop()]
        for number in range(5, 0, -1):
            beside = levels.pop()
            x = torch.cat((enlarged_like(tops[-1], beside), beside), 1)
            tops.append(self.get_submodule(f"stage{number}d")(x))
        sides = [self.get_submodule(f"side{number}")(top) for number, top in enumerate(reversed(tops), 1)]
        return [enlarged_like(side, size) for side in sides]


class U2Net(NestedU):
    """Gives seven mattes, the fused one first."""

    def __init__(self, stages: tuple[list, list] = FULL) -> None:
        super().__init__(stages, 3)
        self.outconv = nn.Conv2d(6, 1, 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        sides = self.logits(picture, picture)
        fused = self.outconv(torch.cat(sides, 1))
        return tuple(torch.sigmoid(each) for each in [fused, *sides])


class ISNet(NestedU):
    """A convolution of stride 2 before the stages; gives six mattes, the finest first."""

    def __init__(self) -> None:
        super().__init__(FULL, 64)
        self.conv_in = nn.Conv2d(3, 64, 3, stride=2, padding=1)

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.sigmoid(each) for each in self.logits(self.conv_in(picture), picture))
