"""MODNet, trimap-free matting (Ke et al. 2022, https://arxiv.org/abs/2011.11961), on MobileNetV2 (https://arxiv.org/abs/1801.04381)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

# Of MobileNetV2: expansion, channels, repeats, stride of the first.
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
# Index in `features` behind which the picture is halved once, twice, three, four and five times.
TAPS = (1, 3, 6, 13, 18)
ENCODED = (16, 24, 32, 96, 1280)
HIGH = 32


def norm_relu(inputs: int, outputs: int, kernel: int, **options: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False, **options)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU6()]


class InvertedResidual(nn.Module):
    """Expand, filter each channel, contract."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        layers = [] if expansion == 1 else norm_relu(inputs, wide, 1)
        layers += norm_relu(wide, wide, 3, stride=stride, groups=wide)
        layers += norm_relu(wide, outputs, 1)[:2]
        self.conv = nn.Sequential(*layers)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.is_residual else self.conv(x)


class MobileNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Sequential(*norm_relu(3, 32, 3, stride=2))]
        width = 32
        for expansion, outputs, repeats, first_stride in STAGES:
            for number in range(repeats):
                layers.append(InvertedResidual(width, outputs, first_stride if number == 0 else 1, expansion))
                width = outputs
        layers.append(nn.Sequential(*norm_relu(width, ENCODED[-1], 1)))
        self.features = nn.Sequential(*layers)


class Backbone(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = MobileNet()

    def forward(self, x: Tensor) -> list[Tensor]:
        taps = []
        for number, layer in enumerate(self.model.features):
            x = layer(x)
            if number in TAPS:
                taps.append(x)
        return taps


class HalfInstanceNorm(nn.Module):
    """Batch norm on the first half of the channels, instance norm on the other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = channels // 2
        self.bnorm = nn.BatchNorm2d(self.first)
        self.inorm = nn.InstanceNorm2d(channels - self.first)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.bnorm(x[:, : self.first]), self.inorm(x[:, self.first :])), 1)


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, is_last: bool = False) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        self.layers = nn.Sequential(convolution, *([] if is_last else [HalfInstanceNorm(outputs), nn.ReLU()]))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Excitation(nn.Module):
    """Weights channels by what they are on average."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        narrow = channels // reduction
        self.fc = nn.Sequential(
            nn.Linear(channels, narrow, bias=False), nn.ReLU(), nn.Linear(narrow, channels, bias=False), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


def doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def reduced(x: Tensor, factor: float) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class LowBranch(nn.Module):
    """Where the subject is, at a sixteenth and an eighth of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.se_block = Excitation(ENCODED[4], 4)
        self.conv_lr16x = Convolution(ENCODED[4], ENCODED[3], 5)
        self.conv_lr8x = Convolution(ENCODED[3], ENCODED[2], 5)
        self.conv_lr = Convolution(ENCODED[2], 1, 3, 2, is_last=True)  # of training only

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half, quarter, _, _, last = self.backbone(picture)
        x = self.conv_lr16x(doubled(self.se_block(last)))
        return self.conv_lr8x(doubled(x)), half, quarter


class HighBranch(nn.Module):
    """What its edge looks like."""

    def __init__(self) -> None:
        super().__init__()
        self.tohr_enc2x = Convolution(ENCODED[0], HIGH, 1)
        self.conv_enc2x = Convolution(HIGH + 3, HIGH, 3, 2)
        self.tohr_enc4x = Convolution(ENCODED[1], HIGH, 1)
        self.conv_enc4x = Convolution(2 * HIGH, 2 * HIGH)
        self.conv_hr4x = nn.Sequential(
            Convolution(3 * HIGH + 3, 2 * HIGH), Convolution(2 * HIGH, 2 * HIGH), Convolution(2 * HIGH, HIGH)
        )
        widths = [(2 * HIGH, 2 * HIGH), (2 * HIGH, HIGH), (HIGH, HIGH), (HIGH, HIGH)]
        self.conv_hr2x = nn.Sequential(*(Convolution(*width) for width in widths))
        self.conv_hr = nn.Sequential(Convolution(HIGH + 3, HIGH), Convolution(HIGH, 1, 1, is_last=True))  # of training only

    def forward(self, picture: Tensor, half: Tensor, quarter: Tensor, low: Tensor) -> Tensor:
        half = self.tohr_enc2x(half)
        x = self.conv_enc2x(torch.cat((reduced(picture, 1 / 2), half), 1))
        x = self.conv_enc4x(torch.cat((x, self.tohr_enc4x(quarter)), 1))
        x = self.conv_hr4x(torch.cat((x, doubled(low), reduced(picture, 1 / 4)), 1))
        return self.conv_hr2x(torch.cat((doubled(x), half), 1))


class FusionBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_lr4x = Convolution(ENCODED[2], HIGH, 5)
        self.conv_f2x = Convolution(2 * HIGH, HIGH)
        self.conv_f = nn.Sequential(Convolution(HIGH + 3, HIGH // 2), Convolution(HIGH // 2, 1, 1, is_last=True))

    def forward(self, picture: Tensor, low: Tensor, high: Tensor) -> Tensor:
        x = doubled(self.conv_lr4x(doubled(low)))
        x = doubled(self.conv_f2x(torch.cat((x, high), 1)))
        return torch.sigmoid(self.conv_f(torch.cat((x, picture), 1)))


class MODNet(nn.Module):
    """[n, 3, h, w] -1..1, sides multiples of 32 -> alpha matte [n, 1, h, w]."""

    def __init__(self) -> None:
        super().__init__()
        self.lr_branch, self.hr_branch, self.f_branch = LowBranch(), HighBranch(), FusionBranch()
        self.backbone = self.lr_branch.backbone  # published checkpoints hold it by both names

    def forward(self, picture: Tensor) -> Tensor:
        low, half, quarter = self.lr_branch(picture)
        return self.f_branch(picture, low, self.hr_branch(picture, half, quarter, low))
