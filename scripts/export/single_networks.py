"""Networks of one graph that Garnish has families for: how each is built, exported, and described in a manifest."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from architectures.birefnet_shaped import SIDE_PX, BiRefNetShaped
from architectures.modnet import MODNet
from architectures.nested_u import PORTABLE, ISNet, U2Net
from architectures.real_esrgan import Compact, RRDBNet
from architectures.rlfn import RLFN
from onnx_graph import Part

FREE = {2: "height", 3: "width"}


@dataclass(frozen=True)
class SingleNetwork:
    """One published network."""

    build: Callable[[], torch.nn.Module]
    task: str
    family: str
    # Role of the graph in the pack.
    role: str
    # Size of the published weights as their page states it, and that page.
    published: str
    said_at: str
    # Sides of the traced picture; whether they stay free in the graph.
    sides: tuple[int, int] = (64, 96)
    is_free: bool = True
    inputs: dict = field(default_factory=dict)
    # Names of the graph's outputs; more than one where the network gives several mattes.
    outputs: tuple[str, ...] = ("output",)
    # False where the published network's code belongs to its checkpoint: only random weights can be put in here.
    has_checkpoints: bool = True

    def part(self, module: torch.nn.Module) -> Part:
        """What to trace: a picture [1, 3, h, w]."""
        random = torch.Generator().manual_seed(0)
        inputs = {"input": torch.rand(1, 3, *self.sides, generator=random)}
        axes = {"input": FREE, **{name: FREE for name in self.outputs}} if self.is_free else {}
        return Part(module.eval(), inputs, list(self.outputs), axes)


def swin2sr(scale: int, width: int, depth: int, upsampler: str) -> Callable[[], torch.nn.Module]:
    """Swin2SR (Conde et al. 2022, https://arxiv.org/abs/2209.11345), by transformers."""

    def build() -> torch.nn.Module:
        from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution

        config = Swin2SRConfig(
            **{"image_size": 64, "patch_size": 1, "embed_dim": width, "depths": [6] * depth, "num_heads": [6] * depth},
            **{"window_size": 8, "mlp_ratio": 2.0, "upscale": scale, "upsampler": upsampler},
        )
        return Reconstruction(Swin2SRForImageSuperResolution(config))

    return build


class Reconstruction(torch.nn.Module):
    """The picture of a super-resolution model of transformers."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return self.model(picture, return_dict=False)[0]


SEVEN = tuple(f"d{number}" for number in range(7))
SEG, SR = "segmentation", "super-resolution"
HUB = "https://huggingface.co/"
REMBG = HUB + "tomjackson2023/rembg/tree/cd3a3d6767a7859efea31ef0f2f373582cf06d82"
RLFN_AT = "https://github.com/bytedance/RLFN"
SMALL, WIDE = (320, 320), (SIDE_PX, SIDE_PX)

NETWORKS = {
    "u2net": SingleNetwork(U2Net, SEG, "u2net", "model", "176 MB", REMBG, SMALL, False, outputs=SEVEN),
    "u2netp": SingleNetwork(
        lambda: U2Net(PORTABLE), SEG, "u2net", "model", "4.57 MB", REMBG, SMALL, False, outputs=SEVEN
    ),
    "isnet": SingleNetwork(
        ISNet, SEG, "isnet", "model", "179 MB", REMBG, WIDE, False, {"mean": [0.5, 0.5, 0.5]}, SEVEN[:6]
    ),
    "modnet": SingleNetwork(
        MODNet, SEG, "modnet", "model", "25.9 MB",
        HUB + "Xenova/modnet/tree/b2cbaaf18fc4d8cbe6a64880b1f0a718651206d0/onnx",
    ),
    "birefnet-shaped": SingleNetwork(
        BiRefNetShaped, SEG, "birefnet", "model", "885 MB", HUB + "camenduru/BiRefNet/tree/main", WIDE, False,
        has_checkpoints=False,
    ),
    "real-esrgan-general": SingleNetwork(
        Compact, SR, "real-esrgan", "x4", "1.2 M parameters", HUB + "jonathanst29/tinier-upscale-models"
    ),
    "real-esrgan-x4plus": SingleNetwork(
        RRDBNet, SR, "real-esrgan", "x4", "16.7 M parameters", HUB + "jonathanst29/tinier-upscale-models"
    ),
    "real-esrgan-x2plus": SingleNetwork(
        lambda: RRDBNet(2), SR, "real-esrgan", "x2", "67.1 MB",
        HUB + "tidus2102/Real-ESRGAN/tree/610d2a0128178c67407fbad3b9a90b8849ddd6c2",
    ),
    "rlfn-x2": SingleNetwork(RLFN, SR, "rlfn", "x2", "527 k parameters", RLFN_AT),
    "rlfn-x4": SingleNetwork(lambda: RLFN(4), SR, "rlfn", "x4", "544 k parameters", RLFN_AT),
    "swin2sr-x2": SingleNetwork(
        swin2sr(2, 180, 6, "pixelshuffle"), SR, "swin2sr", "x2", "12.1 M parameters", HUB + "models?search=swin2sr"
    ),
    "swin2sr-x4": SingleNetwork(
        swin2sr(4, 180, 6, "pixelshuffle"), SR, "swin2sr", "x4", "12.2 M parameters", HUB + "models?search=swin2sr"
    ),
    "swin2sr-lightweight-x2": SingleNetwork(
        swin2sr(2, 60, 4, "pixelshuffledirect"), SR, "swin2sr", "x2", "1.01 M parameters",
        HUB + "models?search=swin2sr",
    ),
}  # fmt: skip
