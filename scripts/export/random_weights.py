"""Random weights that are the same on every machine."""

import math

import torch


def randomise(module: torch.nn.Module, seed: int, gain: float = 1.0) -> None:
    """Weights of every part as if none started at zero, so that each of them moves the result."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        draw = torch.randn(parameter.shape, generator=random)
        if parameter.dim() > 1:
            parameter.data = draw * gain / math.sqrt(parameter[0].numel())
        else:
            parameter.data = draw * 0.1 + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    module.eval()
