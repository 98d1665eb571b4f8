"""Writes test/golden/converted: a small transformer block in every form that scripts/export gives a network.

    python scripts/golden/pipeline/make_converted_golden.py

`matmul-4bit.onnx` has its weights in four bits, in blocks of 32 (MatMulNBits), as public exports of diffusion models
have; `dynamic-int8.onnx` in eight, its activations quantised as they come; `half.onnx` is in half precision behind inputs and
outputs in single; `fused.onnx` has its attention in one operator; `fused-half-4bit.onnx` is all of it. golden.json has the input
and what onnxruntime in Python answers. Requirements: requirements.txt.
"""

import json
from pathlib import Path

import exporter  # noqa: F401
import numpy
import onnx
import onnxruntime
import torch
from graphs import shrink_file
from onnx_graph import Part, export, save
from precision import to_half
from quantise import quantise
from random_weights import randomise

OUTPUT = Path(__file__).resolve().parents[3] / "test" / "golden" / "converted"
WIDTH, HEADS, TOKENS = 32, 4, 6


class Block(torch.nn.Module):
    """Attention and a feed-forward part, each behind a norm."""

    def __init__(self):
        super().__init__()
        self.first_norm, self.second_norm = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.out = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.wide, self.narrow = torch.nn.Linear(WIDTH, WIDTH * 2), torch.nn.Linear(WIDTH * 2, WIDTH)

    def forward(self, hidden_states):
        x = self.first_norm(hidden_states)
        query, key, value = (
            part(x).unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        seen = torch.nn.functional.scaled_dot_product_attention(query, key, value)
        hidden_states = hidden_states + self.out(seen.transpose(1, 2).flatten(2))
        x = torch.nn.functional.gelu(self.wide(self.second_norm(hidden_states)), approximate="tanh")
        return hidden_states + self.narrow(x)


def write_forms(part: Part) -> None:
    """Export the block plainly and with its attention fused, and convert both."""
    for name, is_fused, is_half, kind in (
        ("plain", False, False, None),
        ("matmul-4bit", False, False, "matmul-nbits"),
        ("dynamic-int8", False, False, "int8-dynamic"),
        ("half", False, True, None),
        ("fused", True, False, None),
        ("fused-half-4bit", True, True, "matmul-nbits"),
    ):
        path = OUTPUT / name / "model.onnx"
        export(part, path, fuses_attention=is_fused)
        if is_half:
            save(to_half(onnx.load(str(path)), keeps_io_types=True), path)
        if kind is not None:
            quantise(path, kind)
        shrink_file(path)
        path.rename(OUTPUT / f"{name}.onnx")
        path.parent.rmdir()


def answer(path: Path, hidden_states: numpy.ndarray) -> numpy.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"hidden_states": hidden_states})[0]


def numbers(values: numpy.ndarray) -> list[float]:
    return [float(f"{value:.8g}") for value in values.flatten().tolist()]


def main() -> None:
    block, plain = Block(), OUTPUT / "plain.onnx"
    randomise(block, 17)
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in ("hidden_states", "out_hidden_states")}
    inputs = {"hidden_states": torch.randn(1, TOKENS, WIDTH)}
    write_forms(Part(block, inputs, ["out_hidden_states"], axes))
    hidden_states = torch.randn(1, TOKENS, WIDTH, generator=torch.Generator().manual_seed(18)).numpy()
    outputs = {path.stem: answer(path, hidden_states) for path in sorted(OUTPUT.glob("*.onnx"))}
    plain.unlink()
    for name, output in outputs.items():
        print(name, "from plain", numpy.abs(output - outputs["plain"]).max(), "of", numpy.abs(output).max())
    golden = {
        "onnxruntime": onnxruntime.__version__,
        "shape": list(hidden_states.shape),
        "hidden_states": numbers(hidden_states),
        "outputs": {name: numbers(output) for name, output in outputs.items()},
    }
    (OUTPUT / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
