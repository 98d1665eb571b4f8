"""Writes models/garnish-upscale: both graphs and the manifest.

    python scripts/train/super_resolution/export.py --work DIR

The graphs take float32 [n, 3, h, w] RGB in 0..1 and give uint8 [n, scale*h, scale*w, 3]: clamping, rounding and the
change to interleaved pixels are in the graph, so that the server copies a quarter of the bytes out of the runtime.
"""

import argparse
import resource
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from model import CompactResidual, receptive_radius_px
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[2] / "export"))
from pack_manifest import write_pack

TILE_PX = 256
OVERLAP_GRANULE_PX = 16
ROOT = Path(__file__).parents[3]


class WithPixels(nn.Module):
    """The network, ending in pixels."""

    def __init__(self, network: CompactResidual) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        levels = torch.round(torch.clamp(self.network(picture), 0, 1) * 255)
        return levels.to(torch.uint8).permute(0, 2, 3, 1)


def export(checkpoint: Path, scale: int, path: Path) -> None:
    """Write one graph from the averaged weights of a checkpoint."""
    network = CompactResidual(scale)
    network.load_state_dict(torch.load(checkpoint)["average"])
    torch.onnx.export(
        WithPixels(network).eval(),
        (torch.rand(1, 3, 64, 64),),
        str(path),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "n", 2: "h", 3: "w"}, "output": {0: "n", 1: "sh", 2: "sw"}},
        opset_version=17,
        dynamo=False,
    )


def memory_mib(path: Path) -> int:
    """Peak growth of this process while one tile runs, MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    session.run(None, {"input": np.zeros((1, 3, TILE_PX, TILE_PX), np.float32)})
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoints x2.pt and x4.pt")
    parser.add_argument("--output", type=Path, default=ROOT / "models" / "garnish-upscale")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for scale in (2, 4):
        export(options.work / f"x{scale}.pt", scale, options.output / f"x{scale}.onnx")
    overlap = -(-receptive_radius_px() // OVERLAP_GRANULE_PX) * OVERLAP_GRANULE_PX
    manifest = {
        "id": "garnish-upscale",
        "version": "1.0.0",
        "name": "Garnish Upscale",
        "description": "Compact residual super-resolution for food photographs, 2x and 4x",
        "task": "super-resolution",
        "family": "compact-residual",
        "inputs": {"tilePx": TILE_PX, "overlapPx": overlap},
        "precision": "fp32",
        "licence": {"spdx": "Apache-2.0", "commercialUse": True},
        "source": {"kind": "trained", "command": "python scripts/train/super_resolution/train.py"},
        "memoryMiB": memory_mib(options.output / "x4.onnx"),
    }
    write_pack(options.output, manifest, {"x2": "x2.onnx", "x4": "x4.onnx"})


if __name__ == "__main__":
    main()
