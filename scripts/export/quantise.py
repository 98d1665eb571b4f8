"""Weights of matrix products in few bits, by onnxruntime's tools."""

import logging
from pathlib import Path

import onnx
from onnx_graph import LARGEST_FILE, bytes_in, save
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

BLOCK = 32
# A line for every node that is no matrix product, else.
logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
KINDS = ("matmul-nbits", "int8-dynamic")


def to_four_bits(path: Path) -> None:
    """Weights in four bits, in blocks of 32 with a scale and a zero point each (MatMulNBits)."""
    quantizer = MatMulNBitsQuantizer(onnx.load(str(path)), block_size=BLOCK, is_symmetric=False)
    quantizer.process()
    save(quantizer.model.model, path)


def to_eight_bits(path: Path) -> None:
    """Weights in eight bits, what they are multiplied with quantised as it comes.

    Seven bits of the range: with eight, older processors saturate and answer otherwise.
    """
    target = path.with_name("quantised.onnx")
    quantize_dynamic(
        str(path),
        str(target),
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        use_external_data_format=bytes_in(path.parent) > LARGEST_FILE,
    )
    model = onnx.load(str(target))
    for leftover in path.parent.glob("quantised.onnx*"):
        leftover.unlink()
    save(model, path)


def quantise(path: Path, kind: str) -> None:
    """Quantise a graph in its place."""
    {"matmul-nbits": to_four_bits, "int8-dynamic": to_eight_bits}[kind](path)
