"""Z-Image's transformer for one picture, in operators that can be traced with free sizes.

diffusers' own takes lists of pictures, counts tokens in Python and turns positions by complex numbers; this does the
same work with the same modules. After ZImageTransformer2DModel of diffusers 0.38.0.
"""

import torch
from diffusers.models.transformers.transformer_z_image import SEQ_MULTI_OF
from exportable import rotated

PATCH = 2


class RotatingAttention:
    """The attention's processor, its positions as cosines and sines."""

    def __call__(self, attn, hidden_states, attention_mask=None, freqs_cis=None, **_):
        query, key, value = (
            part(hidden_states).unflatten(-1, (attn.heads, -1)) for part in (attn.to_q, attn.to_k, attn.to_v)
        )
        if attn.norm_q is not None:
            query, key = attn.norm_q(query), attn.norm_k(key)
        query, key = rotated(query, freqs_cis), rotated(key, freqs_cis)
        heads_first = (part.transpose(1, 2) for part in (query, key, value))
        answer = torch.nn.functional.scaled_dot_product_attention(*heads_first)
        return attn.to_out[0](answer.transpose(1, 2).flatten(2))


class ZImageNetwork(torch.nn.Module):
    """One picture [1, c, h, w], its text's tokens [1, n, d]."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network
        for module in network.modules():
            if hasattr(module, "set_processor"):
                module.set_processor(RotatingAttention())
        rope = network.rope_embedder
        tables = rope.precompute_freqs_cis(rope.axes_dims, rope.axes_lens, theta=rope.theta)
        for axis, table in enumerate(tables):
            # Each turn twice: for the real and for the imaginary half of a pair.
            pairs = torch.stack([torch.view_as_real(table)] * 2, dim=-2).flatten(1, 2)  # [length, d, 2]
            self.register_buffer(f"turns{axis}", pairs, persistent=False)

    def turns(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines [s, d] of positions [s, 3]."""
        parts = [getattr(self, f"turns{axis}")[positions[:, axis]] for axis in range(3)]
        cos_sin = torch.cat(parts, dim=1)
        return cos_sin[..., 0], cos_sin[..., 1]

    def padded(self, tokens: torch.Tensor, pad: torch.Tensor) -> torch.Tensor:
        """Tokens [1, n, d] with padding to a full block."""
        return torch.cat([tokens, pad[None].expand(-1, missing(tokens), -1)], dim=1)

    def forward(self, hidden_states, timestep, encoder_hidden_states):
        network, name = self.network, f"{PATCH}-1"
        condition = network.t_embedder(timestep * network.t_scale)
        patches, (rows, columns) = squares(hidden_states)
        picture = network.all_x_embedder[name](patches)
        text = self.padded(network.cap_embedder(encoder_hidden_states), network.cap_pad_token)
        after_text = text.shape[1] + 1
        places = torch.nn.functional.pad(picture_places(rows, columns, after_text), (0, 0, 0, missing(picture)))
        picture, turns = self.padded(picture, network.x_pad_token), self.turns(places)
        for layer in network.noise_refiner:
            picture = layer(picture, None, turns, condition)
        along = torch.arange(1, after_text)
        text_turns = self.turns(torch.stack([along, 0 * along, 0 * along], dim=1))
        for layer in network.context_refiner:
            text = layer(text, None, text_turns)
        tokens = torch.cat([picture, text], dim=1)
        turns = tuple(torch.cat(both) for both in zip(turns, text_turns))
        for layer in network.layers:
            tokens = layer(tokens, None, turns, condition)
        answer = network.all_final_layer[name](tokens, c=condition)[:, : patches.shape[1]]
        answer = answer.reshape(1, rows, columns, PATCH, PATCH, network.out_channels)
        return answer.permute(0, 5, 1, 3, 2, 4).reshape(1, network.out_channels, rows * PATCH, columns * PATCH)


def missing(tokens: torch.Tensor) -> int:
    """Tokens that a sequence [1, n, d] lacks to full blocks."""
    length = tokens.shape[1]
    return (length + SEQ_MULTI_OF - 1) // SEQ_MULTI_OF * SEQ_MULTI_OF - length


def squares(latents: torch.Tensor) -> tuple[torch.Tensor, tuple[int, int]]:
    """Latents [1, c, h, w] as tokens [1, h / 2 * w / 2, 4 * c], with the rows and columns of the tokens."""
    _, channels, height, width = latents.shape
    rows, columns = height // PATCH, width // PATCH
    parts = latents.reshape(1, channels, rows, PATCH, columns, PATCH)
    return parts.permute(0, 2, 4, 3, 5, 1).reshape(1, rows * columns, PATCH * PATCH * channels), (rows, columns)


def picture_places(rows: int, columns: int, first: int) -> torch.Tensor:
    """Positions [rows * columns, 3]: one place after the text, row, column."""
    zeros = torch.zeros(rows, columns, dtype=torch.int64)
    row = zeros + torch.arange(rows)[:, None]
    column = zeros + torch.arange(columns)[None, :]
    return torch.stack([zeros + first, row, column], dim=-1).reshape(-1, 3)
