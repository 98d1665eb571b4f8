"""Writes test/golden/overflow: the decoder of make_sd_golden.py in half precision, made to overflow.

    python scripts/golden/pipeline/make_overflow_golden.py

The values of its attention are 2^18 times as large, and the projection behind it takes that back: in full precision
it gives the same pictures, which this prints; in half precision the values between leave its range, as those of
SDXL's published decoder do. They are values that onnxruntime keeps as halves on a CPU too: convolutions and norms it
computes in full precision there. Requirements, and what is ours in it: as make_sd_golden.py, which must have run.
"""

from pathlib import Path

import exporter  # noqa: F401
import onnx
import torch
from autoencoder import decoder_part
from graphs import shrink_file
from make_sd_golden import MODEL, make_autoencoder
from onnx_graph import Graph, export, save
from precision import to_half
from random_weights import randomise

OUTPUT = MODEL.parents[2] / "overflow" / "vae_decoder" / "model.onnx"
FACTOR = 2.0**18


def make_decoder() -> torch.nn.Module:
    """The autoencoder of make_sd_golden.py with the values of its attention enlarged."""
    vae = make_autoencoder()
    randomise(vae, 2)
    vae.decoder.conv_out.weight.data *= 0.6
    attention = vae.decoder.mid_block.attentions[0]
    attention.to_v.weight.data *= FACTOR
    attention.to_v.bias.data *= FACTOR
    attention.to_out[0].weight.data /= FACTOR
    return vae


def main() -> None:
    export(decoder_part(make_decoder()), OUTPUT)
    latents = torch.randn(1, 4, 4, 6, generator=torch.Generator().manual_seed(9)) * 4
    full = Graph(OUTPUT)(latent_sample=latents)["sample"]
    plain = Graph(MODEL / "vae_decoder" / "model.onnx")(latent_sample=latents)["sample"]
    print("in full precision, from the decoder as it was:", float((full - plain).abs().max()))
    save(to_half(onnx.load(str(OUTPUT)), keeps_io_types=False), OUTPUT)
    shrink_file(OUTPUT)
    half = Graph(OUTPUT)(latent_sample=latents.half())["sample"]
    print("in half precision, values that are no numbers:", int((~half.isfinite()).sum()), "of", half.numel())


if __name__ == "__main__":
    main()
