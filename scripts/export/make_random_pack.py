"""Makes packs with random weights of networks at their published sizes, to test and to time what cannot be downloaded.

    python scripts/export/make_random_pack.py FOLDER [NETWORK...] [--precision fp32|fp16] [--seed 1]

Every pack says in its name, description and source that its weights are random: it makes no picture of use. Printed is a table
of parameters and file sizes beside what the published weights have. Without names all of NETWORKS in single_networks.py.
"""

import argparse
import warnings
from pathlib import Path

import torch
from export_network import write_network_pack
from onnx_graph import bytes_in
from random_weights import randomise
from single_networks import NETWORKS

MEGA = 1e6


def make(name: str, folder: Path, precision: str, seed: int) -> list[str]:
    """Write one pack; gives its row of the table."""
    network = NETWORKS[name]
    module = network.build()
    randomise(module, seed)
    output = folder / f"random-{name}"
    manifest = {
        **{"id": output.name, "version": "1.0.0", "name": f"{name} with random weights"},
        "description": f"Random weights in a network of the size and ports of {name}: for tests and timing alone",
        "licence": {"spdx": "Apache-2.0", "commercialUse": True},
        "source": {"kind": "random", "network": name, "seed": seed},
    }
    given = argparse.Namespace(output=output, precision=precision, quantise=None)
    found = write_network_pack(given, network, module, manifest)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    size = bytes_in(output) / MEGA
    return [name, f"{parameters / MEGA:.2f} M", f"{size:.1f} MB", network.published, network.said_at, f"{found:.0e}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("network", nargs="*", help=", ".join(NETWORKS))
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    unknown = [name for name in given.network if name not in NETWORKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")  # of the tracer, about sizes that are constant on purpose
    print("| network | parameters | graph | published | where | graph to network |\n| --- | --- | --- | --- | --- | --- |")
    for name in given.network or NETWORKS:
        print("|", " | ".join(make(name, given.folder, given.precision, given.seed)), "|", flush=True)


if __name__ == "__main__":
    main()
