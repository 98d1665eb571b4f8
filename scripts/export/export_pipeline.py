"""Makes a model pack of a diffusers checkpoint.

    python scripts/export/export_pipeline.py CHECKPOINT OUTPUT --licence SPDX --commercial-use
        [--precision fp32|fp16] [--quantise matmul-nbits|int8-dynamic] [--fuse-attention] [--half-vae]

docs/export.md has what each option does. Requirements: requirements.txt.
"""

import argparse
import gc
import json
from dataclasses import dataclass
from pathlib import Path

import onnx
from autoencoder import decoder_part, encoder_part
from checkpoint import Checkpoint, write_statistics
from exportable import EXPORTABLE
from networks import PARTS
from onnx_graph import Part, bytes_in, export, save
from pack_manifest import add_manifest_arguments, manifest_of, write_component_pack
from patching import patched
from precision import to_half
from quantise import KINDS, quantise
from text_encoders import text_encoder_part

GUIDED = ["guidance", "negativePrompt", "strength"]


@dataclass(frozen=True)
class Defaults:
    """What callers may ask of a pack of a pipeline's class, unless the command line says otherwise."""

    size_px: int
    steps: tuple[int, int]
    guidance: tuple[float, float]
    supports: list[str]


# Sizes, steps and guidance of the published models, by the pipeline's class.
DEFAULTS = {
    "StableDiffusionPipeline": Defaults(512, (25, 50), (7.5, 20), GUIDED),
    "LatentConsistencyModelPipeline": Defaults(512, (4, 8), (8.5, 12), ["guidance", "strength"]),
    "StableDiffusionXLPipeline": Defaults(1024, (25, 50), (5, 20), GUIDED),
    "StableDiffusion3Pipeline": Defaults(1024, (28, 50), (7, 20), GUIDED),
    "FluxPipeline": Defaults(1024, (28, 50), (3.5, 10), ["guidance", "strength"]),
    "FluxKontextPipeline": Defaults(1024, (28, 50), (2.5, 10), ["guidance", "reference"]),
    "Flux2KleinPipeline": Defaults(1024, (4, 8), (1, 1), ["reference"]),
    "ZImagePipeline": Defaults(1024, (9, 50), (0, 10), ["guidance", "negativePrompt"]),
}
# Encoders whose states were seen to leave the range of halves: transformers keeps parts of it in full precision too.
FULL_PRECISION_ENCODERS = ("T5EncoderModel",)


