"""A network of BiRefNet's size and ports (Zheng et al. 2024, https://arxiv.org/abs/2401.03407).

BiRefNet's own code is published with its checkpoint and is not written again here. This has the same encoder (Swin-L, Liu
et al. 2021, https://arxiv.org/abs/2103.14030, by transformers) and a plain decoder in place of its own: what can be shown with it is
that a graph of this kind and size is loaded and run, not what BiRefNet gives.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import SwinBackbone, SwinConfig

SIDE_PX = 1024
WIDTH = 192


class BiRefNetShaped(nn.Module):
    """[n, 3, 1024, 1024] normalised -> logits [n, 1, 1024, 1024]."""

    def __init__(self, depths: tuple[int, ...] = (2, 2, 18, 2), width: int = WIDTH, window: int = 12) -> None:
        super().__init__()
        config = SwinConfig(
            **{"image_size": SIDE_PX, "embed_dim": width, "depths": depths, "window_size": window},
            **{"num_heads": [width // 32 * 2**at for at in range(4)], "out_features": [f"stage{at}" for at in range(1, 5)]},
        )
        self.encoder = SwinBackbone(config)
        widths = [width * 2**at for at in range(4)]
        self.lateral = nn.ModuleList(nn.Conv2d(each, width, 1) for each in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in widths)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        maps = self.encoder(picture).feature_maps
        x = None
        for at in reversed(range(4)):
            beside = self.lateral[at](maps[at])
            if x is not None:
                beside = beside + functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = torch.relu(self.smooth[at](beside))
        return functional.interpolate(self.head(x), scale_factor=4, mode="bilinear", align_corners=False)
