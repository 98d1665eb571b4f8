"""Trains the cutout network from random weights, in stages, and goes on from the last checkpoint when started again.

python scripts/train/cutout/train.py --work DIR --stage coarse
python scripts/train/cutout/train.py --work DIR --stage fine
"""

import argparse
import copy
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import BatchPlan, batches, draw_example, to_tensors
from model import CutoutNet
from sources import Plate, Sources, load_sources

REPOSITORY = Path(__file__).resolve().parents[3]
COARSE_WEIGHT = 0.3
WARM_UP_STEPS = 100
REPORT_EVERY = 50
CHECK_EVERY = 300


@dataclass(frozen=True)
class Stage:
    """One part of the training: side in pixels, batch, optimiser steps, learning rates, and the stage it starts from."""

    size: int
    batch: int
    steps: int
    peak_rate: float
    last_rate: float
    after: str | None


STAGES = {
    "coarse": Stage(size=160, batch=16, steps=2400, peak_rate=3e-3, last_rate=5e-4, after=None),
    "fine": Stage(size=256, batch=12, steps=900, peak_rate=1e-3, last_rate=1e-5, after="coarse"),
}


class Average:
    """Moving average of a network's weights and statistics, which is steadier than the network itself."""

    def __init__(self, network: nn.Module, keep: float = 0.997) -> None:
        self.network = copy.deepcopy(network).eval()
        self._keep = keep

    def update(self, network: nn.Module, step: int) -> None:
        """Moves towards `network`; faster in the first steps, when the average knows nothing yet."""
        keep = min(self._keep, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, value in zip(
                self.network.state_dict().values(), network.state_dict().values(), strict=True
            ):
                if mean.dtype.is_floating_point:
                    mean.lerp_(value, 1 - keep)
                else:
                    mean.copy_(value)


def learning_rate(stage: Stage, step: int) -> float:
    """Linear warm-up, then a half cosine from the peak to the last rate."""
    if step < WARM_UP_STEPS:
        return stage.peak_rate * (step + 1) / WARM_UP_STEPS
    share = (step - WARM_UP_STEPS) / max(1, stage.steps - WARM_UP_STEPS)
    return stage.last_rate + (stage.peak_rate - stage.last_rate) * (1 + math.cos(math.pi * share)) / 2


def soft_iou_loss(matte: Tensor, truth: Tensor) -> Tensor:
    """1 - IoU of soft masks [n, 1, s, s] in 0..1, the mean over pictures."""
    shared = (matte * truth).sum(dim=(1, 2, 3))
    union = (matte + truth - matte * truth).sum(dim=(1, 2, 3))
    return (1 - (shared + 1) / (union + 1)).mean()


def loss_of(logits: list[Tensor], truth: Tensor) -> Tensor:
    """Cross-entropy and soft IoU of the matte, with a lighter cross-entropy of the coarse mattes."""
    matte, *coarse = logits
    total = F.binary_cross_entropy_with_logits(matte, truth) + soft_iou_loss(matte.sigmoid(), truth)
    for guess in coarse:
        small = F.adaptive_avg_pool2d(truth, guess.shape[-2:])
        total = total + COARSE_WEIGHT * F.binary_cross_entropy_with_logits(guess, small)
    return total


def mean_iou(network: nn.Module, pictures: Tensor, truth: Tensor) -> float:
    """Mean IoU at 0.5 of the network's mattes against `truth` [n, 1, s, s]."""
    with torch.no_grad():
        found = torch.cat([network(part)[0] for part in pictures.split(8)]) > 0
    wanted = truth > 0.5
    shared = (found & wanted).sum(dim=(1, 2, 3)).float()
    union = (found | wanted).sum(dim=(1, 2, 3)).float().clamp(min=1)
    return (shared / union).mean().item()


@dataclass(frozen=True)
class Validation:
    """Held-out examples: name -> pictures [n, 3, s, s] and mattes [n, 1, s, s]."""

    sets: dict[str, tuple[Tensor, Tensor]]

    def report(self, network: nn.Module) -> str:
        """One line with the mean IoU of every set."""
        return " ".join(f"{name} {mean_iou(network, *pair):.4f}" for name, pair in self.sets.items())


def make_validation(plates: list[Plate], unseen: Sources, size: int) -> Validation:
    """The held-out photographs, and composed scenes with held-out food, at `size` pixels."""
    photographs = [
        (
            cv2.resize(plate.picture, (size, size), interpolation=cv2.INTER_AREA),
            cv2.resize(plate.mask, (size, size), interpolation=cv2.INTER_AREA),
        )
        for plate in plates
    ]
    rng = np.random.default_rng(7)
    sets = {"photograph": to_tensors(photographs)}
    for kind in ("cutout", "vessel"):
        sets[kind] = to_tensors([draw_example(unseen, size, rng, kind) for _ in range(32)])
    return Validation(sets)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints, outside the repository")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared", help="folder with data/")
    parser.add_argument("--stage", choices=sorted(STAGES), required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=3)
    return parser.parse_args()


class Run:
    """One stage's network, its average, its optimiser and how many steps are done; kept in a checkpoint."""

    def __init__(self, checkpoint: Path, start_from: Path | None) -> None:
        self.network = CutoutNet().to(memory_format=torch.channels_last)
        if start_from is not None:
            self.network.load_state_dict(torch.load(start_from)["average"])
        self.average = Average(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), weight_decay=1e-3)
        self.done = 0
        self._checkpoint = checkpoint
        if checkpoint.exists():
            state = torch.load(checkpoint)
            self.network.load_state_dict(state["network"])
            self.average.network.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.done = state["step"]

    def step(self, pictures: Tensor, truth: Tensor, rate: float) -> float:
        """One optimiser step at the learning rate `rate`; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(self.network(pictures.contiguous(memory_format=torch.channels_last)), truth)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.average.update(self.network, self.done)
        self.done += 1
        return loss.item()

    def save(self) -> None:
        """Writes the checkpoint so that an interruption never leaves half a file."""
        part = self._checkpoint.with_suffix(".part")
        state = {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.done,
        }
        torch.save(state, part)
        part.replace(self._checkpoint)


def main() -> None:
    """Runs one stage to its end."""
    options = parse_arguments()
    stage = STAGES[options.stage]
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)

    sources, held_plates, held_cutouts = load_sources(options.shared, stage.size)
    unseen = replace(sources, cutouts=held_cutouts)
    validation = make_validation(held_plates, unseen, stage.size)

    start_from = None if stage.after is None else options.work / f"{stage.after}.pt"
    run = Run(options.work / f"{options.stage}.pt", start_from)
    run.network.train()
    plan = BatchPlan(stage.size, stage.batch, run.done, stage.steps, options.seed + 1000 * stage.size)
    losses: list[float] = []
    began = saved = time.monotonic()
    for pictures, truth in batches(sources, plan):
        losses.append(run.step(pictures, truth, learning_rate(stage, run.done)))
        ended = run.done == stage.steps
        if run.done % REPORT_EVERY == 0:
            pace = (time.monotonic() - began) / len(losses)
            recent = np.mean(losses[-REPORT_EVERY:])
            print(f"step {run.done}/{stage.steps} loss {recent:.4f} {pace:.2f} s/step", flush=True)
        if run.done % CHECK_EVERY == 0 or ended:
            print(f"validation {run.done}: {validation.report(run.average.network)}", flush=True)
        if time.monotonic() - saved > 60 * options.save_minutes or ended:
            run.save()
            saved = time.monotonic()


if __name__ == "__main__":
    main()
