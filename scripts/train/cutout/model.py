"""The cutout network: a residual encoder, a global context vector and an additive decoder, about 2 million weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ENCODER_WIDTHS = (24, 48, 80, 128, 144)
DECODER_WIDTHS = (24, 48, 64, 96)


class ConvBlock(nn.Sequential):
    """3x3 convolution, batch norm, ReLU: [n, inputs, h, w] -> [n, outputs, h / stride, w / stride]."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around an identity: the shape [n, width, h, w] is kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvBlock(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class GlobalContext(nn.Module):
    """Adds to every place what the whole picture is like: the shape [n, width, h, w] is kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(inplace=True), nn.Linear(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(x.mean(dim=(2, 3)))[:, :, None, None]


class UpStep(nn.Module):
    """Doubles `deep` [n, deep, h, w], adds the encoder's `skip` [n, skip, 2h, 2w], and refines to `width` channels."""

    def __init__(self, deep: int, skip: int, width: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(deep, width, 1)
        self.skip = nn.Conv2d(skip, width, 1)
        self.refine = ResidualBlock(width)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        doubled = F.interpolate(self.deep(deep), scale_factor=2, mode="bilinear", align_corners=False)
        return self.refine(doubled + self.skip(skip))


class CutoutNet(nn.Module):
    """Tells the dish with its vessel from the rest.

    Takes RGB in 0..1 as [n, 3, s, s] with s a multiple of 32 and returns logits: the matte's [n, 1, s, s] first, then
    the coarse ones at 1/4, 1/8 and 1/16 of the side that deep supervision trains.
    """

    def __init__(self) -> None:
        super().__init__()
        stem, *widths = ENCODER_WIDTHS
        self.stem = nn.Sequential(ConvBlock(12, stem), ResidualBlock(stem))
        self.stages = nn.ModuleList()
        below = stem
        for width in widths:
            self.stages.append(
                nn.Sequential(ConvBlock(below, width, 2), ResidualBlock(width), ResidualBlock(width))
            )
            below = width
        self.context = GlobalContext(below)
        self.ups = nn.ModuleList()
        for skip, width in zip(reversed(ENCODER_WIDTHS[:-1]), reversed(DECODER_WIDTHS), strict=True):
            self.ups.append(UpStep(below, skip, width))
            below = width
        self.coarse_heads = nn.ModuleList(
            nn.Conv2d(width, 1, 1) for width in reversed(DECODER_WIDTHS[1:])
        )
        self.head = nn.Sequential(ConvBlock(below + 12, 16), nn.Conv2d(16, 4, 3, padding=1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        # Folding 2x2 pixels into channels keeps every pixel for the edge while all convolutions run at half the side.
        folded = F.pixel_unshuffle(picture * 2 - 1, 2)
        skips = [self.stem(folded)]
        for stage in self.stages:
            skips.append(stage(skips[-1]))
        x = self.context(skips.pop())
        coarse = []
        for index, up in enumerate(self.ups):
            x = up(x, skips.pop())
            if index < len(self.coarse_heads):
                coarse.append(self.coarse_heads[index](x))
        matte = F.pixel_shuffle(self.head(torch.cat([x, folded], dim=1)), 2)
        return [matte, *reversed(coarse)]