class PipelineExport:
    """One run: a checkpoint's components, each through the steps that were asked for."""

    def __init__(self, given: argparse.Namespace):
        self.given, self.output = given, given.output
        self.checkpoint = Checkpoint(given.checkpoint)

    def write_all(self) -> None:
        checkpoint = self.checkpoint
        checkpoint.copy_settings(self.output)
        for name in checkpoint.names("text_encoder"):
            encoder = checkpoint.load(name)
            needs_states = checkpoint.pipeline.startswith(("StableDiffusionXL", "StableDiffusion3"))
            is_half = type(encoder).__name__ not in FULL_PRECISION_ENCODERS
            self.write(name, name, text_encoder_part(encoder, needs_states), may_be_half=is_half)
        network = "unet" if "unet" in checkpoint.index else "transformer"
        module = checkpoint.load(network)
        self.write(network, network, PARTS[type(module).__name__](module), may_be_half=True)
        del module
        self.write_autoencoder()

    def write_autoencoder(self) -> None:
        vae = self.checkpoint.load("vae")
        for name, part in (("vae_decoder", decoder_part(vae)), ("vae_encoder", encoder_part(vae))):
            graph = self.write("vae", name, part, may_be_half=False)
            write_statistics(vae, self.output / name / "config.json")
            if not self.given.half_vae:
                continue
            model = onnx.load(str(graph))
            if name == "vae_decoder":
                save(model, self.output / "vae_decoder_fp32" / "model.onnx")
            # Its own types tell the runtime that it is in half precision, and may overflow.
            save(to_half(model, keeps_io_types=False), graph)

    def write(self, component: str, name: str, part: Part, *, may_be_half: bool) -> Path:
        """Write one graph. An autoencoder is neither quantised nor, but by `--half-vae`, in half precision."""
        given, path = self.given, self.output / name / "model.onnx"
        with patched(*EXPORTABLE):
            export(part, path, fuses_attention=given.fuse_attention)
        self.checkpoint.copy_config(component, path.parent)
        if given.precision == "fp16" and may_be_half:
            save(to_half(onnx.load(str(path)), keeps_io_types=True), path)
        if given.quantise is not None and component != "vae":
            quantise(path, given.quantise)
        gc.collect()
        print(f"{name}: {bytes_in(path.parent) / 2**20:.1f} MiB")
        return path

    def inputs(self) -> dict:
        """`inputs` of the manifest."""
        given, defaults = self.given, DEFAULTS[self.checkpoint.pipeline]
        steps, guidance = given.steps or defaults.steps, given.guidance or defaults.guidance
        supports = defaults.supports if given.supports is None else given.supports
        inputs = {
            "nativeSizePx": given.native_size or defaults.size_px,
            "steps": {"default": int(steps[0]), "max": int(steps[1])},
            "guidanceScale": {"default": guidance[0], "max": guidance[1]},
            "supports": supports,
        }
        if given.max_tokens is not None:
            inputs["maxTokens"] = given.max_tokens
        if given.hidden_layers is not None:
            inputs["hiddenLayers"] = given.hidden_layers
        return inputs

    def write_manifest(self) -> None:
        pipeline, inputs = self.checkpoint.pipeline, self.inputs()
        graphs = sum(bytes_in(path.parent) for path in self.output.glob("*/model.onnx"))
        manifest = {
            **manifest_of(self.given, self.given.checkpoint, pipeline),
            "task": "image-editing" if "Kontext" in pipeline else "text-to-image",
            "family": "diffusers",
            "inputs": inputs,
            "precision": "int8" if self.given.quantise == "int8-dynamic" else self.given.precision,
            # Weights and a quarter for what a run needs; measure it on the machine that serves.
            "memoryMiB": max(1, round(graphs * 1.25 / 2**20)),
        }
        write_component_pack(self.output, manifest)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="a folder in diffusers' layout")
    parser.add_argument("output", type=Path, help="the pack's folder; must not be there")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    parser.add_argument("--quantise", choices=KINDS)
    parser.add_argument("--fuse-attention", action="store_true", help="one operator for attention")
    parser.add_argument("--half-vae", action="store_true", help="the autoencoder in half precision too")
    parser.add_argument("--native-size", type=int, metavar="PX", help="longest side the network was trained for")
    parser.add_argument("--steps", nargs=2, type=int, metavar=("DEFAULT", "MAX"))
    parser.add_argument("--guidance", nargs=2, type=float, metavar=("DEFAULT", "MAX"))
    parser.add_argument("--supports", nargs="*", choices=[*GUIDED, "reference"])
    parser.add_argument("--max-tokens", type=int, help="tokens of the longest text")
    parser.add_argument("--hidden-layers", nargs="+", type=int, help="FLUX.2: layers of the text encoder")
    add_manifest_arguments(parser)
    given = parser.parse_args(argv)
    if given.output.exists():
        parser.error(f"{given.output} is there already")
    if given.precision == "fp16" and given.quantise == "int8-dynamic":
        parser.error("int8-dynamic takes graphs in fp32: leave --precision out")
    if given.half_vae and given.precision == "fp32":
        parser.error("--half-vae needs --precision fp16")
    pipeline = json.loads((given.checkpoint / "model_index.json").read_text("utf8"))["_class_name"]
    if pipeline not in DEFAULTS:
        parser.error(f"Pipelines of class {pipeline} are not known; known: {', '.join(DEFAULTS)}")
    return given


def main(argv: list[str] | None = None) -> None:
    run = PipelineExport(arguments(argv))
    run.write_all()
    run.write_manifest()


if __name__ == "__main__":
    main()
