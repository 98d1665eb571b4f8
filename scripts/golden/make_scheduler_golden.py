"""Writes test/golden/schedulers/<name>.json: one short run of every scheduler by diffusers, which ours must match.

Run with torch, diffusers 0.38.0 and scipy installed: python scripts/golden/make_scheduler_golden.py
The network is replaced by a formula; every random draw is recorded.
"""

import importlib
import json
import math
from pathlib import Path

import diffusers
import torch

OUTPUT = Path(__file__).resolve().parents[2] / "test" / "golden" / "schedulers"
STABLE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
SHAPE = (1, 1, 2, 3)
# name: class, configuration beside STABLE, steps, arguments of set_timesteps, arguments of step
RUNS = {
    "ddim": ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}, 4, {}, {"eta": 0.4}),
    "ddpm": ("DDPMScheduler", {"clip_sample": False, **LEADING}, 4, {}, {}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True, "steps_offset": 1}, 5, {}, {}),
    "lms": ("LMSDiscreteScheduler", LEADING, 5, {}, {}),
    "heun": ("HeunDiscreteScheduler", LEADING, 4, {}, {}),
    "euler": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}, 4, {}, {}),
    "euler-beta": ("EulerDiscreteScheduler", {"use_beta_sigmas": True}, 5, {}, {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "trailing"}, 4, {}, {}),
    "dpm-multistep": ("DPMSolverMultistepScheduler", {"solver_order": 3}, 6, {}, {}),
    "dpm-multistep-sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}, 4, {}, {}),
    "dpm-singlestep": ("DPMSolverSinglestepScheduler", {}, 5, {}, {}),
    "deis": ("DEISMultistepScheduler", {}, 4, {}, {}),
    "unipc": ("UniPCMultistepScheduler", {"solver_order": 3, **LEADING}, 5, {}, {}),
    "lcm": ("LCMScheduler", {"clip_sample": False}, 4, {}, {}),
    "tcd": ("TCDScheduler", {"clip_sample": False, "timestep_spacing": "leading"}, 4, {}, {"eta": 0.3}),
    "flow-match": ("FlowMatchEulerDiscreteScheduler", {"shift": 3.0}, 4, {}, {}),
    "flow-match-dynamic": (
        "FlowMatchEulerDiscreteScheduler",
        {"use_dynamic_shifting": True, "shift_terminal": 0.02},
        3,
        {"sigmas": [1.0, 2 / 3, 1 / 3], "mu": 0.9},
        {},
    ),
}


def network(x: torch.Tensor, t: float) -> torch.Tensor:
    ramp = torch.arange(x.numel(), dtype=torch.float64).remainder(5).sub(2).mul(0.02).reshape(x.shape)
    return (x.double() * 0.3 + 0.0005 * t + ramp).float()


def numbers(x: torch.Tensor) -> list:
    return [float(f"{value:.8g}") for value in x.flatten().tolist()]


def plain(value):
    return "-Infinity" if isinstance(value, float) and math.isinf(value) else value


def record(name: str, run: tuple) -> dict:
    class_name, given, steps, set_args, step_args = run
    is_flow = class_name.startswith("FlowMatch")
    scheduler = getattr(diffusers, class_name)(**({} if is_flow else STABLE), **given)
    scheduler.set_timesteps(None if "sigmas" in set_args else steps, **set_args)
    random = torch.Generator().manual_seed(11)
    noises = []

    def draw(*args, **kwargs):
        noises.append(torch.randn(SHAPE, generator=random))
        return noises[-1]

    module = importlib.import_module(type(scheduler).__module__)
    if hasattr(module, "randn_tensor"):
        module.randn_tensor = draw
    start = torch.randn(SHAPE, generator=random)
    scale = getattr(scheduler, "init_noise_sigma", None)
    sample = start * (1.0 if scale is None else scale)
    out = {
        "id": name,
        "scheduler": class_name,
        "config": {k: plain(v) for k, v in scheduler.config.items() if not k.startswith("_")},
        "num_inference_steps": steps,
        "set_timesteps_args": set_args,
        "step_args": step_args,
        "timesteps": [float(t) for t in scheduler.timesteps],
        "init_noise_sigma": None if scale is None else float(scale),
        "init_noise": numbers(start),
        "initial_sample": numbers(sample),
        "scaled_inputs": [],
        "model_outputs": [],
        "samples": [],
    }
    if hasattr(scheduler, "sigmas"):
        out["sigmas"] = numbers(scheduler.sigmas)
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(sample, t) if hasattr(scheduler, "scale_model_input") else sample
        output = network(scaled, float(t))
        sample = scheduler.step(output, t, sample, return_dict=False, **step_args)[0]
        for key, value in (("scaled_inputs", scaled), ("model_outputs", output), ("samples", sample)):
            out[key].append(numbers(value))
    out["noises"] = [numbers(noise) for noise in noises]
    return out


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name, run in RUNS.items():
        (OUTPUT / f"{name}.json").write_text(json.dumps(record(name, run)) + "\n")


if __name__ == "__main__":
    main()
