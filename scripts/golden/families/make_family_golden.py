"""Writes test/golden/families: what public implementations give, for the tests of the families of packs.

python scripts/golden/families/make_family_golden.py [WEIGHTS]
Segmentation runs on graphs with random weights (graphs.py). WEIGHTS is a folder of the public super-resolution graphs named
below; without it their pictures stay as they are. The photograph is the sample picture of this project.
"""

import base64
import json
import sys
from pathlib import Path

import graphs
import numpy as np
import references
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
OUTPUT = ROOT / "test" / "golden" / "families"
MEAN, STD = references.IMAGENET
HALF = (0.5, 0.5, 0.5)
ONE = (1.0, 1.0, 1.0)
# About as many values of a matte are kept along each side.
KEPT = 40
CROP_PX = 40
PUBLIC = ["realesr-general-x4v3", "realesr-general-x4v3-fp16", "realesr-general-wdn-x4v3", "rlfn-x2", "rlfn-x4"]


def draw_pictures() -> dict[str, Image.Image]:
    """A photograph whose brightest value is not white, and a smaller one with odd sides."""
    sample = Image.open(ROOT / "src" / "cli" / "sample-dish.jpg").convert("RGB").crop((60, 200, 964, 878))
    dish = sample.resize((160, 120), Image.Resampling.LANCZOS).point(lambda level: level * 0.85)
    pictures = {"dish": dish, "small": dish.crop((40, 30, 101, 75))}
    for name, picture in pictures.items():
        picture.save(OUTPUT / f"{name}.png", optimize=True)
    return pictures


def make_graphs() -> None:
    free = ("h", "w")
    graphs.segmentation(OUTPUT / "seven.onnx", size=free, outputs=7, names="d")
    graphs.segmentation(OUTPUT / "seven-64.onnx", size=(64, 64), outputs=7, names="19")
    graphs.segmentation(OUTPUT / "logits.onnx", size=free, outputs=3, names="preds", logits=True)
    graphs.segmentation(OUTPUT / "logits-96x64.onnx", size=(96, 64), outputs=1, names="output_image", logits=True)
    graphs.segmentation(OUTPUT / "alphas.onnx", size=free, outputs=1, names="alphas")
    graphs.windowed(OUTPUT / "windowed-x2.onnx", 2, 8)
    graphs.windowed(OUTPUT / "windowed-x4.onnx", 4, 8)
    graphs.unshuffling(OUTPUT / "unshuffling-x2.onnx")
    graphs.unshuffling(OUTPUT / "unshuffling-64-x2.onnx", (64, 64))


def mattes(dish: Image.Image) -> list[dict[str, object]]:
    opened = {path.stem: references.open_graph(path) for path in OUTPUT.glob("*.onnx")}
    seven, logits, alphas = (opened[name] for name in ("seven", "logits", "alphas"))
    large = (1024, 1024)
    cases = [
        ("u2net", "seven", {}, references.rembg(seven, dish, (320, 320), MEAN, STD)),
        ("u2net", "seven-64", {}, references.rembg(opened["seven-64"], dish, (64, 64), MEAN, STD)),
        ("isnet", "seven", {}, references.rembg(seven, dish, large, MEAN, ONE)),
        ("isnet", "seven", {"sizePx": 256, "mean": HALF, "std": HALF}, references.rembg(seven, dish, (256, 256), HALF, HALF)),
        ("birefnet", "logits", {}, references.birefnet(logits, dish, large)),
        ("birefnet", "logits-96x64", {}, references.birefnet(opened["logits-96x64"], dish, (64, 96))),
        ("birefnet", "logits", {"sizePx": 64, "minMax": True}, references.min_max(references.birefnet(logits, dish, (64, 64)))),
        ("modnet", "alphas", {}, references.modnet(alphas, dish, 512)),
        ("modnet", "alphas", {"sizePx": 64}, references.modnet(alphas, dish, 64)),
        ("rmbg", "alphas", {}, references.rmbg(alphas, dish, large)),
        ("rmbg", "alphas", {"sizePx": 64}, references.rmbg(alphas, dish, (64, 64))),
    ]
    # RMBG-2.0 is a BiRefNet whose graph ends behind the sigmoid.
    pixels = np.asarray(dish.resize((64, 64), Image.Resampling.BILINEAR)) / 255
    behind = references.run(alphas, references.normalised(pixels, MEAN, STD))[-1][0, 0]
    cases.append(("birefnet", "alphas", {"sizePx": 64, "activation": "none"}, behind))
    return [matte_case(*case) for case in cases]


def matte_case(family: str, graph: str, inputs: dict[str, object], matte: np.ndarray) -> dict[str, object]:
    step = max(1, max(matte.shape) // KEPT)
    levels = np.round(matte[::step, ::step] * 255).astype(np.uint8)
    return {
        "family": family,
        "graph": graph,
        "inputs": inputs,
        "size": list(matte.shape),
        "step": step,
        "levels": base64.b64encode(levels.tobytes()).decode(),
    }


def modnet_sizes() -> list[list[int]]:
    sides = [(160, 120), (512, 512), (513, 513), (832, 624), (624, 832), (400, 1000), (1600, 1067), (511, 511), (300, 512)]
    return [[width, height, *references.modnet_size(width, height, 512)] for width, height in sides]


def crops(enlarged: np.ndarray) -> Image.Image:
    """The first corner, where tiles of 96 meet, and the last corner, side by side."""
    height, width = enlarged.shape[:2]
    middle = 64 * width // 160 - CROP_PX // 2
    places = [(0, 0), (middle, middle), (width - CROP_PX, height - CROP_PX)]
    return Image.fromarray(np.hstack([enlarged[y : y + CROP_PX, x : x + CROP_PX] for x, y in places]))


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    pictures = draw_pictures()
    make_graphs()
    golden = {"mattes": mattes(pictures["dish"]), "modnetSizes": modnet_sizes()}
    (OUTPUT / "segmentation.json").write_text(json.dumps(golden) + "\n")
    small = pictures["small"]
    opened = {name: references.open_graph(OUTPUT / f"{name}.onnx") for name in ("windowed-x2", "windowed-x4", "unshuffling-x2")}
    for scale in (2, 4):
        result = references.swin2sr(opened[f"windowed-x{scale}"], small, scale)
        Image.fromarray(result).save(OUTPUT / f"windowed-x{scale}.png", optimize=True)
    result = references.real_esrgan_2x(opened["unshuffling-x2"], small)
    Image.fromarray(result).save(OUTPUT / "unshuffling-x2.png", optimize=True)
    for name in PUBLIC if len(sys.argv) > 1 else []:
        session = references.open_graph(Path(sys.argv[1]) / f"{name}.onnx")
        crops(references.enlarged(session, pictures["dish"])).save(OUTPUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
