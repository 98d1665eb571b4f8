"""Export of an autoencoder, and its graphs in its place during a run."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import exporter  # noqa: F401
import numpy
from autoencoder import decoder_part, encoder_part
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from graphs import export_small
from onnx_graph import Graph
from patching import patched
from PIL import Image
from recording import Recording


def export_autoencoder(vae, model: Path) -> None:
    export_small(decoder_part(vae), model / "vae_decoder" / "model.onnx")
    export_small(encoder_part(vae), model / "vae_encoder" / "model.onnx")


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

    with patched((vae, "decode", decoded), (vae, "encode", encoded)):
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
