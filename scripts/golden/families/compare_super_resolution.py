"""Compares packs of public super-resolution graphs with a plain Python onnxruntime run of the same files on photographs.

python scripts/golden/families/compare_super_resolution.py WEIGHTS PHOTO... [--side 400]
WEIGHTS is a folder of the graphs below. Each photograph's centre of --side pixels is written as PNG, enlarged by
`garnish run upscale`, and by onnxruntime in one piece, without tiles; printed is the difference in levels of 255.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
# File, family, factor.
GRAPHS = [
    ("realesr-general-x4v3.onnx", "real-esrgan", 4),
    ("realesr-general-x4v3-fp16.onnx", "real-esrgan", 4),
    ("realesr-general-wdn-x4v3.onnx", "real-esrgan", 4),
    ("rlfn-x2.onnx", "rlfn", 2),
    ("rlfn-x4.onnx", "rlfn", 4),
]


def install(root: Path, graph: Path, family: str, scale: int) -> None:
    folder = root / "pack"
    folder.mkdir(parents=True)
    shutil.copy(graph, folder / graph.name)
    manifest = {
        "id": graph.stem,
        "task": "super-resolution",
        "family": family,
        "licence": {"spdx": "BSD-3-Clause", "commercialUse": True},
        "files": [{"role": f"x{scale}", "path": graph.name}],
    }
    (folder / "pack.json").write_text(json.dumps(manifest))


def garnish(photos: Path, packs: Path, out: Path, scale: int) -> None:
    command = ["npx", "tsx", "src/main.ts", "run", "upscale", str(photos), "--out", str(out)]
    options = ["--scale", str(scale), "--format", "png"]
    environment = {**os.environ, "GARNISH_PACKS_DIR": str(packs), "GARNISH_DEVICES": "cpu", "GARNISH_LOG_LEVEL": "error"}
    subprocess.run([*command, *options], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def plain(session: onnxruntime.InferenceSession, photo: Path) -> np.ndarray:
    port = session.get_inputs()[0]
    dtype = np.float16 if port.type == "tensor(float16)" else np.float32
    pixels = np.asarray(Image.open(photo), np.float32) / 255
    (enlarged,) = session.run(None, {port.name: pixels.transpose(2, 0, 1)[None].astype(dtype)})
    return np.clip(enlarged[0].astype(np.float32) * 255, 0, 255).round().transpose(1, 2, 0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--side", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = folder / "photos"
        photos.mkdir()
        for photo in options.photos:
            picture = Image.open(photo).convert("RGB")
            left, top = ((side - options.side) // 2 for side in picture.size)
            box = (max(0, left), max(0, top), min(picture.width, left + options.side), min(picture.height, top + options.side))
            picture.crop(box).save(photos / f"{photo.stem}.png")
        for graph, family, scale in GRAPHS:
            install(folder / graph, options.weights / graph, family, scale)
            garnish(photos, folder / graph, folder / f"{graph}-out", scale)
            session = onnxruntime.InferenceSession(options.weights / graph)
            for photo in sorted(photos.iterdir()):
                ours = np.asarray(Image.open(folder / f"{graph}-out" / photo.name).convert("RGB"), np.float32)
                difference = np.abs(ours - plain(session, photo))
                share = (difference > 1).mean()
                figures = f"largest {difference.max():.0f}  mean {difference.mean():.4f}  above 1: {100 * share:.3f} %"
                print(f"{graph:32} {photo.stem:24} {figures}", flush=True)


if __name__ == "__main__":
    main()
