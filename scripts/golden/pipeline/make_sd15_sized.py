"""Writes a Stable Diffusion 1.5 pipeline of the published sizes with random weights, to measure with. Not committed.

    python scripts/golden/pipeline/make_sd15_sized.py OUTPUT [--divide-channels N]

About 4.1 GB on disk; takes some minutes on two cores. `--divide-channels 8` keeps every input and output and makes
the networks behind them small, for a quick look. Requirements: requirements.txt.
"""

import argparse
import shutil
from pathlib import Path

import onnx
import torch
from autoencoders import Decoder, Encoder, picture_axes
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from graphs import OPSET
from make_sd_golden import PNDM, STABLE, TextEncoder, Unet, write_configs
from tokenizers_of_food import clip_tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

TOKENS, TEXT_WIDTH, VOCABULARY = 77, 768, 49408


def export_large(module: torch.nn.Module, inputs: dict, outputs: list[str], axes: dict, path: Path) -> None:
    """Write a graph, its weights in one file beside it."""
    pieces = path.parent / "pieces"
    pieces.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(pieces / "model.onnx"),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load(str(pieces / "model.onnx"))
    onnx.save(model, str(path), save_as_external_data=True, location="model.onnx_data")
    shutil.rmtree(pieces)
    print(path.parent.name, sum(file.stat().st_size for file in path.parent.iterdir()) >> 20, "MiB")


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


def export_unet(unet: UNet2DConditionModel, path: Path) -> None:
    inputs = {
        "sample": torch.randn(2, 4, 8, 8),
        "timestep": torch.tensor(7.0),
        "encoder_hidden_states": torch.randn(2, TOKENS, TEXT_WIDTH),
    }
    text = {0: "batch_size", 1: "sequence_length"}
    axes = {"sample": picture_axes(""), "encoder_hidden_states": text, "out_sample": picture_axes("")}
    export_large(Unet(unet), inputs, ["out_sample"], axes, path)


def export_others(text_encoder: CLIPTextModel, vae: AutoencoderKL, folder: Path) -> None:
    length = {0: "batch_size", 1: "sequence_length"}
    outputs = ["last_hidden_state", "pooler_output"]
    axes = {"input_ids": length, outputs[0]: length, outputs[1]: {0: "batch_size"}}
    ids = {"input_ids": torch.arange(TOKENS)[None]}
    export_large(TextEncoder(text_encoder), ids, outputs, axes, folder / "text_encoder" / "model.onnx")
    axes = {"latent_sample": picture_axes("latent_"), "sample": picture_axes("sample_")}
    latents = {"latent_sample": torch.randn(1, 4, 8, 8)}
    export_large(Decoder(vae), latents, ["sample"], axes, folder / "vae_decoder" / "model.onnx")
    axes = {"sample": picture_axes("sample_"), "latent_parameters": picture_axes("latent_")}
    picture = {"sample": torch.randn(1, 3, 64, 64)}
    export_large(Encoder(vae), picture, ["latent_parameters"], axes, folder / "vae_encoder" / "model.onnx")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("--divide-channels", type=int, default=1)
    given = parser.parse_args()
    torch.manual_seed(0)
    divisor, folder = given.divide_channels, given.output
    groups = 32 if divisor == 1 else 8
    unet = make_unet(divisor, groups)
    export_unet(unet, folder / "unet" / "model.onnx")
    unet.to_empty(device="meta")
    text_encoder, vae = make_text_encoder(12 if divisor == 1 else 2), make_autoencoder(divisor, groups)
    export_others(text_encoder, vae, folder)
    tokenizer = clip_tokenizer(folder / "tokenizer")
    scheduler = PNDMScheduler(**STABLE, **PNDM)
    parts = (vae, text_encoder, tokenizer, unet, scheduler, None, None)
    write_configs(StableDiffusionPipeline(*parts, requires_safety_checker=False), folder)


if __name__ == "__main__":
    main()
