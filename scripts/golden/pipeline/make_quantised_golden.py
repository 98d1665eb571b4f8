"""Writes test/golden/quantised: a small transformer block, quantised in two ways by onnxruntime's Python tools.

    python scripts/golden/pipeline/make_quantised_golden.py

`matmul-4bit.onnx` has its weights in four bits, in blocks of 32 (MatMulNBits), as public exports of diffusion models
have; `dynamic-int8.onnx` in eight, its activations quantised as they come. golden.json has the input and what
onnxruntime in Python answers. Requirements: requirements.txt.
"""

import json
import shutil
from pathlib import Path

import exporter  # noqa: F401
import numpy
import onnxruntime
import torch
from graphs import export_small
from onnx_graph import Part
from quantise import quantise
from random_weights import randomise

OUTPUT = Path(__file__).resolve().parents[3] / "test" / "golden" / "quantised"
WIDTH, HEADS, TOKENS = 64, 4, 6


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
        weights = torch.softmax(query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5, dim=-1)
        hidden_states = hidden_states + self.out((weights @ value).transpose(1, 2).flatten(2))
        x = torch.nn.functional.gelu(self.wide(self.second_norm(hidden_states)), approximate="tanh")
        return hidden_states + self.narrow(x)


def quantise_copies(plain: Path) -> None:
    for name, kind in (("matmul-4bit", "matmul-nbits"), ("dynamic-int8", "int8-dynamic")):
        copy = OUTPUT / name / "model.onnx"
        copy.parent.mkdir()
        shutil.copy(plain, copy)
        quantise(copy, kind)
        copy.rename(OUTPUT / f"{name}.onnx")
        copy.parent.rmdir()


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
    export_small(Part(block, inputs, ["out_hidden_states"], axes), plain)
    quantise_copies(plain)
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
