"""Scores the network of a cutout pack with onnxruntime, without the server's refinement, on the folders of `data/masks`.

python scripts/train/cutout/evaluate.py [--pack models/garnish-cutout] [--sheet sheet.png] [folder ...]

IoU is taken at 0.5 and MAE over the soft matte, both at the mask's own size; a folder's figure is the mean over its
pictures.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image, ImageOps

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDERS = ("plates", "composite", "white", "kuih", "other")
SHEET_SIDE = 200


@dataclass(frozen=True)
class Pack:
    """A loaded pack: the session, the side of its input in pixels, and the normalisation [3] of RGB in 0..1."""

    session: onnxruntime.InferenceSession
    size: int
    mean: NDArray[np.float32]
    std: NDArray[np.float32]


def open_pack(folder: Path, threads: int) -> Pack:
    """Loads `folder/pack.json` and its model for the CPU."""
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    model = next(entry["path"] for entry in manifest["files"] if entry["role"] == "model")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(folder / model), sess_options=settings, providers=["CPUExecutionProvider"]
    )
    inputs = manifest["inputs"]
    return Pack(
        session,
        inputs["sizePx"],
        np.array(inputs["mean"], np.float32),
        np.array(inputs["std"], np.float32),
    )


def cut_out(pack: Pack, picture: Image.Image) -> tuple[NDArray[np.float32], float]:
    """The matte [height, width] in 0..1 of an upright RGB picture, and the seconds that the network took."""
    small = picture.resize((pack.size, pack.size), Image.Resampling.BICUBIC)
    scaled = (np.asarray(small, np.float32) / 255 - pack.mean) / pack.std
    began = time.perf_counter()
    (alpha,) = pack.session.run(["alpha"], {"input": scaled.transpose(2, 0, 1)[None].copy()})
    seconds = time.perf_counter() - began
    matte = Image.fromarray(alpha[0, 0]).resize(picture.size, Image.Resampling.BILINEAR)
    return np.asarray(matte), seconds


def scores(matte: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """IoU at 0.5 and mean absolute error of two mattes [h, w] in 0..1."""
    found, wanted = matte >= 0.5, truth >= 0.5
    union = float((found | wanted).sum())
    iou = float((found & wanted).sum()) / union if union else 1.0
    return iou, float(np.abs(matte - truth).mean())


def examples(masks: Path, folder: str) -> list[tuple[str, Path, Path]]:
    """Name, picture and mask of every pair of `folder`; of `plates` only those with `split: eval`."""
    index = masks / "plates/index.jsonl" if folder == "plates" else masks / "index.jsonl"
    rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line]
    return [
        (Path(row["image"]).stem, masks / row["image"], masks / row["mask"])
        for row in rows
        if row["mask"].startswith(f"{folder}/") and row.get("split", "eval") == "eval"
    ]


def sheet_cell(picture: Image.Image, matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture, and beside it the cutout over magenta: uint8 [side, 2 * side, 3]."""
    side = (SHEET_SIDE, SHEET_SIDE)
    small = np.asarray(picture.resize(side), np.float32)
    alpha = np.asarray(Image.fromarray(matte).resize(side))[..., None]
    cut = small * alpha + np.array([255, 0, 255], np.float32) * (1 - alpha)
    return np.concatenate([small, cut], axis=1).astype(np.uint8)


def write_sheet(cells: list[NDArray[np.uint8]], path: Path, columns: int = 6) -> None:
    """Writes the cells as one picture, row by row."""
    missing = -len(cells) % columns
    padded = cells + [np.zeros_like(cells[0])] * missing
    rows = [np.concatenate(padded[start : start + columns], 1) for start in range(0, len(padded), columns)]
    Image.fromarray(np.concatenate(rows)).save(path)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=list(FOLDERS), help=f"of {', '.join(FOLDERS)}")
    parser.add_argument("--pack", type=Path, default=REPOSITORY / "models/garnish-cutout")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared", help="folder with data/")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet here")
    parser.add_argument("--each", action="store_true", help="print every picture's figures too")
    return parser.parse_args()


def main() -> None:
    """Prints one line a folder."""
    options = parse_arguments()
    pack = open_pack(options.pack, options.threads)
    cells: list[NDArray[np.uint8]] = []
    times: list[float] = []
    for folder in options.folders:
        results = []
        for name, image, mask in examples(options.shared / "data/masks", folder):
            picture = ImageOps.exif_transpose(Image.open(image)).convert("RGB")
            truth = np.asarray(Image.open(mask).convert("L"), np.float32) / 255
            matte, seconds = cut_out(pack, picture)
            results.append(scores(matte, truth))
            times.append(seconds)
            cells.append(sheet_cell(picture, matte))
            if options.each:
                print(f"  {folder}/{name}: IoU {results[-1][0]:.3f} MAE {results[-1][1]:.3f}")
        iou, error = np.mean(results, axis=0)
        print(f"{folder}: {len(results)} pictures, mean IoU {iou:.3f}, MAE {error:.3f}")
    print(f"network alone, {options.threads} thread(s): median {1000 * np.median(times):.0f} ms")
    if options.sheet is not None:
        write_sheet(cells, options.sheet)


if __name__ == "__main__":
    main()
