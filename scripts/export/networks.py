"""The denoising networks of diffusers' pipelines as parts to export, with the inputs that optimum gives them."""

import torch
from autoencoder import picture_axes
from onnx_graph import Part
from text_encoders import TEXT, TOKENS
from z_image_network import ZImageNetwork

PACKED = {0: "batch_size", 1: "packed_height_width"}
ROW = {0: "batch_size"}
# Tokens of the picture of the example that is traced.
PATCHES = 6


class Network(torch.nn.Module):
    """A network by the names of its inputs."""

    def __init__(self, network: torch.nn.Module, names: list[str]):
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *values):
        return self.network(**dict(zip(self.names, values)), return_dict=False)[0]


class Unet(Network):
    """A U-Net: the conditions of SDXL go in apart."""

    def forward(self, *values):
        inputs = dict(zip(self.names, values))
        added = {name: inputs.pop(name) for name in ("text_embeds", "time_ids") if name in inputs}
        return self.network(**inputs, added_cond_kwargs=added or None, return_dict=False)[0]


def unet_part(unet: torch.nn.Module, tokens: int = TOKENS) -> Part:
    config = unet.config
    inputs = {
        "sample": torch.randn(2, config.in_channels, 8, 8),
        "timestep": torch.tensor(7.0),
        "encoder_hidden_states": torch.randn(2, tokens, config.cross_attention_dim),
    }
    axes = {"sample": picture_axes(""), "encoder_hidden_states": TEXT, "out_sample": picture_axes("")}
    if config.time_cond_proj_dim is not None:
        inputs["timestep_cond"] = torch.randn(2, config.time_cond_proj_dim)
        axes["timestep_cond"] = ROW
    if config.addition_embed_type == "text_time":
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs |= {"text_embeds": torch.randn(2, pooled), "time_ids": torch.rand(2, 6) * 64}
        axes |= {"text_embeds": ROW, "time_ids": ROW}
    return Part(Unet(unet, list(inputs)), inputs, ["out_sample"], axes)


def stable_diffusion_3_part(network: torch.nn.Module) -> Part:
    config = network.config
    inputs = {
        "hidden_states": torch.randn(2, config.in_channels, 8, 12),
        "encoder_hidden_states": torch.randn(2, TOKENS, config.joint_attention_dim),
        "pooled_projections": torch.randn(2, config.pooled_projection_dim),
        "timestep": torch.tensor([500.0, 500.0]),
    }
    axes = {"hidden_states": picture_axes(""), "out_hidden_states": picture_axes("")}
    axes |= {"encoder_hidden_states": TEXT, "pooled_projections": ROW, "timestep": {0: "step"}}
    return Part(Network(network, list(inputs)), inputs, ["out_hidden_states"], axes)


def flux_part(network: torch.nn.Module) -> Part:
    config = network.config
    inputs = {
        "hidden_states": torch.randn(2, PATCHES, config.in_channels),
        "encoder_hidden_states": torch.randn(2, TOKENS, config.joint_attention_dim),
        "pooled_projections": torch.randn(2, config.pooled_projection_dim),
        "timestep": torch.tensor([0.5, 0.5]),
        "img_ids": torch.ones(PATCHES, 3, dtype=torch.int64),
        "txt_ids": torch.zeros(TOKENS, 3, dtype=torch.int64),
    }
    axes = {"hidden_states": PACKED, "out_hidden_states": PACKED, "encoder_hidden_states": TEXT}
    axes |= {"img_ids": {0: "packed_height_width"}, "txt_ids": {0: "sequence_length"}}
    axes |= {"pooled_projections": ROW, "timestep": {0: "step"}}
    if config.guidance_embeds:
        inputs["guidance"] = torch.tensor([3.5, 3.5])
        axes["guidance"] = ROW
    return Part(Network(network, list(inputs)), inputs, ["out_hidden_states"], axes)


def flux2_part(network: torch.nn.Module, tokens: int = TOKENS) -> Part:
    config = network.config
    inputs = {
        "hidden_states": torch.randn(2, PATCHES, config.in_channels),
        "encoder_hidden_states": torch.randn(2, tokens, config.joint_attention_dim),
        "timestep": torch.tensor([0.5, 0.5]),
        "txt_ids": torch.zeros(2, tokens, 4, dtype=torch.int64),
        "img_ids": torch.ones(2, PATCHES, 4, dtype=torch.int64),
    }
    axes = {"hidden_states": PACKED, "img_ids": PACKED, "out_hidden_states": PACKED}
    axes |= {"encoder_hidden_states": TEXT, "txt_ids": TEXT, "timestep": {0: "step"}}
    return Part(Network(network, list(inputs)), inputs, ["out_hidden_states"], axes)


def z_image_part(network: torch.nn.Module) -> Part:
    inputs = {
        "hidden_states": torch.randn(1, network.config.in_channels, 8, 12),
        "timestep": torch.tensor([0.5]),
        "encoder_hidden_states": torch.randn(1, TOKENS, network.config.cap_feat_dim),
    }
    sides = {2: "height", 3: "width"}
    axes = {"hidden_states": sides, "encoder_hidden_states": {1: "sequence_length"}, "out_hidden_states": sides}
    return Part(ZImageNetwork(network), inputs, ["out_hidden_states"], axes)


# By the class of the network.
PARTS = {
    "UNet2DConditionModel": unet_part,
    "SD3Transformer2DModel": stable_diffusion_3_part,
    "FluxTransformer2DModel": flux_part,
    "Flux2Transformer2DModel": flux2_part,
    "ZImageTransformer2DModel": z_image_part,
}
