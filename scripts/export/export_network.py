"""Makes a model pack of the checkpoint of a network with one graph.

    python scripts/export/export_network.py NETWORK CHECKPOINT OUTPUT --licence SPDX --commercial-use
        [--precision fp32|fp16] [--quantise matmul-nbits|int8-dynamic]

NETWORK is one of those that `--list` prints. CHECKPOINT is a file of PyTorch or safetensors with the parameter names that the
network's authors gave, or for Swin2SR a folder of transformers. The graph's answers are compared with the network's before the
pack is written. docs/export.md has what was checked. Requirements: requirements.txt.
"""

import argparse
import shutil
import warnings
from pathlib import Path

import onnx
import torch
from onnx_graph import Part, apart, bytes_in, export, save
from pack_manifest import add_manifest_arguments, manifest_of, write_pack
from precision import to_half
from quantise import KINDS, quantise
from single_networks import NETWORKS, Reconstruction, SingleNetwork

# Keys under which training programs keep the weights, the averaged ones first.
HOLDERS = ("params_ema", "params", "state_dict", "model")
PREFIXES = ("module.", "net.", "model.")
# Of the largest value; of quantised graphs the root of the mean squares.
LIMITS = {"fp32": 1e-3, "fp16": 2e-2, "int8-dynamic": 0.1, "matmul-nbits": 0.1}
SHOWN_KEYS = 5


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The weights of a file, by name."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(str(path))
    state = torch.load(path, map_location="cpu", weights_only=True)
    for holder in HOLDERS:
        if isinstance(state.get(holder), dict):
            state = state[holder]
            break
    return state


def without_prefix(state: dict[str, torch.Tensor], known: set[str]) -> dict[str, torch.Tensor]:
    """Names as the network has them, where all of them begin with what a wrapper added."""
    for prefix in PREFIXES:
        if not known & set(state) and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def load_weights(module: torch.nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Raises ValueError naming what is missing, too much, or of another shape."""
    known = module.state_dict()
    state = without_prefix(state, set(known))
    counters = {name for name in known if name.endswith("num_batches_tracked")}
    wrong = [name for name in known if name in state and state[name].shape != known[name].shape]
    problems = {
        "missing": sorted(set(known) - set(state) - counters),
        "unexpected": sorted(set(state) - set(known)),
        "of another shape": wrong,
    }
    texts = [
        f"{len(names)} {what}: {', '.join(names[:SHOWN_KEYS])}{' …' if len(names) > SHOWN_KEYS else ''}"
        for what, names in problems.items()
        if names
    ]
    if texts:
        raise ValueError(f"The checkpoint is not of this network; parameters {'; '.join(texts)}.")
    module.load_state_dict(state, strict=False)


def load_network(network: SingleNetwork, checkpoint: Path) -> torch.nn.Module:
    if checkpoint.is_dir():
        from transformers import Swin2SRForImageSuperResolution

        return Reconstruction(Swin2SRForImageSuperResolution.from_pretrained(checkpoint)).eval()
    module = network.build()
    load_weights(module, read_state(checkpoint))
    return module.eval()


def difference(path: Path, part: Part, is_quantised: bool) -> float:
    """How far the graph lies from the network, for a picture of other sides where they are free."""
    (name, example), random = next(iter(part.inputs.items())), torch.Generator().manual_seed(2)
    sides = [side + 32 for side in example.shape[2:]] if part.axes else example.shape[2:]
    picture = torch.rand(1, 3, *sides, generator=random)
    with torch.no_grad():
        answers = part.module(picture)
    return apart(path, part, {name: picture}, answers if isinstance(answers, tuple) else (answers,), is_quantised)


def write_graph(part: Part, path: Path, precision: str, quantisation: str | None) -> float:
    """Export, convert and compare. Raises ValueError where the graph answers otherwise than the network."""
    export(part, path)
    if precision == "fp16":
        save(to_half(onnx.load(str(path)), keeps_io_types=True), path)
    if quantisation is not None:
        before = path.stat().st_size
        quantise(path, quantisation)
        if path.stat().st_size > 0.9 * before:
            raise ValueError(f"{quantisation} changes products of matrices alone, of which this network has next to none.")
    limit = LIMITS[quantisation or precision]
    found = difference(path, part, quantisation is not None)
    if not found <= limit:
        raise ValueError(f"The graph lies {found:.1e} from the network, more than {limit:.0e}.")
    return found


def write_network_pack(given: argparse.Namespace, network: SingleNetwork, module: torch.nn.Module, manifest: dict) -> float:
    """Write the pack; gives how far its graph lies from the network. Leaves no folder where it fails."""
    name = f"{network.role}.onnx"
    try:
        # The exporter works in a folder of its own, and puts weights beside graphs that are called model.onnx.
        path = given.output / "graph" / "model.onnx"
        found = write_graph(network.part(module), path, given.precision, given.quantise)
        path.rename(given.output / name)
        path.parent.rmdir()
        size = bytes_in(given.output)
        manifest = {
            **manifest,
            **{"task": network.task, "family": network.family, "inputs": network.inputs},
            "precision": "int8" if given.quantise == "int8-dynamic" else given.precision,
            # Weights and as much again for a run; measure it on the machine that serves.
            "memoryMiB": max(1, round(size * 2 / 2**20)),
        }
        write_pack(given.output, manifest, {network.role: name})
    except BaseException:
        shutil.rmtree(given.output, ignore_errors=True)
        raise
    return found


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", type=Path, help="the pack's folder; must not be there")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    parser.add_argument("--quantise", choices=KINDS, help="for networks of matrix products (Swin2SR)")


def check_graph_arguments(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.output.exists():
        parser.error(f"{given.output} is there already")
    if given.precision == "fp16" and given.quantise == "int8-dynamic":
        parser.error("int8-dynamic takes graphs in fp32: leave --precision out")


def main(argv: list[str] | None = None) -> None:
    names = [name for name, network in NETWORKS.items() if network.has_checkpoints]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="version", version="\n".join(names), help="print the networks and end")
    parser.add_argument("network", choices=names)
    parser.add_argument("checkpoint", type=Path)
    add_graph_arguments(parser)
    add_manifest_arguments(parser)
    given = parser.parse_args(argv)
    check_graph_arguments(parser, given)
    warnings.filterwarnings("ignore")  # of the tracer, about sizes that are constant on purpose
    network = NETWORKS[given.network]
    try:
        module = load_network(network, given.checkpoint)
        manifest = manifest_of(given, given.checkpoint, given.network)
        found = write_network_pack(given, network, module, manifest)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    print(f"{given.output}: {bytes_in(given.output) / 2**20:.1f} MiB, the graph lies {found:.1e} from the network")


if __name__ == "__main__":
    main()
