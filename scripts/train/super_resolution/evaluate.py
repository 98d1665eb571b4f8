"""Prints the figures of the super-resolution pack's model card.

    python scripts/train/super_resolution/evaluate.py [--pack models/garnish-upscale]

PSNR in dB on Y of BT.601 (16-235), a border of `scale` pixels cut, output rounded to 8 bits, beside PIL's bicubic and
Lanczos; then input Mpixel/s beside RLFN's in the same run, one thread each. Runs the exported graphs, as the
server does: the picture padded by its edge, one piece, cropped.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime
from data import reduce_bicubic
from PIL import Image

ROOT = Path(__file__).parents[3]
SETS = ("Set5", "Set14", "Food")
LUMA = np.array([65.481, 128.553, 24.966]) / 255
SPEED_SIDE_PX = 256
SPEED_RUNS = 5


def psnr_y(result: np.ndarray, truth: np.ndarray, border: int) -> float:
    """Both uint8 [h, w, 3]."""
    difference = (result.astype(np.float64) - truth.astype(np.float64)) @ LUMA
    inside = difference[border:-border, border:-border]
    return float(10 * np.log10(255**2 / np.mean(inside**2)))


def load_session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def enlarge(session: onnxruntime.InferenceSession, low: np.ndarray, scale: int, overlap: int) -> np.ndarray:
    """uint8 [h, w, 3] -> uint8 [scale*h, scale*w, 3]."""
    padded = np.pad(low, ((overlap, overlap), (overlap, overlap), (0, 0)), mode="edge")
    tensor = padded.transpose(2, 0, 1)[None].astype(np.float32) / 255
    edge = overlap * scale
    return session.run(None, {"input": tensor})[0][0][edge:-edge, edge:-edge]


def cases(folder: Path, scale: int) -> list[tuple[Image.Image, Image.Image]]:
    """(high, low) pictures of a set; the low ones as stored where they are."""
    pairs = []
    for path in sorted((folder / "HR").glob("*.png") if (folder / "HR").exists() else folder.glob("*.png")):
        high = Image.open(path).convert("RGB")
        stored = folder / f"LRx{scale}" / path.name
        if stored.exists():
            low = Image.open(stored).convert("RGB")
            pairs.append((high.crop((0, 0, low.width * scale, low.height * scale)), low))
        else:
            pairs.append(reduce_bicubic(high, scale))
    return pairs


def megapixels_per_second(session: onnxruntime.InferenceSession) -> float:
    tensor = np.random.default_rng(1).random((1, 3, SPEED_SIDE_PX, SPEED_SIDE_PX), np.float32)
    name = session.get_inputs()[0].name
    session.run(None, {name: tensor})
    times = []
    for _ in range(SPEED_RUNS):
        started = time.perf_counter()
        session.run(None, {name: tensor})
        times.append(time.perf_counter() - started)
    return SPEED_SIDE_PX**2 / 1e6 / float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=ROOT / "models" / "garnish-upscale")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = parser.parse_args()
    overlap = json.loads((options.pack / "pack.json").read_text())["inputs"]["overlapPx"]
    print("| set | factor | bicubic | Lanczos | this pack | above Lanczos |\n| --- | --- | --- | --- | --- | --- |")
    for scale in (2, 4):
        session = load_session(options.pack / f"x{scale}.onnx")
        for name in SETS:
            figures = []
            for high, low in cases(options.shared / "data" / "sr" / name, scale):
                truth = np.asarray(high)
                row = [np.asarray(low.resize(high.size, kernel)) for kernel in (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)]
                row.append(enlarge(session, np.asarray(low), scale, overlap))
                figures.append([psnr_y(result, truth, scale) for result in row])
            bicubic, lanczos, own = np.mean(figures, axis=0)
            print(f"| {name} | {scale}x | {bicubic:.2f} | {lanczos:.2f} | {own:.2f} | {own - lanczos:+.2f} |")
    for scale in (2, 4):
        own = megapixels_per_second(load_session(options.pack / f"x{scale}.onnx"))
        other = megapixels_per_second(load_session(options.shared / "weights" / f"rlfn-x{scale}.onnx"))
        print(f"speed {scale}x: {own:.2f} Mpixel/s, RLFN {other:.2f}, ratio {own / other:.1f}")


if __name__ == "__main__":
    main()
