"""Writes the trained network as the model pack `models/garnish-cutout`: one ONNX file and its manifest.

python scripts/train/cutout/export.py --checkpoint DIR/fine.pt
"""

import argparse
import multiprocessing
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from model import CutoutNet

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "scripts/export"))

from pack_manifest import write_pack  # noqa: E402  (the folder above is no package)

OPSET = 17


class Matte(nn.Module):
    """The part of the network that the server runs: RGB [n, 3, s, s] in 0..1 to the matte [n, 1, s, s] in 0..1."""

    def __init__(self, network: CutoutNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return self.network(picture)[0].sigmoid()


def write_onnx(matte: Matte, size: int, path: Path) -> None:
    """Writes `matte` for pictures of `size` pixels and any batch, and proves it equal to the network on two of them.

    Raises RuntimeError when onnxruntime's matte differs by more than 1e-4 anywhere.
    """
    torch.onnx.export(
        matte,
        (torch.rand(1, 3, size, size),),
        path,
        opset_version=OPSET,
        dynamo=False,  # keeps the folded batch norms and the plain operators that every provider has
        input_names=["input"],
        output_names=["alpha"],
        dynamic_axes={"input": {0: "n"}, "alpha": {0: "n"}},
    )
    onnx.checker.check_model(str(path))
    pictures = torch.rand(2, 3, size, size)
    with torch.no_grad():
        wanted = matte(pictures).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(["alpha"], {"input": pictures.numpy()})
    difference = float(np.abs(found - wanted).max())
    if difference > 1e-4:
        raise RuntimeError(f"onnxruntime's matte differs from the network's by {difference:.2e}")


def _resident_kib(entry: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    match = re.search(rf"^{entry}:\s+(\d+) kB", status, re.MULTILINE)
    if match is None:
        raise RuntimeError(f"/proc/self/status has no {entry}")
    return int(match.group(1))


def _measure(path: str, size: int) -> float:
    before = _resident_kib("VmRSS")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(["alpha"], {"input": np.zeros((1, 3, size, size), np.float32)})
    return (_resident_kib("VmHWM") - before) / 1024


def memory_mib(path: Path, size: int) -> int:
    """Most memory in MiB that a session of its own with one picture adds to a fresh process (Linux)."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return round(pool.apply(_measure, (str(path), size)))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="written by train.py")
    parser.add_argument("--size", type=int, default=256, help="side in pixels, a multiple of 32")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "models/garnish-cutout")
    return parser.parse_args()


def main() -> None:
    """Writes the pack."""
    options = parse_arguments()
    network = CutoutNet()
    network.load_state_dict(torch.load(options.checkpoint)["average"])
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "model.onnx"
        write_onnx(Matte(network).eval(), options.size, draft)
        memory = memory_mib(draft, options.size)
        (options.output / "model.onnx").write_bytes(draft.read_bytes())
    manifest = {
        "id": "garnish-cutout",
        "version": "1.0.0",
        "name": "Garnish Cutout",
        "description": "Cuts out a dish with the plate, bowl, pan, board, jar or glass it is served in.",
        "task": "segmentation",
        "family": "salient-object",
        "inputs": {"sizePx": options.size, "mean": [0, 0, 0], "std": [1, 1, 1]},
        "precision": "fp32",
        "licence": {"spdx": "Apache-2.0", "commercialUse": True},
        "source": {"kind": "trained", "command": "python scripts/train/cutout/train.py"},
        "memoryMiB": memory,
    }
    write_pack(options.output, manifest, {"model": "model.onnx"})
    print((options.output / "pack.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
