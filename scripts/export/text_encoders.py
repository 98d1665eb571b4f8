"""The text encoders of diffusers' pipelines as parts to export, with the outputs that optimum gives them."""

import torch
from onnx_graph import Part

TEXT = {0: "batch_size", 1: "sequence_length"}
# Tokens of the example that is traced.
TOKENS = 16


class ClipEncoder(torch.nn.Module):
    """CLIP, plain: the last state and the pooled one; with a projection: the projected text and the last state."""

    def __init__(self, encoder: torch.nn.Module, gives_hidden_states: bool):
        super().__init__()
        self.encoder, self.gives_hidden_states = encoder, gives_hidden_states

    def forward(self, input_ids):
        output = self.encoder(input_ids, output_hidden_states=self.gives_hidden_states)
        if hasattr(output, "text_embeds"):
            first = (output.text_embeds, output.last_hidden_state)
        else:
            first = (output.last_hidden_state, output.pooler_output)
        return (*first, *output.hidden_states) if self.gives_hidden_states else first


class T5Encoder(torch.nn.Module):
    """T5 without a mask, as the pipelines call it."""

    def __init__(self, encoder: torch.nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids):
        return self.encoder(input_ids).last_hidden_state


class ChatEncoder(torch.nn.Module):
    """Qwen3: the last state and every state before it."""

    def __init__(self, encoder: torch.nn.Module):
        super().__init__()
        self.encoder = getattr(encoder, "model", encoder)

    def forward(self, input_ids, attention_mask):
        # The mask that the library would make, which its own way cannot be traced.
        at = torch.arange(input_ids.shape[1])
        seen = (at[None, :] <= at[:, None])[None, None] & (attention_mask[:, None, None, :] > 0)
        mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
        output = self.encoder(input_ids, attention_mask=mask, output_hidden_states=True, use_cache=False)
        return output.last_hidden_state, *output.hidden_states


def hidden_states(layers: int) -> list[str]:
    return [f"hidden_states.{layer}" for layer in range(layers + 1)]


def clip_part(encoder: torch.nn.Module, gives_hidden_states: bool, tokens: int = TOKENS) -> Part:
    is_projected = hasattr(encoder, "text_projection")
    pooled, state = "text_embeds" if is_projected else "pooler_output", "last_hidden_state"
    outputs = [pooled, state] if is_projected else [state, pooled]
    if gives_hidden_states:
        outputs += hidden_states(encoder.config.num_hidden_layers)
    axes = {name: {0: "batch_size"} if name == pooled else TEXT for name in ["input_ids", *outputs]}
    inputs = {"input_ids": torch.arange(3, 3 + tokens)[None]}
    return Part(ClipEncoder(encoder, gives_hidden_states), inputs, outputs, axes)


def t5_part(encoder: torch.nn.Module) -> Part:
    inputs = {"input_ids": torch.arange(3, 3 + TOKENS)[None]}
    axes = {name: TEXT for name in ("input_ids", "last_hidden_state")}
    return Part(T5Encoder(encoder), inputs, ["last_hidden_state"], axes)


def chat_part(encoder: torch.nn.Module, tokens: int = TOKENS) -> Part:
    inputs = {"input_ids": torch.arange(1, tokens + 1)[None], "attention_mask": torch.ones(1, tokens, dtype=torch.int64)}
    outputs = ["last_hidden_state", *hidden_states(encoder.config.num_hidden_layers)]
    return Part(ChatEncoder(encoder), inputs, outputs, {name: TEXT for name in [*inputs, *outputs]})


def text_encoder_part(encoder: torch.nn.Module, needs_hidden_states: bool) -> Part:
    """The part for an encoder's class."""
    name = type(encoder).__name__
    if name in ("CLIPTextModel", "CLIPTextModelWithProjection"):
        return clip_part(encoder, needs_hidden_states)
    if name == "T5EncoderModel":
        return t5_part(encoder)
    if name in ("Qwen3Model", "Qwen3ForCausalLM"):
        return chat_part(encoder)
    raise ValueError(f"There is no export of the text encoder {name}")
