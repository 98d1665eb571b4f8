"""Exports a tiny checkpoint of every family with every option, and compares each graph with its module.

    python scripts/export/self_test.py [FAMILY...]

The graphs run with other sizes than those that were traced. Printed is the largest difference over the largest
value for graphs in single and half precision, and the root of the mean squares of both for quantised ones: weights
of so few bits differ by design, and more so where they are random. Ends with 1 where a limit is passed.
"""

import contextlib
import io
import sys
import tempfile
import warnings
from pathlib import Path

import export_pipeline
import onnx
import torch
from autoencoder import decoder_part, encoder_part
from checkpoint import Checkpoint
from networks import PARTS
from onnx_graph import Part, apart
from text_encoders import text_encoder_part
from tiny_checkpoints import FAMILIES, write_tiny

LICENCE = ["--licence", "Apache-2.0", "--commercial-use"]
# Arguments, limit of the largest difference or, of quantised ones, of the root of the mean squares.
VARIANTS = {
    "fp32": ([], 2e-5),
    "fused": (["--fuse-attention"], 2e-5),
    "fp16": (["--precision", "fp16", "--half-vae"], 5e-3),
    "fp16 fused": (["--precision", "fp16", "--half-vae", "--fuse-attention"], 5e-3),
    "int8": (["--quantise", "int8-dynamic"], 0.1),
    "4 bits": (["--quantise", "matmul-nbits"], 0.35),
    "4 bits fp16 fused": (["--quantise", "matmul-nbits", "--precision", "fp16", "--fuse-attention"], 0.35),
}
SIZES = {"batch_size": 3, "step": 3, "sequence_length": 21, "packed_height_width": 10, "height": 12, "width": 16}
SIZES |= {"latent_height": 5, "latent_width": 8, "sample_height": 40, "sample_width": 24}
# Operators that a variant must have put into the network, by a word of its name.
SIGNS = {"fused": "MultiHeadAttention", "4 bits": "MatMulNBits", "int8": "MatMulInteger"}


def other_inputs(part: Part) -> dict[str, torch.Tensor]:
    """Inputs of other sizes than the part's example, of about the same values."""
    random = torch.Generator().manual_seed(1)
    inputs = {}
    for name, example in part.inputs.items():
        free = part.axes.get(name, {})
        shape = [SIZES[free[at]] if at in free else size for at, size in enumerate(example.shape)]
        if name == "attention_mask":
            inputs[name] = torch.ones(shape, dtype=torch.int64)
            inputs[name][:, -4:] = 0
        elif not example.is_floating_point():
            most = 300 if name == "input_ids" else 5
            inputs[name] = torch.randint(0, most, shape, generator=random)
        elif name in ("timestep", "guidance"):
            inputs[name] = example.flatten()[0].expand(shape) * 0.83
        else:
            inputs[name] = torch.randn(shape, generator=random)
    return inputs


def z_image_answer(network: torch.nn.Module, hidden_states, timestep, encoder_hidden_states) -> tuple:
    """The library's own forward, which takes lists."""
    (picture,) = network([hidden_states[0][:, None]], timestep, [encoder_hidden_states[0]], return_dict=False)[0]
    return (picture[:, 0][None],)


def parts_of(checkpoint: Checkpoint):
    """Every graph's name, its part, and what the library's module answers to inputs of it."""
    needs_states = checkpoint.pipeline.startswith(("StableDiffusionXL", "StableDiffusion3"))
    vae = checkpoint.load("vae")
    parts = {name: text_encoder_part(checkpoint.load(name), needs_states) for name in checkpoint.names("text_encoder")}
    parts |= {"vae_decoder": decoder_part(vae), "vae_encoder": encoder_part(vae)}
    name = "unet" if "unet" in checkpoint.index else "transformer"
    network = checkpoint.load(name)
    parts[name] = PARTS[type(network).__name__](network)
    for graph, part in parts.items():
        inputs = other_inputs(part)
        with torch.no_grad():
            if type(network).__name__ == "ZImageTransformer2DModel" and graph == "transformer":
                answers = z_image_answer(checkpoint.load(name), **inputs)
            else:
                answers = part.module(*inputs.values())
        yield graph, part, inputs, answers if isinstance(answers, tuple) else (answers,)


def check(family: str, variant: str, checkpoint: Checkpoint, references: list, root: Path) -> bool:
    arguments, limit = VARIANTS[variant]
    folder = root / f"{family} {variant}".replace(" ", "-")
    with contextlib.redirect_stdout(io.StringIO()):
        export_pipeline.main([str(checkpoint.folder), str(folder), *LICENCE, *arguments])
    is_quantised = "--quantise" in arguments
    found = {}
    for name, *reference in references:
        # The autoencoder is not quantised.
        found[name] = apart(folder / name / "model.onnx", *reference, is_quantised and not name.startswith("vae"))
    network = "unet" if "unet" in found else "transformer"
    operators = {node.op_type for node in onnx.load(str(folder / network / "model.onnx")).graph.node}
    missing = [sign for word, sign in SIGNS.items() if word in variant and sign not in operators]
    is_good = max(found.values()) <= limit and not missing
    figures = ", ".join(f"{name} {value:.1e}" for name, value in found.items())
    print(f"{'ok  ' if is_good else 'BAD '} {family}, {variant}: {figures}", *missing, flush=True)
    return is_good


def main() -> None:
    warnings.filterwarnings("ignore")
    families = sys.argv[1:] or list(FAMILIES)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for family in families:
            root = Path(folder)
            write_tiny(family, root / family)
            checkpoint = Checkpoint(root / family)
            references = list(parts_of(checkpoint))
            results += [check(family, variant, checkpoint, references, root) for variant in VARIANTS]
    print(f"{sum(results)} of {len(results)} are within their limits")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
