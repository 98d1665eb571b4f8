"""Attention as one operator: onnxruntime's MultiHeadAttention, which its CPU and CUDA providers have.

PyTorch's function becomes that operator while it is traced, so that no pattern has to be found in the finished
graph. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
"""

from contextlib import nullcontext

import torch
from patching import patched

OPERATOR = "com.microsoft::MultiHeadAttention"
LOWEST = torch.finfo(torch.float32).min
plain_attention = torch.nn.functional.scaled_dot_product_attention


def split(tokens: torch.Tensor, heads: int) -> torch.Tensor:
    """[b, s, n * d] as [b, n, s, d]."""
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)


def joined(heads_first: torch.Tensor) -> torch.Tensor:
    """[b, n, s, d] as [b, s, n * d]."""
    return heads_first.transpose(1, 2).flatten(2)


class MultiHeadAttention(torch.autograd.Function):
    """The operator, and what it computes; takes and gives tokens [b, s, n * d]."""

    @staticmethod
    def forward(_, query, key, value, bias, heads, is_causal, scale):
        parts = (split(tokens, heads) for tokens in (query, key, value))
        return joined(plain_attention(*parts, attn_mask=bias, is_causal=is_causal, scale=scale))

    @staticmethod
    def symbolic(g, query, key, value, bias, heads, is_causal, scale):
        attributes = {"num_heads_i": heads, "unidirectional_i": int(is_causal), "scale_f": scale}
        biases = [] if bias is None else [absent(g), absent(g), bias]
        answer = g.op(OPERATOR, query, key, value, *biases, **attributes)
        # Sizes that the exporter can follow: it would take the example's for constants.
        return g.op("Reshape", answer, g.op("Shape", query))


def absent(g):
    """An input that is left out."""
    value = g.op("prim::Constant")
    value.setType(torch._C.OptionalType.ofTensor())
    return value


def fused_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """PyTorch's `scaled_dot_product_attention` by the operator."""
    if dropout_p != 0 or enable_gqa or query.dim() != 4:
        raise ValueError("Attention with dropout, groups of heads or other than four axes cannot be fused")
    heads, width = int(query.shape[1]), int(query.shape[3])
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.where(attn_mask, 0.0, LOWEST)
    tokens = (joined(part) for part in (query, key, value))
    factor = width**-0.5 if scale is None else float(scale)
    return split(MultiHeadAttention.apply(*tokens, attn_mask, heads, bool(is_causal), factor), heads)


def attention_fused(is_wanted: bool):
    """For the time of a trace, attention becomes one operator where that is wanted."""
    if not is_wanted:
        return nullcontext()
    return patched((torch.nn.functional, "scaled_dot_product_attention", fused_attention))
