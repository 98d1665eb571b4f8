"""Random weights, export to ONNX with the names that optimum gives, and a graph in place of a module."""

import math
from pathlib import Path

import onnx
import onnxruntime
import torch

OPSET = 17


def randomise(module: torch.nn.Module, seed: int, gain: float = 1.0) -> None:
    """Weights of every part as if none started at zero, so that each of them moves the result."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        draw = torch.randn(parameter.shape, generator=random)
        if parameter.dim() > 1:
            parameter.data = draw * gain / math.sqrt(parameter[0].numel())
        else:
            parameter.data = draw * 0.1 + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    module.eval()


def shrink(graph: onnx.GraphProto, kept: set[str]) -> None:
    """Leave out what only helps a reader: names of nodes and documentation; shorten all other names."""
    short: dict[str, str] = {}

    def rename(name: str) -> str:
        if name == "" or name in kept:
            return name
        return short.setdefault(name, f"_{len(short):x}")

    del graph.value_info[:]
    for tensor in graph.initializer:
        tensor.name = rename(tensor.name)
        tensor.doc_string = ""
    for node in graph.node:
        node.name = ""
        node.doc_string = ""
        del node.metadata_props[:]
        node.input[:] = [rename(name) for name in node.input]
        node.output[:] = [rename(name) for name in node.output]
        if any(attribute.HasField("g") for attribute in node.attribute):
            raise ValueError("A graph within the graph would keep the old names")


def export(module: torch.nn.Module, inputs: dict, outputs: list[str], axes: dict, path: Path) -> None:
    """Write a module as a graph; sizes named in `axes` stay free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    simplify(path)
    model = onnx.load(str(path))
    shrink(model.graph, {*inputs, *outputs})
    restore_free_sizes(model.graph, axes)
    model.producer_name, model.producer_version = "garnish golden", ""
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def simplify(path: Path) -> None:
    """Fold constants, by onnxruntime's basic level, which keeps to standard operators."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def restore_free_sizes(graph: onnx.GraphProto, axes: dict) -> None:
    for value in [*graph.input, *graph.output]:
        for axis, name in axes.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[axis].dim_param = name


class Graph:
    """A graph that answers as the module did."""

    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        feeds = {name: tensor.detach().numpy() for name, tensor in inputs.items()}
        return dict(zip(self.outputs, map(torch.from_numpy, self.session.run(None, feeds))))


def graphs_of(model: Path) -> dict[str, Graph]:
    """Every graph of a folder, by its component."""
    return {path.parent.name: Graph(path) for path in sorted(model.glob("*/model.onnx"))}
