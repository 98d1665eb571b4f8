"""The plain loop that scripts/bench/beside-python.ts compares the server with: PIL, numpy and onnxruntime, nothing else.

    python scripts/bench/python_loop.py OPERATION GRAPH PICTURE COUNT THREADS

upscale: the whole picture in one piece, JPEG out. remove-background: the picture stretched to the network's square, the
matte stretched back, PNG out. Each picture is decoded and encoded anew. Prints pictures a second.
"""

import io
import sys
import time

import numpy as np
import onnxruntime
from PIL import Image

JPEG_QUALITY = 92
PNG_LEVEL = 4


def upscale(session: onnxruntime.InferenceSession, picture: Image.Image) -> Image.Image:
    tensor = np.asarray(picture).transpose(2, 0, 1)[None].astype(np.float32) / 255
    enlarged = session.run(None, {session.get_inputs()[0].name: tensor})[0]
    if enlarged.dtype == np.uint8:  # the repository's own graphs end in interleaved pixels
        return Image.fromarray(enlarged[0])
    levels = np.round(np.clip(enlarged[0], 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(levels.transpose(1, 2, 0))


def remove_background(session: onnxruntime.InferenceSession, picture: Image.Image) -> Image.Image:
    port = session.get_inputs()[0]
    side = port.shape[-1] if isinstance(port.shape[-1], int) else 256
    small = np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC))
    tensor = small.transpose(2, 0, 1)[None].astype(np.float32) / 255
    matte = session.run(None, {port.name: tensor})[0][0, 0]
    alpha = Image.fromarray(np.round(matte * 255).astype(np.uint8)).resize(picture.size, Image.Resampling.BILINEAR)
    picture.putalpha(alpha)
    return picture


def main() -> None:
    operation, graph, path, count, threads = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def once() -> None:
        picture = Image.open(path).convert("RGB")
        buffer = io.BytesIO()
        if operation == "upscale":
            upscale(session, picture).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        else:
            remove_background(session, picture).save(buffer, "PNG", compress_level=PNG_LEVEL)

    once()
    started = time.perf_counter()
    for _ in range(int(count)):
        once()
    print(int(count) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
