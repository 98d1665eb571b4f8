"""Trains the enhancement pack; resumable.

    python scripts/train/enhancement/train.py --work DIR

The loss is the distance in CIELAB between the mended picture and the good one, and that of the predicted local
contrast. The checkpoint `enhance.pt` is rewritten every `--save-every` steps; the same command goes on from it. With a
GPU at hand, `--device cuda`.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from data import SHARE_EVERYDAY, SHARE_STUDIO, load_everyday, load_photographs, load_studio, spoil, views
from model import SIDE_PX, ColourNetwork, apply_transform, to_linear
from torch import Tensor
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1]))
from training import learning_rate, save

EMA_DECAY = 0.998
STRENGTH_WEIGHT = 6.0  # a strength wrong by 1 counts as much as 6 units of CIELAB
LOSS_PX = 64
# Linear sRGB to XYZ divided by the white of D65 (IEC 61966-2-1).
TO_XYZ = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0178, 0.1095, 0.8727))


def to_lab(srgb: Tensor) -> Tensor:
    """sRGB [n, 3, p], 0..1, to CIELAB of D65."""
    matrix = torch.tensor(TO_XYZ, device=srgb.device)
    xyz = torch.einsum("ij,njp->nip", matrix, to_linear(srgb))
    f = torch.where(xyz > 0.008856, xyz.clamp(min=0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def difference(first: Tensor, second: Tensor) -> Tensor:
    """Mean distance in CIELAB of each picture: [n]."""
    return (to_lab(first) - to_lab(second)).square().sum(1).add(1e-4).sqrt().mean(1)


def pixels(pictures: Tensor) -> Tensor:
    """Every other pixel of each side: [n, 3, p]."""
    stride = pictures.shape[2] // LOSS_PX
    return pictures[:, :, ::stride, ::stride].flatten(2)


@torch.no_grad()
def held_out(network: ColourNetwork, pictures: Tensor) -> tuple[float, float, float]:
    """Mean distance of pictures that were not trained on: spoiled before, after, and good ones after."""
    generator = torch.Generator(pictures.device).manual_seed(99)
    good = functional.interpolate(pictures.float() / 255, size=SIDE_PX, mode="area")
    spoiled, _ = spoil(good, generator)
    before = difference(pixels(spoiled), pixels(good))
    is_spoiled = before > 1
    network.eval()
    *transform, _ = network(spoiled)
    after = difference(apply_transform(pixels(spoiled), *transform), pixels(good))
    *transform, _ = network(good)
    kept = difference(apply_transform(pixels(good), *transform), pixels(good))
    network.train()
    return before[is_spoiled].mean().item(), after[is_spoiled].mean().item(), kept.mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[4] / "shared")
    parser.add_argument("--steps", type=int, default=6500)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=250)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)
    path, device = options.work / "enhance.pt", torch.device(options.device)
    network = ColourNetwork().to(device)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=1e-3)
    first = 0
    if path.exists():
        state = torch.load(path, map_location=device)
        network.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, first = state["average"], state["step"]

    photographs = load_photographs(options.shared, "train").to(device)
    studio = load_studio(options.shared, options.seed).to(device)
    everyday = load_everyday(options.shared).to(device)
    unseen = load_photographs(options.shared, "eval").to(device)
    averaged = ColourNetwork().to(device)
    generator = torch.Generator(device).manual_seed(options.seed + first)
    print(f"{len(photographs)} photographs, {len(studio)} of studios, {len(everyday)} others, from step {first}", flush=True)
    studio_count, everyday_count = round(SHARE_STUDIO * options.batch), round(SHARE_EVERYDAY * options.batch)
    sources = (photographs, options.batch - studio_count - everyday_count), (studio, studio_count), (everyday, everyday_count)
    losses, started = [], time.perf_counter()
    for step in range(first, options.steps):
        chosen = [
            pictures[torch.randint(len(pictures), (count,), generator=generator, device=device)]
            for pictures, count in sources
        ]
        good = views(torch.cat(chosen), generator)
        spoiled, lacking = spoil(good, generator)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options.steps, options.rate)
        *transform, strength = network(spoiled)
        distance = difference(apply_transform(pixels(spoiled), *transform), pixels(good)).mean()
        loss = distance + STRENGTH_WEIGHT * functional.smooth_l1_loss(strength, lacking)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        with torch.no_grad():
            for name, value in network.state_dict().items():
                average[name].lerp_(value, 1 - EMA_DECAY)
        losses.append(distance.item())
        if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
            averaged.load_state_dict(average)
            before, after, kept = held_out(averaged, unseen)
            seconds = (time.perf_counter() - started) / len(losses)
            print(
                f"step {step + 1}/{options.steps} trained {np.mean(losses[-options.save_every:]):.2f}, "
                f"unseen {before:.2f} -> {after:.2f}, good ones move by {kept:.2f}; {seconds:.3f} s/step",
                flush=True,
            )
            state = {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step + 1}
            save(path, state)


if __name__ == "__main__":
    main()
