"""Writes test/golden/pipeline: a FLUX.2 [klein] pipeline of a few kilobytes with random weights, and two runs of it.

    python scripts/golden/pipeline/make_flux2_golden.py

Requirements, and what is ours in it: as make_sd_golden.py. optimum does not export this family; the names of
inputs and outputs follow its other exports. `bake_flux2.py` makes the variant with packing inside from the result.
"""

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import exporter  # noqa: F401
import torch
from autoencoders import autoencoder_answering, export_autoencoder, plate
from checkpoint import write_statistics
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline, Flux2Transformer2DModel, FlowMatchEulerDiscreteScheduler
from exportable import EXPORTABLE
from graphs import export_small
from networks import flux2_part
from onnx_graph import Graph, graphs_of
from patching import patched
from random_weights import randomise
from recording import Recording, differences, noise_recorded, schedule_spec, scheduler_spec, write_case
from text_encoders import chat_part
from tokenizers_of_food import qwen_tokenizer
from transformers import Qwen3Config, Qwen3ForCausalLM

NAME = "flux2-small"
OUTPUT = Path(__file__).resolve().parents[3] / "test" / "golden" / "pipeline"
MODEL = OUTPUT / "models" / NAME
WIDTH, LAYERS, OUT_LAYERS, TOKENS = 8, 3, [1, 2, 3], 40
CHANNELS = 4
SHIFT = {"shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15}
COMMON = {"guidance_scale": 1.0, "height": 32, "max_sequence_length": TOKENS, "text_encoder_out_layers": OUT_LAYERS}
# name: arguments of the call, size of the picture that goes in
CASES = {
    "four-steps": ({"prompt": "a photo of fresh salad", "num_inference_steps": 4, "width": 48, **COMMON}, None),
    "edited": ({"prompt": "make the burger golden", "num_inference_steps": 2, "width": 32, **COMMON}, (64, 64)),
}


def make_transformer() -> Flux2Transformer2DModel:
    return Flux2Transformer2DModel(
        in_channels=CHANNELS * 4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=1,
        joint_attention_dim=WIDTH * len(OUT_LAYERS),
        timestep_guidance_channels=16,
        mlp_ratio=2.0,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )


def make_text_encoder(vocabulary: int) -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=12,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    return Qwen3ForCausalLM(config)


def make_autoencoder() -> AutoencoderKLFlux2:
    vae = AutoencoderKLFlux2(
        block_out_channels=(4, 4, 4, 8),
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=2,
        sample_size=32,
    )
    randomise(vae, 2)
    vae.decoder.conv_out.weight.data *= 0.6
    random = torch.Generator().manual_seed(3)
    vae.bn.running_mean.normal_(0, 0.3, generator=random)
    vae.bn.running_var.uniform_(0.3, 1.8, generator=random)
    return vae


def make_pipeline() -> Flux2KleinPipeline:
    tokenizer = qwen_tokenizer(MODEL / "tokenizer")
    text_encoder, transformer = make_text_encoder(len(tokenizer)), make_transformer()
    randomise(text_encoder, 0)
    randomise(transformer, 1)
    scheduler = FlowMatchEulerDiscreteScheduler(**SHIFT)
    return Flux2KleinPipeline(scheduler, make_autoencoder(), text_encoder, tokenizer, transformer, is_distilled=True)


def export_all(pipeline: Flux2KleinPipeline) -> None:
    export_small(chat_part(pipeline.text_encoder, TOKENS), MODEL / "text_encoder" / "model.onnx")
    with patched(*EXPORTABLE):
        export_small(flux2_part(pipeline.transformer, TOKENS), MODEL / "transformer" / "model.onnx")
    export_autoencoder(pipeline.vae, MODEL)


def write_configs(pipeline: Flux2KleinPipeline) -> None:
    vae = pipeline.vae
    pipeline.transformer.save_config(MODEL / "transformer")
    pipeline.text_encoder.config.save_pretrained(MODEL / "text_encoder")
    pipeline.scheduler.save_pretrained(MODEL / "scheduler")
    for folder in (MODEL / "vae_decoder", MODEL / "vae_encoder"):
        vae.save_config(folder)
        write_statistics(vae, folder / "config.json")
    index = {
        "_class_name": "Flux2KleinPipeline",
        "_diffusers_version": "0.38.0",
        "is_distilled": True,
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", "Qwen3ForCausalLM"],
        "tokenizer": ["transformers", "Qwen2TokenizerFast"],
        "transformer": ["diffusers", "Flux2Transformer2DModel"],
        "vae": ["diffusers", "AutoencoderKLFlux2"],
    }
    (MODEL / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


@contextmanager
def answering(pipeline, recording: Recording, graphs: dict[str, Graph] | None):
    """The modules, or the graphs in their place, with what goes in and comes out recorded."""
    text, transformer = pipeline.text_encoder.forward, pipeline.transformer.forward

    def embed(input_ids, attention_mask, **options):
        recording.encoded("text_encoder", input_ids, attention_mask)
        if graphs is None:
            return text(input_ids=input_ids, attention_mask=attention_mask, **options)
        answers = graphs["text_encoder"](input_ids=input_ids, attention_mask=attention_mask)
        return SimpleNamespace(hidden_states=[answers[f"hidden_states.{layer}"] for layer in range(LAYERS + 1)])

    def denoise(hidden_states, timestep, guidance, joint_attention_kwargs, return_dict, **constants):
        inputs = {"hidden_states": hidden_states, "timestep": timestep, **constants}
        if graphs is None:
            answer = transformer(**inputs, return_dict=False)[0]
        else:
            answer = graphs["transformer"](**inputs)["out_hidden_states"]
        recording.denoised(hidden_states, timestep, constants, answer)
        return (answer,)

    networks = [(pipeline.text_encoder, "forward", embed), (pipeline.transformer, "forward", denoise)]
    with patched(*networks), autoencoder_answering(pipeline.vae, recording, graphs):
        yield


def run(pipeline: Flux2KleinPipeline, case: tuple, seed: int, graphs: dict | None):
    params, size = case
    recording = Recording()
    source = None if size is None else plate(*size)
    with torch.no_grad(), noise_recorded(recording, pipeline, True), answering(pipeline, recording, graphs):
        pipeline(
            **params,
            image=source,
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
            callback_on_step_end=recording.stepped,
        )
    return recording, source


def main() -> None:
    pipeline = make_pipeline()
    pipeline.set_progress_bar_config(disable=True)
    export_all(pipeline)
    write_configs(pipeline)
    graphs = graphs_of(MODEL)
    for seed, (name, case) in enumerate(CASES.items()):
        recording, source = run(pipeline, case, seed, None)
        apart = differences(recording, run(pipeline, case, seed, graphs)[0])
        print(name, apart)
        spec = {
            "id": name,
            "model": NAME,
            "pipeline": "Flux2KleinPipeline",
            "params": case[0],
            "scheduler": scheduler_spec(pipeline.scheduler),
            **schedule_spec(pipeline.scheduler),
            "vae": {"latent_channels": CHANNELS},
            "onnx_vs_torch": apart,
        }
        write_case(OUTPUT / "cases" / NAME / name, spec, recording, source)


if __name__ == "__main__":
    main()
