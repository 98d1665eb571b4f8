"""Writes test/golden/pipeline: a Stable Diffusion pipeline of a few kilobytes with random weights, and three runs of it.

    pip install -r scripts/golden/pipeline/requirements.txt
    python scripts/golden/pipeline/make_sd_golden.py

Everything comes out of this script: no weights, words or pictures of others. It prints how far the graphs lie from
the modules that they were exported from.
"""

import json
from contextlib import contextmanager
from pathlib import Path

import exporter  # noqa: F401
import torch
from autoencoders import autoencoder_answering, export_autoencoder, plate
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerAncestralDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from graphs import export_small
from networks import unet_part
from onnx_graph import Graph, graphs_of
from patching import patched
from random_weights import randomise
from recording import Recording, differences, noise_recorded, schedule_spec, scheduler_spec, write_case
from text_encoders import clip_part
from tokenizers_of_food import clip_tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

NAME = "sd-small"
OUTPUT = Path(__file__).resolve().parents[3] / "test" / "golden" / "pipeline"
MODEL = OUTPUT / "models" / NAME
STABLE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
PNDM = {"skip_prk_steps": True, "set_alpha_to_one": False, **LEADING}
WIDTH = 8
TOKENS = 77
# name: scheduler's class, its configuration beside STABLE, arguments of the call
CASES = {
    "guided": (
        PNDMScheduler,
        PNDM,
        {
            "prompt": "golden crispy croissant on a marble counter",
            "negative_prompt": "blurry, dark",
            "num_inference_steps": 4,
            "guidance_scale": 6.0,
            "height": 32,
            "width": 48,
        },
    ),
    "from-a-picture": (
        DDIMScheduler,
        {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1},
        {
            "prompt": "steaming ramen, soft egg",
            "negative_prompt": "dark",
            "num_inference_steps": 5,
            "guidance_scale": 4.0,
            "strength": 0.6,
        },
    ),
    "two-pictures": (
        EulerAncestralDiscreteScheduler,
        {"timestep_spacing": "trailing"},
        {
            "prompt": "fresh salad",
            "num_inference_steps": 3,
            "guidance_scale": 5.0,
            "num_images_per_prompt": 2,
            "height": 32,
            "width": 32,
        },
    ),
}


def make_text_encoder(vocabulary: int) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=WIDTH,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=1,
    )
    return CLIPTextModel(config)


def make_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=4,
        block_out_channels=(8, 8),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def make_autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(4, 4, 4, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        sample_size=32,
        scaling_factor=0.18215,
    )


def make_pipeline() -> StableDiffusionPipeline:
    tokenizer = clip_tokenizer(MODEL / "tokenizer")
    text_encoder, unet, vae = make_text_encoder(len(tokenizer)), make_unet(), make_autoencoder()
    for seed, module in enumerate((text_encoder, unet, vae)):
        randomise(module, seed)
    # Most pixels inside the range, so that clamping hides no difference.
    vae.decoder.conv_out.weight.data *= 0.6
    return StableDiffusionPipeline(
        vae, text_encoder, tokenizer, unet, PNDMScheduler(**STABLE, **PNDM), None, None, requires_safety_checker=False
    )


def export_all(pipeline: StableDiffusionPipeline) -> None:
    export_small(clip_part(pipeline.text_encoder, False, TOKENS), MODEL / "text_encoder" / "model.onnx")
    export_small(unet_part(pipeline.unet, TOKENS), MODEL / "unet" / "model.onnx")
    export_autoencoder(pipeline.vae, MODEL)


def write_configs(pipeline: StableDiffusionPipeline, model: Path) -> None:
    pipeline.unet.save_config(model / "unet")
    pipeline.vae.save_config(model / "vae_decoder")
    pipeline.vae.save_config(model / "vae_encoder")
    pipeline.text_encoder.config.save_pretrained(model / "text_encoder")
    pipeline.scheduler.save_pretrained(model / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.38.0",
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (model / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


@contextmanager
def answering(pipeline, recording: Recording, graphs: dict[str, Graph] | None):
    """The modules, or the graphs in their place, with what goes in and comes out recorded."""
    text, unet = pipeline.text_encoder.forward, pipeline.unet.forward

    def embed(input_ids, attention_mask=None, **_):
        recording.encoded("text_encoder", input_ids, attention_mask)
        if graphs is None:
            return text(input_ids, attention_mask=attention_mask)
        return (graphs["text_encoder"](input_ids=input_ids)["last_hidden_state"],)

    def denoise(sample, timestep, encoder_hidden_states, **_):
        inputs = {"sample": sample, "timestep": timestep.float(), "encoder_hidden_states": encoder_hidden_states}
        answer = unet(**inputs, return_dict=False)[0] if graphs is None else graphs["unet"](**inputs)["out_sample"]
        recording.denoised(sample, timestep, {"encoder_hidden_states": encoder_hidden_states}, answer)
        return (answer,)

    networks = [(pipeline.text_encoder, "forward", embed), (pipeline.unet, "forward", denoise)]
    with patched(*networks), autoencoder_answering(pipeline.vae, recording, graphs):
        yield


def run(base: StableDiffusionPipeline, case: tuple, seed: int, graphs: dict | None):
    scheduler_class, options, params = case
    is_edit = "strength" in params
    pipeline_class = StableDiffusionImg2ImgPipeline if is_edit else StableDiffusionPipeline
    base.scheduler = scheduler_class(**STABLE, **options)
    pipeline = pipeline_class(**base.components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    recording = Recording()
    source = plate(32, 32) if is_edit else None
    with torch.no_grad(), noise_recorded(recording, pipeline, not is_edit), answering(pipeline, recording, graphs):
        pipeline(
            **params,
            **({} if source is None else {"image": source}),
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
            callback_on_step_end=recording.stepped,
        )
    return pipeline, recording, source


def main() -> None:
    pipeline = make_pipeline()
    export_all(pipeline)
    write_configs(pipeline, MODEL)
    graphs = graphs_of(MODEL)
    for seed, (name, case) in enumerate(CASES.items()):
        used, recording, source = run(pipeline, case, seed, None)
        apart = differences(recording, run(pipeline, case, seed, graphs)[1])
        negative, prompt = recording.tensors["step0.call0.model_output"].chunk(2)
        spec = {
            "id": name,
            "model": NAME,
            "pipeline": type(used).__name__,
            "params": case[2] if source is None else {**case[2], "height": source.height, "width": source.width},
            "scheduler": scheduler_spec(used.scheduler),
            **schedule_spec(used.scheduler),
            "vae": {"scaling_factor": 0.18215, "latent_channels": 4},
            "onnx_vs_torch": apart,
            "cfg_difference_over_std": float((prompt - negative).std() / prompt.std()),
        }
        print(name, apart, "guidance moves", spec["cfg_difference_over_std"])
        write_case(OUTPUT / "cases" / NAME / name, spec, recording, source)


if __name__ == "__main__":
    main()
