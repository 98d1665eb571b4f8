"""Writes test/golden/resize.json: planes resized by PIL, which src/imaging/resize.ts must match.

Run with Pillow and numpy installed: python scripts/golden/make_resize_golden.py
Mode F keeps 32-bit floats, so overshoot of bicubic and Lanczos stays.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Shrinking, enlarging, one side each way, to one pixel, from one pixel, and no change.
SIZES = [((7, 5), (3, 2)), ((5, 7), (11, 13)), ((9, 4), (4, 9)), ((6, 6), (1, 1)), ((1, 1), (3, 2)), ((8, 3), (8, 3))]
OUTPUT = Path(__file__).resolve().parents[2] / "test" / "golden" / "resize.json"


def main() -> None:
    random = np.random.default_rng(7)
    cases = []
    for (width, height), to in SIZES:
        source = random.integers(0, 256, (height, width)).astype(np.float32)
        for name, resampling in FILTERS.items():
            resized = np.asarray(Image.fromarray(source).resize(to, resampling))
            cases.append(
                {
                    "filter": name,
                    "from": [width, height],
                    "to": list(to),
                    "source": [int(value) for value in source.ravel()],
                    "expected": [round(float(value), 4) for value in resized.ravel()],
                }
            )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
