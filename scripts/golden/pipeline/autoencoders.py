"""Export of an autoencoder, and its graphs in its place during a run."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from graphs import Graph, export
from PIL import Image
from recording import Recording, replaced


class Decoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


class Encoder(Decoder):
    def forward(self, sample):
        return self.vae.encode(sample).latent_dist.parameters


def picture_axes(prefix: str) -> dict[int, str]:
    return {0: "batch_size", 2: f"{prefix}height", 3: f"{prefix}width"}


def export_autoencoder(vae, model: Path) -> None:
    inputs = {"latent_sample": torch.randn(2, vae.config.latent_channels, 4, 6)}
    axes = {"latent_sample": picture_axes("latent_"), "sample": picture_axes("sample_")}
    export(Decoder(vae), inputs, ["sample"], axes, model / "vae_decoder" / "model.onnx")
    axes = {"sample": picture_axes("sample_"), "latent_parameters": picture_axes("latent_")}
    inputs = {"sample": torch.randn(2, 3, 32, 48)}
    export(Encoder(vae), inputs, ["latent_parameters"], axes, model / "vae_encoder" / "model.onnx")


@contextmanager
def autoencoder_answering(vae, recording: Recording, graphs: dict[str, Graph] | None):
    """The autoencoder, or its graphs in its place, with what goes in and comes out recorded."""
    decode, encode = vae.decode, vae.encode

    def decoded(latents, **_):
        recording.keep("decoder_input", latents)
        if graphs is None:
            pictures = decode(latents, return_dict=False)[0]
        else:
            pictures = graphs["vae_decoder"](latent_sample=latents)["sample"]
        recording.keep("decoded", pictures)
        return (pictures,)

    def encoded(sample, **_):
        recording.keep("encoder_input", sample)
        if graphs is None:
            parameters = encode(sample).latent_dist.parameters
        else:
            parameters = graphs["vae_encoder"](sample=sample)["latent_parameters"]
        recording.keep("encoder_latent_parameters", parameters)
        return SimpleNamespace(latent_dist=DiagonalGaussianDistribution(parameters))

    with replaced((vae, "decode", decoded), (vae, "encode", encoded)):
        yield


def plate(width: int, height: int) -> Image.Image:
    """A round plate with something warm on it, drawn by rule: a picture to start from."""
    y, x = numpy.mgrid[0:height, 0:width]
    away = numpy.hypot(x - width / 2 + 0.5, y - height / 2 + 0.5) / (min(width, height) / 2)
    levels = numpy.stack([60 + 40 * away, 70 + 20 * numpy.cos(x / 3), 90 - 30 * away], axis=-1)
    levels[away < 0.9] = [235, 232, 225]
    food = numpy.stack([190 + 30 * numpy.sin(x + y), 120 + 20 * numpy.cos(x), 50 + 0 * x], axis=-1)
    levels[away < 0.6] = food[away < 0.6]
    return Image.fromarray(levels.clip(0, 255).astype(numpy.uint8))
