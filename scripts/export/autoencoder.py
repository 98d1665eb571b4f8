"""Both halves of an autoencoder as parts to export."""

import torch
from onnx_graph import Part


class Decoder(torch.nn.Module):
    def __init__(self, vae: torch.nn.Module):
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


class Encoder(Decoder):
    def forward(self, sample):
        return self.vae.encode(sample).latent_dist.parameters


def picture_axes(prefix: str) -> dict[int, str]:
    return {0: "batch_size", 2: f"{prefix}height", 3: f"{prefix}width"}


def decoder_part(vae: torch.nn.Module) -> Part:
    inputs = {"latent_sample": torch.randn(2, vae.config.latent_channels, 4, 6)}
    axes = {"latent_sample": picture_axes("latent_"), "sample": picture_axes("sample_")}
    return Part(Decoder(vae), inputs, ["sample"], axes)


def encoder_part(vae: torch.nn.Module) -> Part:
    inputs = {"sample": torch.randn(2, 3, 32, 48)}
    axes = {"sample": picture_axes("sample_"), "latent_parameters": picture_axes("latent_")}
    return Part(Encoder(vae), inputs, ["latent_parameters"], axes)
