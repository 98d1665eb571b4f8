"""Parts of diffusers' transformers in operators that the exporter knows or gets right."""

import torch
from diffusers.models.transformers import transformer_flux, transformer_flux2


def root_mean_square_norm(self: torch.nn.RMSNorm, x: torch.Tensor) -> torch.Tensor:
    """The norm in operators that the exporter knows."""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def repeated(self: torch.Tensor, times: int, dim: int, **_) -> torch.Tensor:
    """`repeat_interleave` of the last axis, without the length that the exporter takes for the result's."""
    assert dim == self.dim() - 1
    return torch.stack([self] * times, dim=-1).flatten(dim)


def rotated(x: torch.Tensor, frequencies: tuple, sequence_dim: int = 1) -> torch.Tensor:
    """Rotary positions [s, d] on [b, s, heads, d], without a reshape whose sizes the exporter would fix."""
    assert sequence_dim == 1
    cos, sin = (part[None, :, None, :] for part in frequencies)
    at = torch.arange(x.shape[-1])
    signs = torch.where(at % 2 == 0, -1.0, 1.0)
    return x * cos + x.index_select(-1, at + 1 - 2 * (at % 2)) * signs * sin


# As `patched` takes them, for the time of an export.
EXPORTABLE = [
    (torch.nn.RMSNorm, "forward", root_mean_square_norm),
    (torch.Tensor, "repeat_interleave", repeated),
    (transformer_flux, "apply_rotary_emb", rotated),
    (transformer_flux2, "apply_rotary_emb", rotated),
]
