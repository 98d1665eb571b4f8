"""Writes a Stable Diffusion 1.5 pipeline of the published sizes with random weights, to measure with. Not committed.

    python scripts/golden/pipeline/make_sd15_sized.py OUTPUT [--divide-channels N]

About 4.1 GB on disk; takes some minutes on two cores. `--divide-channels 8` keeps every input and output and makes
the networks behind them small, for a quick look. Requirements: requirements.txt.
"""

import argparse
from pathlib import Path

import exporter  # noqa: F401
import torch
from autoencoder import decoder_part, encoder_part
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from make_sd_golden import PNDM, STABLE, write_configs
from networks import unet_part
from onnx_graph import Part, bytes_in, export
from text_encoders import clip_part
from tokenizers_of_food import clip_tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

TOKENS, TEXT_WIDTH, VOCABULARY = 77, 768, 49408


def make_text_encoder(layers: int) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=TEXT_WIDTH,
        intermediate_size=3072,
        num_hidden_layers=layers,
        num_attention_heads=12,
        projection_dim=TEXT_WIDTH,
    )
    return CLIPTextModel(config).eval()


def make_unet(divisor: int, groups: int) -> UNet2DConditionModel:
    channels = tuple(size // divisor for size in (320, 640, 1280, 1280))
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=channels,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=8,
        norm_num_groups=groups,
    )
    return unet.eval()


def make_autoencoder(divisor: int, groups: int) -> AutoencoderKL:
    vae = AutoencoderKL(
        block_out_channels=tuple(size // divisor for size in (128, 256, 512, 512)),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=2,
        norm_num_groups=groups,
        sample_size=512,
        scaling_factor=0.18215,
    )
    return vae.eval()


def write(part: Part, folder: Path) -> None:
    export(part, folder / "model.onnx")
    print(folder.name, bytes_in(folder) >> 20, "MiB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("--divide-channels", type=int, default=1)
    given = parser.parse_args()
    torch.manual_seed(0)
    divisor, folder = given.divide_channels, given.output
    groups = 32 if divisor == 1 else 8
    unet = make_unet(divisor, groups)
    write(unet_part(unet, TOKENS), folder / "unet")
    unet.to_empty(device="meta")
    text_encoder, vae = make_text_encoder(12 if divisor == 1 else 2), make_autoencoder(divisor, groups)
    write(clip_part(text_encoder, False, TOKENS), folder / "text_encoder")
    write(decoder_part(vae), folder / "vae_decoder")
    write(encoder_part(vae), folder / "vae_encoder")
    tokenizer = clip_tokenizer(folder / "tokenizer")
    scheduler = PNDMScheduler(**STABLE, **PNDM)
    parts = (vae, text_encoder, tokenizer, unet, scheduler, None, None)
    write_configs(StableDiffusionPipeline(*parts, requires_safety_checker=False), folder)


if __name__ == "__main__":
    main()
