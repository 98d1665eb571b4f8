"""What public implementations do around their networks, in plain Python: the families of this project must give the same.

Written from reading the sources named at each; versions are in requirements.txt.
"""

import cv2
import numpy as np
import onnxruntime
import torch
from PIL import Image
from transformers import Swin2SRImageProcessor

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def open_graph(path: object) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path))


def run(session: onnxruntime.InferenceSession, picture: np.ndarray) -> list[np.ndarray]:
    return session.run(None, {session.get_inputs()[0].name: picture})


def normalised(pixels: np.ndarray, mean: object, std: object) -> np.ndarray:
    """[h, w, 3] to float32 [1, 3, h, w]."""
    return ((pixels - np.array(mean)) / np.array(std)).transpose(2, 0, 1)[None].astype(np.float32)


def min_max(matte: np.ndarray) -> np.ndarray:
    return (matte - matte.min()) / (matte.max() - matte.min())


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def rembg(session: object, picture: Image.Image, size: tuple[int, int], mean: object, std: object) -> np.ndarray:
    """danielgatis/rembg, sessions/base.py and u2net.py, silueta.py, dis_general_use.py: the first output."""
    pixels = np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
    return min_max(run(session, normalised(pixels / max(pixels.max(), 1e-6), mean, std))[0][0, 0])


def birefnet(session: object, picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Model card of ZhengPeng7/BiRefNet: torchvision's Resize of a PIL picture is PIL's; the last output."""
    pixels = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
    return sigmoid(run(session, normalised(pixels / 255, *IMAGENET))[-1][0, 0])


def modnet_size(width: int, height: int, reference: int) -> tuple[int, int]:
    """ZHKKKe/MODNet, onnx/inference_onnx.py: width and height that the network sees."""
    if max(width, height) < reference or min(width, height) > reference:
        if width >= height:
            width, height = int(width / height * reference), reference
        else:
            width, height = reference, int(height / width * reference)
    return width - width % 32, height - height % 32


def modnet(session: object, picture: Image.Image, reference: int) -> np.ndarray:
    pixels = (np.asarray(picture) - 127.5) / 127.5
    width, height = modnet_size(*picture.size, reference)
    factors = {"fx": width / picture.width, "fy": height / picture.height}
    pixels = cv2.resize(pixels, None, **factors, interpolation=cv2.INTER_AREA)
    return run(session, normalised(pixels, 0, 1))[0][0, 0]


def rmbg(session: object, picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Model card of briaai/RMBG-1.4, but for the resize to the picture's size, which this project does later."""
    pixels = torch.tensor(np.asarray(picture), dtype=torch.float32).permute(2, 0, 1)[None]
    pixels = torch.nn.functional.interpolate(pixels, size=size[::-1], mode="bilinear")[0].permute(1, 2, 0).numpy()
    return min_max(run(session, normalised(pixels / 255, 0.5, 1))[0][0, 0])


def to_levels(planes: np.ndarray) -> np.ndarray:
    """[3, h, w] 0..1 to uint8 [h, w, 3]."""
    return np.clip(planes.astype(np.float32) * 255, 0, 255).round().astype(np.uint8).transpose(1, 2, 0)


def enlarged(session: object, picture: Image.Image) -> np.ndarray:
    """A plain run over the whole picture, as Real-ESRGAN and RLFN are run without tiles."""
    planes = (np.asarray(picture, np.float32) / 255).transpose(2, 0, 1)[None]
    is_half = session.get_inputs()[0].type == "tensor(float16)"
    return to_levels(run(session, planes.astype(np.float16 if is_half else np.float32))[0][0])


def real_esrgan_2x(session: object, picture: Image.Image) -> np.ndarray:
    """xinntao/Real-ESRGAN, realesrgan/utils.py, pre_process: even sides by reflection, cut off again."""
    pixels = np.asarray(picture)
    pixels = np.pad(pixels, ((0, picture.height % 2), (0, picture.width % 2), (0, 0)), mode="reflect")
    return enlarged(session, Image.fromarray(pixels))[: picture.height * 2, : picture.width * 2]


def swin2sr(session: object, picture: Image.Image, scale: int) -> np.ndarray:
    """Hugging Face transformers' own processor; its model cuts the result."""
    planes = Swin2SRImageProcessor(size_divisor=8)(picture, return_tensors="np")["pixel_values"]
    result = run(session, planes.astype(np.float32))[0][0]
    return to_levels(result)[: picture.height * scale, : picture.width * scale]
