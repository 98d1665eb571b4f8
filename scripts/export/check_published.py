"""Exports published weights and compares with the graphs of others that they are in.

    python scripts/export/check_published.py [--shared ../shared]

The weights of Real-ESRGAN's compact networks and of RLFN are taken out of the graphs in shared/weights, written as a checkpoint
with the names that their authors gave, and exported by export_network.py in single and half precision. Printed is how
far the pictures lie apart, in levels of 255, on a photograph of food.
"""

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path

import export_network
import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "realesr-general-x4v3": ("real-esrgan-general", ""),
    "realesr-general-wdn-x4v3": ("real-esrgan-general", ""),
    "rlfn-x2": ("rlfn-x2", "m."),
    "rlfn-x4": ("rlfn-x4", "m."),
}
SIDE_PX = 160
LEVELS = {"fp32": 1, "fp16": 3}


def state_of(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    """Weights by the names of the network; the exporter renamed slopes of PReLU, in the order of the layers."""
    state, slopes = {}, []
    for tensor in onnx.load(str(path)).graph.initializer:
        value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        if "PRelu" in tensor.name:
            slopes.append(value.flatten())
        else:
            state[tensor.name.removeprefix(prefix)] = value
    return state | {f"body.{2 * at + 1}.weight": slope for at, slope in enumerate(slopes)}


def enlarged(path: Path, picture: numpy.ndarray) -> numpy.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {session.get_inputs()[0].name: picture})
    return numpy.clip(result.astype(numpy.float32) * 255, 0, 255).round()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    weights = parser.parse_args().shared / "weights"
    photograph = sorted((weights.parent / "data" / "sr" / "Food").rglob("*.png"))[0]
    pixels = numpy.asarray(Image.open(photograph).convert("RGB").crop((0, 0, SIDE_PX, SIDE_PX)), numpy.float32)
    picture = (pixels / 255).transpose(2, 0, 1)[None]
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        for file, (network, prefix) in FILES.items():
            theirs = enlarged(weights / f"{file}.onnx", picture)
            checkpoint = Path(folder) / f"{file}.pth"
            torch.save({"params": state_of(weights / f"{file}.onnx", prefix)}, checkpoint)
            for precision, limit in LEVELS.items():
                output = Path(folder) / f"{file}-{precision}"
                licence = ["--licence", "Apache-2.0", "--commercial-use", "--precision", precision]
                with contextlib.redirect_stdout(io.StringIO()):
                    export_network.main([network, str(checkpoint), str(output), *licence])
                levels = numpy.abs(theirs - enlarged(next(output.glob("*.onnx")), picture)).max()
                is_good &= bool(levels <= limit)
                print(f"{'ok  ' if levels <= limit else 'BAD '} {file}, {precision}: {levels:.0f} levels at most", flush=True)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
