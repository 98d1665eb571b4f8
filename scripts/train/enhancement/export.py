"""Writes models/garnish-enhance: the graph and the manifest.

    python scripts/train/enhancement/export.py --work DIR

The graph takes float32 [1, 3, SIDE_PX, SIDE_PX] RGB in 0..1 and gives the colour table, float32
[LATTICE, LATTICE, LATTICE, 3] with red slowest, and the local contrast to add, float32 [1, 1].
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from model import LATTICE, SIDE_PX, ColourNetwork, apply_transform, lattice
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[2] / "export"))
from pack_manifest import write_pack

ROOT = Path(__file__).parents[3]
OPSET = 17


class WithTable(nn.Module):
    """The network, its transform evaluated on the corners of the table."""

    def __init__(self, network: ColourNetwork) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("corners", lattice()[None])

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        *transform, strength = self.network(picture)
        colours = apply_transform(self.corners, *transform)
        return colours[0].transpose(0, 1).reshape(LATTICE, LATTICE, LATTICE, 3), strength


def export(checkpoint: Path, path: Path) -> None:
    """Write the graph from the averaged weights of a checkpoint, and check it against torch."""
    network = ColourNetwork()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu")["average"])
    module = WithTable(network).eval()
    picture = torch.rand(1, 3, SIDE_PX, SIDE_PX)
    torch.onnx.export(
        module,
        (picture,),
        str(path),
        input_names=["picture"],
        output_names=["table", "local_contrast"],
        opset_version=OPSET,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        for expected, got in zip(module(picture), session.run(None, {"picture": picture.numpy()}), strict=True):
            np.testing.assert_allclose(got, expected.numpy(), atol=1e-4)


def resident_bytes() -> int:
    """Memory of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_mib(path: Path) -> int:
    """Growth of this process when the graph is loaded and has run, MiB."""
    before = resident_bytes()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    session.run(None, {"picture": np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32)})
    return max(1, round((resident_bytes() - before) / 2**20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoint enhance.pt")
    parser.add_argument("--output", type=Path, default=ROOT / "models" / "garnish-enhance")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "model.onnx"
    export(options.work / "enhance.pt", path)
    manifest = {
        "id": "garnish-enhance",
        "version": "1.0.0",
        "name": "Garnish Enhance",
        "description": "Light, white balance and colours of food photographs, as a 3D lookup table for each picture",
        "task": "enhancement",
        "family": "colour-table",
        "inputs": {},
        "precision": "fp32",
        "licence": {"spdx": "Apache-2.0", "commercialUse": True},
        "source": {"kind": "trained", "command": "python scripts/train/enhancement/train.py"},
        "memoryMiB": memory_mib(path),
    }
    write_pack(options.output, manifest, {"model": "model.onnx"})


if __name__ == "__main__":
    main()
