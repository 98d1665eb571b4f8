"""Small graphs with random weights and the ports of public networks: several outputs, fixed or free sizes, pixels or logits.

They stand in for weights that cannot be had here: what is proved with them is all that happens around the network.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES = 5


def save(path: Path, nodes: list, ports: tuple[list, list], weights: dict[str, np.ndarray]) -> None:
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, path.stem, *ports, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def segmentation(path: Path, *, size: tuple[int | str, int | str], outputs: int, names: str, logits: bool = False) -> None:
    """Two convolutions and, for each output, one more: no two outputs are alike.

    size: height and width of the input; a name where it is free.
    logits: the outputs end before the sigmoid.
    """
    random = np.random.default_rng(len(path.stem) + 7 * outputs)
    weights = {
        "first": random.normal(0, 0.6, (FEATURES, 3, 3, 3)).astype(np.float32),
        "second": random.normal(0, 0.5, (FEATURES, FEATURES, 3, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["picture", "first"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Tanh", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], pads=[2, 2, 2, 2], dilations=[2, 2]),
        helper.make_node("Tanh", ["c"], ["d"]),
    ]
    mattes = []
    for index in range(outputs):
        name = f"{names}{index}"
        weights[f"head{index}"] = random.normal(0, 0.8, (1, FEATURES, 1, 1)).astype(np.float32)
        nodes.append(helper.make_node("Conv", ["d", f"head{index}"], [name if logits else f"logits{index}"]))
        if not logits:
            nodes.append(helper.make_node("Sigmoid", [f"logits{index}"], [name]))
        mattes.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, *size]))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, *size])
    save(path, nodes, ([picture], mattes), weights)


def windowed(path: Path, scale: int, window: int) -> None:
    """Mixes a pixel with the mean of its window and fails where a side is no multiple of it, as shifted windows do."""
    random = np.random.default_rng(scale)
    weights = {
        "kernel": (random.normal(0, 0.15, (3, 3, 3, 3)) + np.eye(3)[:, :, None, None] / 9).astype(np.float32),
        "wide": np.array([1, 1, window, window], np.float32),
        "factors": np.array([1, 1, scale, scale], np.float32),
        "half": np.array([0.5], np.float32),
    }
    nodes = [
        helper.make_node("AveragePool", ["pixel_values"], ["means"], kernel_shape=[window] * 2, strides=[window] * 2),
        helper.make_node("Resize", ["means", "", "wide"], ["spread"], mode="nearest"),
        helper.make_node("Conv", ["pixel_values", "kernel"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("Mul", ["spread", "half"], ["dimmed"]),
        helper.make_node("Add", ["seen", "dimmed"], ["mixed"]),
        helper.make_node("Resize", ["mixed", "", "factors"], ["reconstruction"], mode="nearest"),
    ]
    picture = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"])
    pixels = helper.make_tensor_value_info("reconstruction", TensorProto.FLOAT, ["n", 3, "H", "W"])
    save(path, nodes, ([picture], [pixels]), weights)


def unshuffling(path: Path, sides: tuple[int | str, int | str] = ("h", "w")) -> None:
    """Enlarges 2x after a pixel-unshuffle by 2, as a 2x RRDBNet begins; fails on odd sides."""
    random = np.random.default_rng(2)
    weights = {"kernel": random.normal(0, 0.16, (48, 12, 3, 3)).astype(np.float32)}
    nodes = [
        helper.make_node("SpaceToDepth", ["input"], ["folded"], blocksize=2),
        helper.make_node("Conv", ["folded", "kernel"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["seen"], ["output"], blocksize=4, mode="CRD"),
    ]
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *sides])
    pixels = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, "H", "W"])
    save(path, nodes, ([picture], [pixels]), weights)
