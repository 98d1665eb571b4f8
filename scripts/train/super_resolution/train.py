"""Trains one factor of the super-resolution pack; resumable.

    python scripts/train/super_resolution/train.py --scale 2 --work DIR
    python scripts/train/super_resolution/train.py --scale 4 --work DIR      (starts from the trunk of factor 2)

Charbonnier loss on RGB, Adam, a cosine schedule, and an exponential moving average of the weights, which is what
is exported. The checkpoint `x<scale>.pt` is rewritten every `--save-every` steps; the same command goes on from it.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from data import batch, load_pairs
from model import CompactResidual

sys.path.append(str(Path(__file__).parents[1]))
from training import learning_rate, save

PATCH = {2: 48, 4: 40}
EMA_DECAY = 0.998
CHARBONNIER_EPSILON = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, choices=(2, 4), required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[4] / "shared")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=250)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / f"x{options.scale}.pt"
    model = CompactResidual(options.scale)
    trunk = options.work / "x2.pt"
    if options.scale == 4 and trunk.exists():
        model.load_trunk(torch.load(trunk)["average"])
    average = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=options.rate, betas=(0.9, 0.99))
    first = 0
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, first = state["average"], state["step"]

    pairs = load_pairs(options.shared, options.scale, options.seed)
    rng = np.random.default_rng(options.seed + first)
    print(f"factor {options.scale}: {len(pairs)} pictures, from step {first}", flush=True)
    losses, started = [], time.perf_counter()
    for step in range(first, options.steps):
        low, high = batch(pairs, options.scale, options.batch, PATCH[options.scale], rng)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options.steps, options.rate)
        difference = model(torch.from_numpy(low).float() / 255) - torch.from_numpy(high).float() / 255
        loss = torch.sqrt(difference.square() + CHARBONNIER_EPSILON**2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - EMA_DECAY)
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            seconds = (time.perf_counter() - started) / len(losses)
            print(f"step {step + 1}/{options.steps} loss {np.mean(losses[-100:]):.5f} {seconds:.3f} s/step", flush=True)
        if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step + 1}
            save(path, state)


if __name__ == "__main__":
    main()
