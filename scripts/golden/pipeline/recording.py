"""Runs a diffusers pipeline and writes down what goes through it, in the format of the shared fixtures' cases."""

import importlib
import json
import math
from contextlib import contextmanager
from pathlib import Path

import diffusers
import exporter  # noqa: F401
import numpy
import torch
import transformers
from patching import patched
from PIL import Image

LABELS = {"pipeline": "pipeline noise", "vae": "vae posterior sample", "scheduler": "scheduler step"}


class Recording:
    """What one run drew, fed and got."""

    def __init__(self):
        self.tensors: dict[str, torch.Tensor] = {}
        self.noise: list[str] = []
        self.text_calls: list[dict] = []
        self.timesteps: list[list[float]] = []
        self.latents: list[torch.Tensor] = []

    def keep(self, name: str, tensor: torch.Tensor) -> None:
        self.tensors[name] = tensor.detach().clone()

    def drew(self, source: str, tensor: torch.Tensor, is_start: bool) -> None:
        if source == "pipeline" and is_start:
            self.keep("initial_noise", tensor)
        else:
            self.keep(f"noise{len(self.noise)}", tensor)
            self.noise.append(LABELS[source])

    def encoded(self, name: str, ids: torch.Tensor, mask: torch.Tensor | None) -> None:
        call = {"encoder": name, "input_ids": ids.tolist(), "attention_mask": None}
        self.text_calls.append(call if mask is None else {**call, "attention_mask": mask.tolist()})

    def denoised(self, sample: torch.Tensor, timestep, constants: dict, output: torch.Tensor) -> None:
        step = len(self.timesteps)
        if step == 0:
            for name, tensor in constants.items():
                self.keep(f"denoiser.{name}", tensor)
            self.keep("step0.call0.model_input", sample)
        self.keep(f"step{step}.call0.model_output", output)
        self.timesteps.append([float(torch.as_tensor(timestep).flatten()[0])])

    def stepped(self, pipeline, step: int, timestep, values: dict) -> dict:
        self.keep(f"step{step}.latents", values["latents"])
        return {}


@contextmanager
def noise_recorded(recording: Recording, pipeline, is_start: bool):
    """Every draw of the pipeline, its autoencoder and its scheduler goes into the recording."""
    places = {
        "pipeline": type(pipeline).__module__,
        "vae": "diffusers.models.autoencoders.vae",
        "scheduler": type(pipeline.scheduler).__module__,
    }
    draws = []
    for source, place in places.items():
        module = importlib.import_module(place)
        draw = getattr(module, "randn_tensor", None)
        if draw is None:
            continue

        def drawn(*args, _source=source, _draw=draw, **kwargs):
            tensor = _draw(*args, **kwargs)
            recording.drew(_source, tensor, is_start)
            return tensor

        draws.append((module, "randn_tensor", drawn))
    with patched(*draws):
        yield


def plain(value):
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def scheduler_spec(scheduler) -> dict:
    config = {name: plain(value) for name, value in scheduler.config.items() if not name.startswith("_")}
    return {"class_name": type(scheduler).__name__, "config": config}


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.double() - b.double()).abs().max())


def differences(reference: Recording, graphs: Recording) -> dict:
    """How far the run of the graphs lies from that of the modules."""
    steps = [name for name in reference.tensors if name.endswith(".latents")]
    apart = {name: difference(reference.tensors[name], graphs.tensors[name]) for name in reference.tensors}
    return {
        "max_abs_latents": max(apart[name] for name in steps),
        "max_abs_latents_final": apart[steps[-1]],
        "max_abs_decoded": apart["decoded"],
        "text_max_abs": apart["denoiser.encoder_hidden_states"],
    }


def to_pictures(decoded: torch.Tensor) -> list[Image.Image]:
    levels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in levels]


def write_case(folder: Path, spec: dict, recording: Recording, source: Image.Image | None) -> None:
    """Write case.json, tensors.bin and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    index, parts, offset = {}, [], 0
    for name, tensor in recording.tensors.items():
        kind = "float32" if tensor.is_floating_point() else "int64"
        data = tensor.contiguous().numpy().astype("<f4" if kind == "float32" else "<i8").tobytes()
        index[name] = {"dtype": kind, "shape": list(tensor.shape), "offset": offset, "bytes": len(data)}
        parts.append(data)
        offset += len(data)
    (folder / "tensors.bin").write_bytes(b"".join(parts))
    pictures = to_pictures(recording.tensors["decoded"])
    for at, picture in enumerate(pictures):
        picture.save(folder / ("image.png" if at == 0 else f"image{at}.png"))
    if source is not None:
        source.save(folder / "init.png")
    versions = {"diffusers": diffusers.__version__, "transformers": transformers.__version__}
    text = json.dumps(
        {
            **spec,
            "text_encoder_calls": recording.text_calls,
            "denoiser_calls_per_step": 1,
            "denoiser_timesteps": recording.timesteps,
            "noise": recording.noise,
            "images": len(pictures),
            "tensors": index,
            "reference": {**versions, "torch": torch.__version__, "dtype": "float32", "device": "cpu"},
        },
        ensure_ascii=False,
    )
    (folder / "case.json").write_text(text + "\n", "utf8")


def schedule_spec(scheduler) -> dict:
    spec: dict = {"timesteps": [float(t) for t in scheduler.timesteps]}
    if getattr(scheduler, "sigmas", None) is not None:
        spec["sigmas"] = [float(sigma) for sigma in numpy.asarray(scheduler.sigmas)]
    sigma = getattr(scheduler, "init_noise_sigma", None)
    return spec if sigma is None else {**spec, "init_noise_sigma": float(sigma)}
